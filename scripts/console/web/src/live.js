// One EventSource for the tab: the newest document of each topic, none while nobody looks.
import { signal } from "@preact/signals";
import { ask } from "./api.js";

export const documents = signal({});
export const connected = signal(true);

let source = null;
let wanted = [];

export function follow(topics) {
  if (topics.join("\n") === wanted.join("\n")) return;
  wanted = topics;
  again();
}

function again() {
  source?.close();
  source = null;
  if (!wanted.length || document.hidden) return;
  const query = new URLSearchParams(wanted.map((topic) => ["topic", topic]));
  source = new EventSource(`api/live?${query}`);
  source.onopen = () => (connected.value = true);
  source.onerror = lost;
  source.onmessage = (message) => {
    const { topic, document: newest } = JSON.parse(message.data);
    documents.value = { ...documents.value, [topic]: newest };
  };
}

function lost() {
  connected.value = false;
  if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
  // refused: the session is over, which asking for it tells, or there are too many viewers
  setTimeout(() => ask("api/session").then(again, () => source?.readyState === EventSource.CLOSED && lost()), 5000);
}

document.addEventListener("visibilitychange", again);
