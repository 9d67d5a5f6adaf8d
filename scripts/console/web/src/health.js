// Health: the first sentence says whether lists are fresh.
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { ask } from "./api.js";
import { connected, documents } from "./live.js";
import { Bars, Series } from "./charts.js";
import { Mark, Table, moment, number, percent } from "./parts.js";

const KEPT = 450;
const points = signal([]);
const failure = signal(null);
let last = 0;

export const healthTopics = () => ["health"];

function told(document) {
  const point = document?.point;
  if (!point || point.at_ms <= last) return;
  last = point.at_ms;
  points.value = [...points.value, point].slice(-KEPT);
}

export function Health() {
  const found = documents.value.health;
  useEffect(() => {
    ask("api/health").then(
      (whole) => {
        points.value = whole.points;
        last = whole.points.at(-1)?.at_ms ?? 0;
      },
      (error) => (failure.value = error.message),
    );
  }, []);
  useEffect(() => told(found), [found]);
  if (!found) return html`<h1>Health</h1><p>${failure.value ?? "Looking…"}</p>`;
  const stale = connected.value ? null : html`<p role="alert">The console does not answer; this is how it was at ${moment(found.at_ms)}.</p>`;
  return html`<h1>Health</h1>
    ${stale}
    <div class=${`sentence ${found.sentence_state}`} aria-live="polite"><p data-test="sentence">${found.sentence}</p>
      ${found.beside && html`<p class="quiet" data-test="beside">${found.beside}</p>`}</div>
    <${Items} items=${found.items} />
    <${Freshness} told=${found.freshness} />
    <section aria-label="The last quarter of an hour" class="charts">
      <${Series} title="A second" points=${points.value} lines=${[
        { key: "events", name: "events read", text: (value) => number(value, 1) },
        { key: "lists", name: "lists written", text: (value) => number(value, 1), dash: true },
      ]} />
      <${Series} title="Events that wait" points=${points.value} lines=${[{ key: "lag", name: "in the fullest partition", text: (value) => number(value) }]} />
    </section>
    <${Refused} told=${found.refused} />
    <${Figures} told=${found.figures} />`;
}

function Items({ items }) {
  return html`<${Table}
    caption="What was looked at"
    heads=${["What", "State", "In words", "To do"]}
    rows=${items.map(
      ({ name, state, says, runbook }) => html`<tr key=${name} data-item=${name} data-state=${state}>
        <th scope="row">${name}</th>
        <td><${Mark} state=${state} /></td>
        <td>${says}</td>
        <td>${runbook && state !== "good" ? html`<a href=${`#/runbook?alert=${runbook}`}>${runbook}</a>` : ""}</td>
      </tr>`,
    )}
    empty="Nothing yet."
  />`;
}

function Freshness({ told }) {
  if (!told.lists) return html`<h2>How fresh</h2><p class="quiet">No list was written in the last minute.</p>`;
  let below = 0;
  const bars = told.buckets.map(({ ms, within }) => {
    const value = within - below;
    below = within;
    return { name: `${number(ms)} ms`, value, text: `${number(value)} (${percent(within / told.lists)} until here)` };
  });
  const later = told.lists - below;
  if (later > 0) bars.push({ name: "later", value: later, text: number(later) });
  return html`<h2>How fresh</h2>
    <${Bars} caption="Lists of the last minute, by how soon after their event they were readable" heads=${["within", "lists"]} bars=${bars} />`;
}

function Refused({ told }) {
  return html`<h2>Refused records</h2>
    <${Table}
      caption="By reason, since the job was first seen"
      heads=${["Reason", "Records", "Means"]}
      rows=${told.by_reason.map(
        ({ reason, count, means }) => html`<tr key=${reason}><th scope="row">${reason}</th><td>${number(count)}</td><td>${means}</td></tr>`,
      )}
      empty="None was counted."
    />
    ${told.error && html`<p role="alert">The records cannot be read: ${told.error}</p>`}
    ${told.letters.map(
      (each) => html`<details key=${`${each.topic}/${each.partition}/${each.offset}`} data-letter=${each.reason}>
        <summary>${each.reason} <span class="quiet">${moment(each.at_ms)}, ${each.topic}/${each.partition} at ${number(each.offset)}</span></summary>
        <p>${each.error}</p>
        <p class="quiet">${each.means} ${each.key === null ? "" : `Key ${each.key}, `}${number(each.bytes)} bytes.</p>
        ${each.text === null
          ? html`<p class="quiet">Its bytes are shown where the console is started with --show-ids.</p>`
          : html`<pre tabindex="0" aria-label="As text">${each.text}</pre><pre tabindex="0" aria-label="In hexadecimal">${each.hex}</pre>`}
      </details>`,
    )}`;
}

const FIGURES = {
  records: "events read", lists: "lists ranked", redis_written: "lists written", feedback: "increments learned from",
  policy_rows_published: "policy rows published", dead_letters: "records refused", activities: "activities known",
  activities_cold: "of them shown under 100 times", activities_stopped: "of them stopped", encoder_version: "encoder",
  encoder_on_cuda: "encoder on a GPU", policy_version: "policy version",
};

function Figures({ told }) {
  const rows = Object.entries(FIGURES).filter(([name]) => told[name] !== null && told[name] !== undefined);
  return html`<h2>What runs</h2>
    <${Table} caption="Figures of the job" heads=${["What", "Figure"]} empty="No process shows its metrics."
      rows=${rows.map(([name, what]) => html`<tr key=${name}><th scope="row">${what}</th><td>${number(told[name])}</td></tr>`)} />`;
}
