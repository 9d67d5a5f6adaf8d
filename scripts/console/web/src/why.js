// Why an entry stands where it stands: its reason in words, and its score as it is worked out again.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { ask } from "./api.js";
import { number } from "./parts.js";

export function Why({ told, entry, user }) {
  const [found, setFound] = useState(null);
  const version = told.list.version.join(".");
  useEffect(() => {
    let here = true;
    ask(`api/explain/${encodeURIComponent(user)}`).then(
      (answer) => here && setFound(answer),
      (error) => here && setFound({ verdict: error.message, entries: [] }),
    );
    return () => (here = false);
  }, [version, user]);
  const mine = found?.entries.find((each) => each.activity_id === entry.activity_id);
  return html`<div class="why" data-test="why">
    <p>${entry.reason}</p>
    ${found === null
      ? html`<p class="quiet">Working it out again…</p>`
      : html`<p data-test="verdict">${found.verdict}</p>
          ${mine && mine.score !== null && html`<p>Score ${number(mine.score, 4)} = expected ${number(mine.mean, 4)} + uncertainty ${number(mine.bonus, 4)}${mine.explored ? "; this place was drawn to explore" : ""}${mine.behind === null ? "" : `; ${number(mine.behind, 4)} behind the entry above`}</p>`}`}
  </div>`;
}
