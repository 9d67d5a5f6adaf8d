// Requests to the console's own server; no other is ever asked.
import { signal } from "@preact/signals";

export const session = signal({ state: "asking", about: null, error: null });

export async function ask(path, method = "GET", body = undefined) {
  const headers = { "X-Tideline": "1", "Content-Type": "application/json" };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), credentials: "same-origin" });
  if (answer.status === 401 && (path !== "api/session" || method === "GET")) session.value = { state: "out", about: null, error: null };
  if (answer.status === 204) return null;
  const told = await answer.json().catch(() => ({ error: `${answer.status} ${answer.statusText}` }));
  if (!answer.ok) throw new Error(told.error ?? `${answer.status}`);
  return told;
}

export async function enter(token) {
  try {
    session.value = { state: "in", about: await ask("api/session", "POST", { token }), error: null };
  } catch (error) {
    session.value = { state: "out", about: null, error: error.message };
  }
}

export async function leave() {
  await ask("api/session", "DELETE").catch(() => null);
  session.value = { state: "out", about: null, error: null };
}

if (!new URLSearchParams(location.hash.split("?")[1] ?? "").has("token")) {
  ask("api/session").then(
    (about) => (session.value = { state: "in", about, error: null }),
    () => (session.value = { state: "out", about: null, error: null }),
  );
}
