// Experiments: each arm beside the one it is compared with, with bounds that hold at every look.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { ask } from "./api.js";
import { Interval } from "./shapes.js";
import { Log, load, work } from "./work.js";
import { Table, number, percent } from "./parts.js";

export const experimentTopics = () => ["health", "work"];
const METRICS = { ctr: "clicks", cvr: "conversions", revenue: "revenue", ctr_mature: "clicks, matured", cvr_mature: "conversions, matured", revenue_mature: "revenue, matured" };
const signed = (value) => (value === null ? "–" : `${value >= 0 ? "+" : ""}${percent(value)}`);

export function Experiments() {
  const at = work();
  const [told, setTold] = useState(null);
  const [error, setError] = useState(null);
  useEffect(load, []);
  useEffect(() => {
    if (at?.log?.at_ms) ask("api/experiments").then(setTold, (failed) => setError(failed.message));
  }, [at?.log?.at_ms]);
  return html`<h1>Experiments</h1>
    <${Log} at=${at} />
    ${error && html`<p role="alert">${error}</p>`}
    ${told && told.experiments.length === 0 && html`<p data-test="none">This log is of no experiment. One begins with <code>tideline experiment start</code>.</p>`}
    ${told?.experiments.map((each) => html`<section key=${each.id} aria-label=${each.id}><h2>${each.id}</h2>
      ${each.refused ? html`<p>${each.refused}</p>` : Object.entries(METRICS).filter(([key]) => key in each.metrics).map(([key, title]) => html`<${Arms} key=${key} title=${title} arms=${each.metrics[key]} against=${told.against} />`)}</section>`)}`;
}

function Arms({ title, arms, against }) {
  const lifts = Object.values(arms).flatMap((each) => each.lift_anytime95 ?? []).filter((each) => each !== null);
  const reach = Math.max(...lifts.map(Math.abs), 0.01);
  return html`<${Table} caption=${`${title}, per impression; lift over ${against}, with bounds that hold at every look`} heads=${["Arm", "Users", "Rate, 95 %", "Lift", "In words"]} empty=""
    rows=${Object.entries(arms).map(([name, arm]) => html`<tr key=${name}><th scope="row">${name}</th><td>${number(arm.users)}</td>
      <td>${number(arm.value, 4)} <span class="quiet">(${number(arm.ci95[0], 4)} to ${number(arm.ci95[1], 4)})</span></td>
      <td>${arm.verdict === undefined ? "" : html`${signed(arm.lift)} <span class="quiet">(${signed(arm.lift_anytime95[0])} to ${signed(arm.lift_anytime95[1])})</span>
        ${arm.lift !== null && arm.lift_anytime95[0] !== null && html`<${Interval} low=${arm.lift_anytime95[0]} value=${arm.lift} high=${arm.lift_anytime95[1]} least=${-reach} most=${reach} />`}`}</td>
      <td>${arm.says ?? "the one compared with"}</td></tr>`)} />`;
}
