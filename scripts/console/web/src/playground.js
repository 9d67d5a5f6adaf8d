// Playground: a user's list beside its bytes; an event is sent, and the list changes under the reader's eyes.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { computed, signal } from "@preact/signals";
import { ask } from "./api.js";
import { documents } from "./live.js";
import { Table, moment, number } from "./parts.js";
import { Why } from "./why.js";
import { Snippets } from "./snippets.js";

const user = signal("");
const recent = signal([]);
const popular = signal(null);
const sent = signal([]);
const said = signal("");
const failure = signal(null);
let former = null;
let since = null;
const was = signal(null);

export const playgroundTopics = () => (user.value ? ["health", `user:${user.value}`] : ["health"]);

const shown = computed(() => (user.value ? (documents.value[`user:${user.value}`] ?? null) : null));

function look(found) {
  const version = found?.list?.version?.join(".") ?? null;
  if (former && former.user === user.value && version && version !== former.version) {
    was.value = former.places;
    const seconds = since === null ? "" : ` after ${number((performance.now() - since) / 1000, 2)} s`;
    const moved = found.list.entries.filter((each) => former.places.get(each.activity_id) !== each.position).length;
    said.value = `A new list${seconds}: ${moved} of ${found.list.entries.length} places changed.`;
    since = null;
  }
  if (version) {
    former = { user: user.value, version, places: new Map(found.list.entries.map((each) => [each.activity_id, each.position])) };
  }
}

export function Playground({ query, about }) {
  useEffect(() => {
    ask("api/users").then((found) => (recent.value = found.users), (error) => (failure.value = error.message));
  }, []);
  useEffect(() => {
    const asked = query.get("user");
    if (asked && asked !== user.value) {
      user.value = asked;
      was.value = popular.value = former = null;
      said.value = "";
    }
  }, [query]);
  const found = shown.value;
  useEffect(() => look(found), [found]);
  useEffect(() => {
    popular.value = null;
    if (found && !found.raw) ask(`api/users/${encodeURIComponent(user.value)}`).then((told) => (popular.value = told), () => null);
  }, [found?.raw === null, user.value]);
  const list = found?.raw ? found : popular.value;
  return html`<h1>Playground</h1>
    <${Pick} />
    ${failure.value && html`<p role="alert">${failure.value}</p>`}
    <p aria-live="polite" data-test="said">${said.value}</p>
    ${user.value && html`<div class="beside">
      <section aria-label="List">
        <h2>His list</h2>
        ${list?.popular && html`<p>He has none yet: a frontend shows the popular list, this one.</p>`}
        ${list?.error && html`<p role="alert">${list.error}</p>`}
        ${list?.list ? html`<${List} told=${list} about=${about} />` : html`<p class="quiet">There is no list.</p>`}
      </section>
      <section aria-label="Bytes and events">
        <h2>As it is in Redis</h2>
        <p class="quiet"><code>GET ${about.prefix}:${list?.popular ? "popular" : `list:${user.value}`}</code></p>
        <pre class="raw" tabindex="0" aria-label="The list as JSON" data-test="raw">${list?.raw ?? "(nil)"}</pre>
        <${Send} about=${about} />
        <${Sent} />
        <${Snippets} prefix=${about.prefix} user=${user.value} />
      </section>
    </div>`}`;
}

function Pick() {
  const pick = (event) => {
    event.preventDefault();
    const name = new FormData(event.target).get("user").trim();
    if (name) location.hash = `#/playground?user=${encodeURIComponent(name)}`;
  };
  return html`<form class="row" onSubmit=${pick} role="search">
    <label for="user">User</label>
    <input id="user" name="user" list="recent" autocomplete="off" defaultValue=${user.value} required />
    <datalist id="recent">${recent.value.map((name) => html`<option key=${name} value=${name}></option>`)}</datalist>
    <button>Show his list</button>
    ${recent.value.length > 0 && html`<span class="quiet">of late: ${recent.value.slice(0, 4).map((name) => html`<a key=${name} href=${`#/playground?user=${encodeURIComponent(name)}`}>${name}</a> `)}</span>`}
  </form>`;
}

function List({ told, about }) {
  const [open, setOpen] = useState(null);
  const writes = about.writes !== null && about.role === "operator" && !told.popular;
  const rows = told.list.entries.map((entry) => {
    const place = was.value?.get(entry.activity_id);
    const isOpen = open === entry.activity_id;
    return html`<tr key=${entry.activity_id} data-activity=${entry.activity_id} class=${entry.over ? "over" : ""}>
        <td>${entry.position}</td>
        <td><${Moved} was=${place} now=${entry.position} known=${was.value !== null} /></td>
        <th scope="row"><span class="title">${entry.title ?? entry.activity_id}</span><br /><code class="quiet">${entry.activity_id}</code>
          ${entry.variant && html`<span class="quiet"> variant ${entry.variant}</span>`}
          <div class="reason" data-test="reason">${entry.reason}</div></th>
        <td>${entry.over ? "over" : moment(entry.ends_ms)}</td>
        <td class="acts">
          <button class="plain" aria-expanded=${isOpen} onClick=${() => setOpen(isOpen ? null : entry.activity_id)}>why<span class="hidden"> ${entry.activity_id}</span></button>
          ${writes && ["impression", "click", "conversion", "dismiss"].map((type) => html`<button key=${type} class="plain" data-type=${type} onClick=${() => send({ type, activity: entry.activity_id })}>${type}<span class="hidden"> ${entry.activity_id}</span></button>`)}
        </td>
      </tr>
      ${isOpen && html`<tr key=${`${entry.activity_id}-why`}><td colspan="5"><${Why} told=${told} entry=${entry} user=${user.value} /></td></tr>`}`;
  });
  return html`<p class="quiet">Made as of ${moment(told.list.made_ms)}, version ${told.list.version.join(".")}, encoder ${told.list.encoder}.</p>
    <${Table} caption="Entries, best first" heads=${["Place", "Was", "Activity", "Ends", "Try"]} rows=${rows} empty="The list is empty." />
    <p class="quiet">${told.legend}.</p>`;
}

function Moved({ was: place, now, known }) {
  if (!known) return "";
  if (place === undefined) return html`<b class="moved">new</b>`;
  if (place === now) return html`<span class="quiet">${place}</span>`;
  return html`<span class="moved">${place} <span aria-hidden="true">${place > now ? "↑" : "↓"}</span></span>`;
}

async function send(event) {
  failure.value = null;
  since = performance.now();
  try {
    const told = await ask("api/events", "POST", { user: user.value, ...event });
    sent.value = [told.event, ...sent.value].slice(0, 20);
  } catch (error) {
    since = null;
    failure.value = error.message;
  }
}

function Send({ about }) {
  if (about.writes === null) {
    return html`<h2>Send an event</h2><p class="quiet">This console only reads. Started with --allow-writes PATTERN it sends events of users like that.</p>`;
  }
  if (about.role !== "operator") return html`<h2>Send an event</h2><p class="quiet">Viewers only read.</p>`;
  const give = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const asked = Object.fromEntries([...form].filter(([, value]) => value !== ""));
    for (const name of ["price", "value", "quantity"]) if (name in asked) asked[name] = Number(asked[name]);
    send(asked);
  };
  return html`<h2>Send an event</h2>
    <form class="row" onSubmit=${give} data-test="send">
      <label>Type <select name="type">${["view", "search", "cart", "purchase"].map((type) => html`<option key=${type}>${type}</option>`)}</select></label>
      <label>Category <input name="category" list="categories" autocomplete="off" /></label>
      <label>Item <input name="item" autocomplete="off" size="8" /></label>
      <label>Price <input name="price" type="number" min="0" step="any" size="6" /></label>
      <button>Send</button>
    </form>
    <datalist id="categories">${categories().map((name) => html`<option key=${name} value=${name}></option>`)}</datalist>
    <p class="quiet">It is real: the job keeps it of this user and learns from it. Users like <code>${about.writes}</code> alone.</p>`;
}

function categories() {
  const entries = shown.value?.list?.entries ?? popular.value?.list?.entries ?? [];
  return [...new Set(entries.flatMap((each) => each.categories ?? []))].sort();
}

function Sent() {
  if (!sent.value.length) return "";
  return html`<details open><summary>What was sent</summary>
    <ol class="sent" data-test="sent">${sent.value.map((each) => html`<li key=${each.event_id}><pre tabindex="0">${JSON.stringify(each)}</pre></li>`)}</ol></details>`;
}
