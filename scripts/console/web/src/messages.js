// Messages: what they brought, what was not sent and why, what is to come, who stopped what, and why this one.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { ask } from "./api.js";
import { Bars, Columns } from "./charts.js";
import { Running, begin, failure, load, work } from "./work.js";
import { Interval } from "./shapes.js";
import { Table, moment, number } from "./parts.js";

export const messageTopics = () => ["health", "work"];

const stops = signal(null);
const unstopped = signal(null);
const DAYS = [1, 7, 14, 28];
const MOST = 300; // rows of a table; those with the most points come first
const REASONS = {
  expired: "it was too late when it was its turn",
  stopped: "messages were stopped",
  unsubscribed: "its user had left since",
  failed: "its carrier refused it, or was out of reach",
};

function look() {
  unstopped.value = null;
  ask("api/messages/stops").then((told) => (stops.value = told.stops), (error) => (unstopped.value = error.message));
}

export function Messages({ about, query }) {
  const at = work();
  const told = at?.messages;
  useEffect(load, []);
  useEffect(look, [told?.at_ms]);
  return html`<h1>Messages</h1>
    <${Switch} about=${about} campaigns=${told?.status?.campaigns ?? []} />
    <${Read} told=${told} running=${at?.running} />
    ${told?.status && html`<${Status} told=${told} />`}
    <${Explain} asked=${query.get("id")} />`;
}

function Read({ told, running }) {
  const give = (event) => {
    event.preventDefault();
    begin({ what: "messages", days: Number(new FormData(event.target).get("days")) });
  };
  return html`<h2>What became of them</h2><form class="row" onSubmit=${give} data-test="read">
      <span>${told?.at_ms && told.status ? `Read ${moment(told.at_ms)}.` : "What the topics say of messages was not read yet."}</span>
      <label>Days <select name="days">${DAYS.map((days) => html`<option key=${days} value=${days} selected=${days === (told?.days ?? 7)}>${days}</option>`)}</select></label>
      <button disabled=${Boolean(running)}>${told?.status ? "Read it again" : "Read it now"}</button>
    </form>
    ${failure.value && html`<p role="alert">${failure.value}</p>`}
    ${told?.error && html`<p role="alert">${told.error}</p>`}
    ${told?.hint && html`<p data-test="hint">${told.hint}</p>`}
    <${Running} told=${running} />`;
}

function Status({ told }) {
  const { status, plan, days } = told;
  if (!status.campaigns.length) return null;
  const reasons = Object.entries(status.not_sent);
  const lost = status.lost + status.unclear;
  return html`<p class="sentence" data-test="brought">${sentence(status, days)}</p>
    <${Table} caption=${`By activity, ${days} days: what users bought within 72 hours, more than without a message, with bounds that hold at every look`}
      heads=${["Activity", "Sent", "Withheld", "Not sent", "Brought, between"]} empty=""
      rows=${status.campaigns.slice(0, MOST).map((each) => html`<${Campaign} key=${each.activity_id} each=${each} all=${status.campaigns} />`)} />
    ${reasons.length > 0 && html`<h2>Why some were not sent</h2>
      <${Bars} caption="Messages that were to be sent, and were not" heads=${["Reason", "Messages"]}
        bars=${reasons.map(([name, value]) => ({ name, value, text: `${number(value)}: ${REASONS[name] ?? "as its sender says"}` }))} />`}
    <${Costs} costs=${status.costs} />
    ${lost > 0 && html`<p>Of the last two days ${number(status.lost)} are claimed and nothing else is known of them (being sent, or lost with their sender; <code>tideline push status --lost</code> lists them), ${number(status.unclear)} may have been sent.</p>`}
    <div class="charts">
      <${Columns} caption="Sent, each day of UTC" heads=${COUNTED("Day")} every=${Math.ceil(status.days.length / 6)} columns=${status.days.map((each) => column(each.day.slice(5), each))} />
      <${Columns} caption="Sent, by hour of UTC, all days together" heads=${COUNTED("Hour")} every=${3} columns=${whole(status.hours, column)} />
    </div>
    <h2>What is to come</h2>
    <p>On a day like these${days === 1 ? "" : ` ${days}`}, as the job values messages.</p>
    <div class="charts">
      <${Columns} caption="Messages to come, by hour of UTC" heads=${["Hour", "Messages", "Value"]} every=${3}
        columns=${whole(plan.hours, (name, each) => ({ name, value: each.sends ?? 0, texts: [number(each.sends ?? 0, 1), number(each.value ?? 0, 2)] }))} />
      <${Table} caption="By activity, a day" heads=${["Activity", "Messages", "Value"]} empty="Nothing is to come."
        rows=${plan.campaigns.slice(0, MOST).map((each) => html`<tr key=${each.activity_id}><th scope="row"><code>${each.activity_id}</code></th><td>${number(each.sends, 1)}</td><td>${number(each.value, 2)}</td></tr>`)} />
    </div>`;
}

const COUNTED = (what) => [what, "Sent", "Withheld", "Not sent"];
const column = (name, each) => ({ name, value: each.sent ?? 0, texts: [each.sent, each.withheld, each.not_sent].map((count) => number(count ?? 0)) });

// A column for each hour of the day, of those of which nothing is said too.
function whole(hours, made) {
  const found = Object.fromEntries(hours.map((each) => [each.hour, each]));
  return Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0")).map((name) => made(name, found[name] ?? {}));
}

const known = (brought) => brought.low !== null && brought.high !== null;

function sentence(status, days) {
  const { brought } = status;
  const brings = known(brought)
    ? `They brought ${number(brought.total, 2)}, between ${number(brought.low, 2)} and ${number(brought.high, 2)}.`
    : "Too little came of either kind to say what they brought.";
  return `${days === 1 ? "In one day" : `In ${days} days`} ${number(status.sent)} messages were sent and ${number(status.withheld)} withheld by chance; ${number(status.unsubscribed)} ${status.unsubscribed === 1 ? "user" : "users"} unsubscribed. ${brings}`;
}

function Campaign({ each, all }) {
  const bounds = all.flatMap(({ brought }) => (known(brought) ? [brought.low, brought.high] : []));
  const [least, most] = [Math.min(...bounds, 0), Math.max(...bounds, 0)];
  const { brought } = each;
  const not = Object.values(each.not_sent).reduce((sum, count) => sum + count, 0);
  return html`<tr data-campaign=${each.activity_id}>
    <th scope="row"><code>${each.activity_id}</code></th>
    <td>${number(each.sent)}${each.must > 0 && html`<div class="quiet">${number(each.must)} had to be</div>`}</td>
    <td>${number(each.withheld)}</td>
    <td>${number(not)}${not > 0 && html`<div class="quiet">${Object.entries(each.not_sent).map(([name, count]) => `${number(count)} ${name}`).join(", ")}</div>`}</td>
    <td>${known(brought)
      ? html`${number(brought.total, 2)} <span class="quiet">(${number(brought.low, 2)} to ${number(brought.high, 2)})</span><${Interval} low=${brought.low} value=${brought.total} high=${brought.high} least=${least} most=${most} />`
      : html`<span class="quiet">too little came of either kind to say</span>`}</td>
  </tr>`;
}

const RULES = {
  room: "Room for few: a user's week, all users' day",
  chance: "Withheld by chance, though worth it",
  must: "Had to be sent, though worth less than nothing",
};

function Costs({ costs }) {
  const rows = Object.entries(RULES).map(([name, title]) => [title, costs[name], name === "room" ? "at most " : ""]);
  rows.push(...Object.entries(costs.not_sent).map(([name, each]) => [`Not sent: ${name}`, each, ""]));
  return html`<h2>What rules cost</h2><${Table} caption="As the job valued messages when it decided" heads=${["Rule", "Points", "Value"]} empty="No rule cost anything that the log has."
    rows=${rows.filter(([, each]) => each.points > 0).map(([title, each, before]) => html`<tr key=${title}><th scope="row">${title}</th><td>${number(each.points)}</td><td>${before}${number(each.value, 2)}</td></tr>`)} />
    <p class="quiet">Quiet hours, a week or day that was used up, and who is never sent any leave no record: counters of the job say how many they were, nothing says what they cost.</p>`;
}

async function turn(activity, stopped, told) {
  unstopped.value = null;
  try {
    stops.value = (await ask("api/messages/stops", "POST", { activity_id: activity, stopped })).stops;
    told(`${activity ?? "All messages"}: ${stopped ? "stopped" : "started again"}.`);
  } catch (error) {
    unstopped.value = error.message;
    ask("api/messages/stops").then((found) => (stops.value = found.stops), () => null);
  }
}

function Switch({ about, campaigns }) {
  const [said, say] = useState("");
  const [asked, setAsked] = useState(null);
  const may = about.writes !== null && about.role === "operator";
  const all = stops.value ?? [];
  const give = (event) => {
    event.preventDefault();
    const name = new FormData(event.target).get("activity").trim();
    if (name) setAsked({ activity: name });
  };
  const stop = () => {
    turn(asked.activity, true, say);
    setAsked(null);
  };
  return html`<section aria-label="What is stopped"><h2>Stop and start</h2>
    ${all.length > 0 && html`<div class="sentence bad" data-test="stopped">${all.map((each) => html`<p key=${each.activity_id ?? ""}>${each.activity_id === null ? "All messages are stopped" : html`Messages about <code>${each.activity_id}</code> are stopped`}, by ${each.by}, ${moment(each.at_ms)}.${each.known ? "" : " No activity of that name is known: is it spelt right?"}
      ${may && html` <button class="plain" onClick=${() => turn(each.activity_id, false, say)}>Start ${each.activity_id === null ? "all of them" : "these"} again</button>`}</p>`)}</div>`}
    ${stops.value !== null && all.length === 0 && html`<p data-test="stopped">Nothing is stopped.</p>`}
    ${unstopped.value && html`<p role="alert">${unstopped.value}</p>`}
    <p aria-live="polite" class="quiet">${said}</p>
    ${!may && html`<p class="quiet">${about.writes === null ? "This console only reads: whoever starts it with --allow-writes lets operators stop messages here. Until then:" : "Viewers only read. Elsewhere:"} <code>tideline push stop</code>.</p>`}
    ${may && asked === null && html`<form class="row" onSubmit=${give} data-test="stop">
      <button type="button" onClick=${() => setAsked({ activity: null })}>Stop all messages</button>
      <label>or those about <input name="activity" list="campaigns" autocomplete="off" required /></label>
      <button>Stop these</button>
      <datalist id="campaigns">${campaigns.map((each) => html`<option key=${each.activity_id} value=${each.activity_id}></option>`)}</datalist>
    </form>`}
    ${may && asked !== null && html`<p class="row" role="group" aria-label="Stop?"><span>${asked.activity === null ? "All messages stop" : html`Messages about <code>${asked.activity}</code> stop`} at once; what is due meanwhile is passed over for good.</span>
      <button onClick=${stop} data-test="yes">Stop</button> <button class="plain" onClick=${() => setAsked(null)}>Do not</button></p>`}
  </section>`;
}

function Explain({ asked }) {
  const [told, setTold] = useState(null);
  const [error, setError] = useState(null);
  const [waits, setWaits] = useState(false);
  const find = (id) => {
    setTold(null);
    setError(null);
    setWaits(true);
    ask(`api/messages/explain/${encodeURIComponent(id)}`).then(setTold, (failed) => setError(failed.message)).then(() => setWaits(false));
  };
  useEffect(() => {
    if (asked) find(asked);
  }, [asked]);
  const give = (event) => {
    event.preventDefault();
    find(new FormData(event.target).get("id").trim());
  };
  return html`<h2>Why this one</h2>
    <form class="row" onSubmit=${give} data-test="explain">
      <label>Id, as in the topic or at the carrier's <input name="id" autocomplete="off" size="46" defaultValue=${asked ?? ""} required /></label>
      <button disabled=${waits}>Explain it</button>
    </form>
    <div aria-live="polite">${waits && html`<p class="quiet">Looking for it…</p>`}
      ${error && html`<p role="alert">${error}</p>`}
      ${told && html`<div class="why" data-test="told">${told.says.map((line) => html`<p key=${line}>${line}</p>`)}</div>`}</div>`;
}
