// Small drawings beside figures that are written out: an interval, a share.
import { html } from "htm/preact";

const at = (value, low, high) => 100 * Math.min(Math.max((value - low) / (high - low || 1), 0), 1);

export function Interval({ low, value, high, least = 0, most }) {
  const [from, here, to] = [low, value, high].map((each) => at(each, least, most));
  return html`<svg class="interval" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    <line class="base" x1="0" x2="100" y1="5" y2="5" />
    ${least < 0 && html`<line class="zero" x1=${at(0, least, most)} x2=${at(0, least, most)} y1="0" y2="10" />`}
    <line class="span" x1=${from} x2=${to} y1="5" y2="5" />
    <line class="value" x1=${here} x2=${here} y1="1" y2="9" />
  </svg>`;
}

export function Share({ value, more = 0 }) {
  const used = Math.min(value, 1);
  return html`<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
    <rect class="whole" width="100" height="8" />
    <rect class="more" width=${100 * Math.min(used + more, 1)} height="8" />
    <rect width=${100 * used} height="8" />
  </svg>`;
}
