// Series over time by uPlot, with the newest figures beside them as a table; and bars of our own.
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

const COLOURS = ["--blue", "--orange"];

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function Series({ title, points, lines }) {
  const box = useRef(null);
  const plot = useRef(null);
  const data = [points.map((each) => each.at_ms / 1000), ...lines.map(({ key }) => points.map((each) => each[key]))];
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const draw = () => {
      if (!box.current) return; // the page was left
      plot.current?.destroy();
      plot.current = new uPlot(options(box.current.clientWidth, lines), data, box.current);
    };
    const resize = new ResizeObserver(() => box.current && plot.current?.setSize({ width: box.current.clientWidth, height: 170 }));
    draw();
    resize.observe(box.current);
    dark.addEventListener("change", draw);
    return () => {
      resize.disconnect();
      dark.removeEventListener("change", draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [points]);
  const last = points.at(-1);
  return html`<figure>
    <figcaption>${title}</figcaption>
    <p class="legend">
      ${lines.map(
        ({ key, name, text }, at) =>
          html`<span key=${key}><i class=${`line line${at}`} aria-hidden="true"></i>${name} <b>${last ? text(last[key]) : "–"}</b></span>`,
      )}
    </p>
    <div ref=${box} aria-hidden="true"></div>
  </figure>`;
}

function options(width, lines) {
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  return {
    width,
    height: 170,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, low, high) => [0, Math.max(high ?? 0, 1)] } },
    axes: [axis, { ...axis, size: 55 }],
    series: [
      {},
      ...lines.map(({ dash }, at) => ({
        stroke: colour(COLOURS[at]),
        width: 2,
        dash: dash ? [6, 4] : undefined,
        points: { show: false },
      })),
    ],
  };
}

export function Bars({ caption, heads, bars }) {
  const most = Math.max(...bars.map((each) => each.value), 1);
  return html`<table class="bars">
    <caption>${caption}</caption>
    <thead><tr>${heads.map((head) => html`<th scope="col" key=${head}>${head}</th>`)}</tr></thead>
    <tbody>
      ${bars.map(
        ({ name, value, text }) => html`<tr key=${name}>
          <th scope="row">${name}</th>
          <td><div class="bar"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect width=${(100 * value) / most} height="8" /></svg><span>${text}</span></div></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

export function Columns({ caption, heads, columns, every = 1 }) {
  const most = Math.max(...columns.map((each) => each.value), 0) || 1;
  const width = 100 / Math.max(columns.length, 1);
  return html`<figure class="columns">
    <figcaption>${caption}</figcaption>
    <svg viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
      ${columns.map(({ name, value }, at) => html`<rect key=${name} x=${(at + 0.1) * width} width=${0.8 * width} y=${30 - (30 * value) / most} height=${(30 * value) / most} />`)}
    </svg>
    <p class="ticks quiet" aria-hidden="true">${columns.map(({ name }, at) => html`<span key=${name}>${at % every ? "" : name}</span>`)}</p>
    <details><summary>In figures</summary><${Figures} caption=${caption} heads=${heads} columns=${columns} /></details>
  </figure>`;
}

function Figures({ caption, heads, columns }) {
  return html`<table>
    <caption class="hidden">${caption}</caption>
    <thead><tr>${heads.map((head) => html`<th scope="col" key=${head}>${head}</th>`)}</tr></thead>
    <tbody>${columns.map(({ name, texts }) => html`<tr key=${name}><th scope="row">${name}</th>${texts.map((text, at) => html`<td key=${at}>${text}</td>`)}</tr>`)}</tbody>
  </table>`;
}
