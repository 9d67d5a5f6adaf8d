// Evaluate: what another policy would have earned, from what was shown.
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { Interval } from "./shapes.js";
import { Log, begin, load, work } from "./work.js";
import { Table, number, percent } from "./parts.js";

export const evaluateTopics = () => ["health", "work"];

export function Evaluate() {
  const at = work();
  useEffect(load, []);
  const give = (event) => {
    event.preventDefault();
    begin({ what: "ope", policy: new FormData(event.target).get("policy").trim() });
  };
  return html`<h1>Evaluate</h1>
    <${Log} at=${at} />
    <form class="row" onSubmit=${give}>
      <label>What would <input name="policy" list="policies" defaultValue="linucb:alpha=0.3" required /> have earned?</label>
      <datalist id="policies">${(at?.policies ?? []).map((name) => html`<option key=${name} value=${name}></option>`)}</datalist>
      <button disabled=${Boolean(at?.running) || !at?.log?.at_ms}>Judge it</button>
    </form>
    ${at?.ope && html`<${Answer} told=${at.ope} />`}`;
}

function Answer({ told }) {
  if (told.error) return html`<p role="alert">${told.policy ?? ""} ${told.error}</p>`;
  const { found, policy } = told;
  if (found.refused) return html`<h2>${policy}</h2><p data-test="answer">The data cannot say: ${found.refused}</p>`;
  const best = found.estimates[found.decide_by];
  const bounds = Object.values(found.estimates).flatMap((each) => each.ci95);
  const [least, most] = [Math.min(...bounds, found.logged.value, 0), Math.max(...bounds, found.logged.value)];
  return html`<h2>${policy}</h2>
    <p data-test="answer">It would have earned ${number(best.value, 4)} for each entry shown (95 %: ${number(best.ci95[0], 4)} to ${number(best.ci95[1], 4)}); what ran earned ${number(found.logged.value, 4)}.</p>
    <${Table} caption="By estimator; decide by the first, the others show what it rests on" heads=${["Estimator", "Value", "95 %", ""]} empty=""
      rows=${Object.entries(found.estimates).sort(([a], [b]) => (b === found.decide_by) - (a === found.decide_by)).map(([name, each]) => html`<tr key=${name}><th scope="row">${name}</th><td>${number(each.value, 4)}</td>
        <td>${number(each.ci95[0], 4)} to ${number(each.ci95[1], 4)}</td><td><${Interval} low=${each.ci95[0]} value=${each.value} high=${each.ci95[1]} least=${least} most=${most} /></td></tr>`)} />
    <p class="quiet">${number(found.diagnostics.rows)} rows of ${number(found.diagnostics.decisions)} decisions, effective sample size ${number(found.diagnostics.ess)}, support ${percent(found.diagnostics.support)}.</p>
    ${found.warnings.map((each) => html`<p key=${each} class="quiet">Before you decide: ${each}</p>`)}`;
}
