// What takes a while: one thing at a time, told as it goes on, and it can be ended.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { ask } from "./api.js";
import { documents } from "./live.js";
import { moment } from "./parts.js";

export const failure = signal(null);
const first = signal(null);

export const work = () => documents.value.work ?? first.value;

export function load() {
  ask("api/work").then((told) => (first.value = told), (error) => (failure.value = error.message));
}

export function begin(what) {
  failure.value = null;
  ask("api/work", "POST", what).then((told) => (first.value = told), (error) => (failure.value = error.message));
}

const cancel = () => ask("api/work", "DELETE").catch((error) => (failure.value = error.message));
const DOES = { log: "Reading what was shown and what came of it", ope: "Judging the policy", messages: "Reading what the topics say of messages" };

export function Log({ at }) {
  const log = at?.log;
  return html`<p class="row"><span>${log?.at_ms ? `What was shown until ${moment(log.at_ms)}: ${log.says}.` : "What was shown was not read yet."}</span>
      <button disabled=${Boolean(at?.running)} onClick=${() => begin({ what: "log" })}>${log?.at_ms ? "Read it again" : "Read it now"}</button></p>
    ${log?.error && html`<p role="alert">${log.error}</p>`}
    ${failure.value && html`<p role="alert">${failure.value}</p>`}
    <${Running} told=${at?.running} />`;
}

export function Running({ told }) {
  return html`<div aria-live="polite">${told && html`<div class="running"><p>${DOES[told.what]} since ${moment(told.since_ms)}. <button class="plain" onClick=${cancel}>Cancel</button></p>
    ${told.says.length > 0 && html`<pre tabindex="0" aria-label="What it says">${told.says.join("\n")}</pre>`}</div>`}</div>`;
}

