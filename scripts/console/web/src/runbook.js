// What an alert means and what to do: a heading of docs/runbooks.md.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { ask } from "./api.js";

export function Runbook({ query }) {
  const alert = query.get("alert") ?? "";
  const [found, setFound] = useState(null);
  useEffect(() => {
    setFound(null);
    ask(`api/runbooks/${encodeURIComponent(alert)}`).then(
      (told) => setFound(told.text),
      (error) => setFound(error.message),
    );
  }, [alert]);
  return html`<h1>${alert}</h1>
    <p><a href="#/health">Back to Health</a></p>
    <div class="runbook" data-test="runbook">${(found ?? "…").split(/\n(?=- |\n)/).map((part, at) => html`<p key=${at}>${part}</p>`)}</div>`;
}
