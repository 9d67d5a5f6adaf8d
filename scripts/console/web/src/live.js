// One EventSource for the tab: the newest document of each topic, none while nobody looks.
import { signal } from "@preact/signals";

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
  source.onerror = () => (connected.value = false);
  source.onmessage = (message) => {
    const { topic, document: newest } = JSON.parse(message.data);
    documents.value = { ...documents.value, [topic]: newest };
  };
}

document.addEventListener("visibilitychange", again);
