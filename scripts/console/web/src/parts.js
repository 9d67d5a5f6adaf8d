// Parts that pages share: states with a shape and a word, figures, tables that scroll by themselves.
import { html } from "htm/preact";

const SHAPES = { good: "●", warn: "▲", bad: "■", unknown: "○" };
const WORDS = { good: "well", warn: "look today", bad: "wrong", unknown: "not known" };

export const number = (value, digits = 0) =>
  value === null || value === undefined
    ? "–"
    : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const percent = (value, digits = 1) => (value === null || value === undefined ? "–" : `${number(100 * value, digits)} %`);

export const moment = (ms) => (ms ? `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC` : "–");

export function Mark({ state, word = WORDS[state] }) {
  return html`<span class=${`mark ${state}`}><span aria-hidden="true">${SHAPES[state]}</span> ${word}</span>`;
}

export function Table({ caption, heads, rows, empty }) {
  if (!rows.length) return html`<p class="quiet">${empty}</p>`;
  return html`<div class="scroll" role="region" aria-label=${caption} tabindex="0">
    <table>
      <caption>${caption}</caption>
      <thead><tr>${heads.map((head) => html`<th scope="col" key=${head}>${head}</th>`)}</tr></thead>
      <tbody>${rows}</tbody>
    </table>
  </div>`;
}
