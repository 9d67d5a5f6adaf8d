// Activities: what can be shown, how it does, what is left of its limits.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { ask } from "./api.js";
import { Interval, Share } from "./shapes.js";
import { Mark, Table, moment, number, percent } from "./parts.js";

const found = signal(null);
const failure = signal(null);

export const activityTopics = () => ["health"];

function load() {
  failure.value = null;
  ask("api/activities").then((told) => (found.value = told), (error) => (failure.value = error.message));
}

export function Activities({ query }) {
  const name = query.get("id");
  useEffect(load, []);
  if (name) return html`<${One} name=${name} />`;
  const all = found.value?.activities ?? [];
  return html`<h1>Activities</h1>
    ${failure.value && html`<p role="alert">${failure.value}</p>`}
    ${found.value && html`<p>${summary(all)} <button class="plain" onClick=${load}>Look again</button> <span class="quiet">as of ${moment(found.value.at_ms)}</span></p>
      <${Listing} all=${all} />`}`;
}

function summary(all) {
  const open = all.filter((each) => each.open).length;
  const cold = all.filter((each) => each.open && each.cold).length;
  return `${number(all.length)} are known, ${number(open)} of them open now; ${number(cold)} of these were shown under 100 times.`;
}

function Listing({ all }) {
  const [text, setText] = useState("");
  const [onlyOpen, setOnlyOpen] = useState(false);
  const [order, setOrder] = useState("activity_id");
  const shown = all
    .filter((each) => (!onlyOpen || each.open) && `${each.activity_id} ${each.title}`.toLowerCase().includes(text.toLowerCase()))
    .sort(ORDERS[order][1]);
  const most = Math.max(...all.map((each) => each.rate_ci95?.[1] ?? 0), 0.01);
  return html`<div class="row">
      <label>Find <input value=${text} onInput=${(event) => setText(event.target.value)} /></label>
      <label><input type="checkbox" checked=${onlyOpen} onChange=${(event) => setOnlyOpen(event.target.checked)} /> open ones alone</label>
      <label>By <select value=${order} onChange=${(event) => setOrder(event.target.value)}>${Object.entries(ORDERS).map(([key, [title]]) => html`<option key=${key} value=${key}>${title}</option>`)}</select></label>
      <span class="quiet" role="status">${number(shown.length)} shown here</span>
    </div>
    <${Table} caption="Activities" empty="None is like that."
      heads=${["Activity", "State", "Time", "Shown", "Click rate, 95 %", "Budget"]}
      rows=${shown.slice(0, 300).map((each) => html`<${Row} key=${each.activity_id} each=${each} most=${most} />`)} />
    <p class="quiet">Shown and clicks are as the policy learned from them: weighted by place and by how long ago. They are no bill.</p>`;
}

const ORDERS = {
  activity_id: ["id", (a, b) => (a.activity_id < b.activity_id ? -1 : 1)],
  shown: ["most shown", (a, b) => b.shown - a.shown],
  rate: ["click rate", (a, b) => (b.rate ?? -1) - (a.rate ?? -1)],
  ends_ms: ["ends first", (a, b) => (a.ends_ms ?? Infinity) - (b.ends_ms ?? Infinity)],
};

function Row({ each, most }) {
  return html`<tr data-offer=${each.activity_id}>
    <th scope="row"><a href=${`#/activities?id=${encodeURIComponent(each.activity_id)}`}>${each.title ?? each.activity_id}</a><br />
      <code class="quiet">${each.activity_id}</code> <span class="quiet">${each.kind}${each.ruled ? ", with a rule" : ""}</span></th>
    <td><${Mark} state=${each.open ? "good" : "unknown"} word=${each.open ? "open" : "closed"} />
      ${each.why.length > 0 && html`<div class="quiet">${each.why.join("; ")}</div>`}
      ${each.refused && html`<div class="quiet">a later record was refused: ${each.refused}</div>`}</td>
    <td class="quiet">${moment(each.starts_ms)} to<br />${moment(each.ends_ms)}</td>
    <td>${number(each.shown)}${each.cold ? html`<div class="quiet">cold</div>` : ""}</td>
    <td>${each.rate === null ? html`<span class="quiet">not known</span>` : html`${percent(each.rate)} <span class="quiet">(${percent(each.rate_ci95[0])} to ${percent(each.rate_ci95[1])})</span><${Interval} low=${each.rate_ci95[0]} value=${each.rate} high=${each.rate_ci95[1]} most=${most} />`}</td>
    <td>${each.budget === null ? "" : html`${number(each.spent ?? 0, 2)} of ${number(each.budget, 2)}<${Share} value=${(each.spent ?? 0) / each.budget} more=${(each.pending ?? 0) / each.budget} />`}</td>
  </tr>`;
}

function One({ name }) {
  const [told, setTold] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    ask(`api/activities/${encodeURIComponent(name)}`).then(setTold, (failed) => setError(failed.message));
  }, [name]);
  if (!told) return html`<h1>${name}</h1>${error ? html`<p role="alert">${error}</p>` : html`<p>…</p>`}`;
  const { activity, variants } = { activity: told.activity ?? {}, variants: told.activity?.variants ?? [] };
  return html`<h1>${activity.title ?? name}</h1>
    <p><a href="#/activities">All activities</a></p>
    <p><${Mark} state=${told.open ? "good" : "unknown"} word=${told.open ? "open now" : `cannot be shown: ${told.why.join("; ")}`} /></p>
    ${told.refused && html`<p role="alert">A later record was refused, this one stays: ${told.refused}</p>`}
    <h2>Who may be shown it</h2>
    ${told.rule.length ? html`<ul>${told.rule.map((each) => html`<li key=${each}>${each}</li>`)}</ul>` : html`<p>Everybody.</p>`}
    ${told.limits && html`<h2>Its limits</h2><p>${told.limits}</p>`}
    ${variants.length > 0 && html`<h2>Its variants</h2><${Table} caption="Forms that compete" heads=${["Variant", "Share of users"]} empty=""
      rows=${variants.map((each) => html`<tr key=${each.id}><th scope="row">${each.id}</th><td>${told.ledger?.shares?.[each.id] === undefined ? "as its split says" : percent(told.ledger.shares[each.id])}</td></tr>`)} />`}
    <h2>How it does</h2>
    <p>${told.rate === null ? "Nothing is known yet." : `Clicked ${percent(told.rate)} of the times it was looked at (95 %: ${percent(told.rate_ci95[0])} to ${percent(told.rate_ci95[1])}), of ${number(told.shown)} weighted impressions.`}</p>
    <h2>As it was written</h2>
    <${Table} caption=${`Written ${moment(told.written_ms)}`} heads=${["Field", "Value"]} empty="No record of it was taken."
      rows=${Object.entries(activity).map(([key, value]) => html`<tr key=${key}><th scope="row">${key}</th><td>${key.endsWith("s_ms") ? moment(value) : typeof value === "object" ? JSON.stringify(value) : String(value)}</td></tr>`)} />`;
}
