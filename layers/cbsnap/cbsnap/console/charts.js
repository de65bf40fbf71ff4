/* Charts drawn by hand as SVG: the time line of snapshots, and how long hosts were held.

Both are pictures of what the page also has as a table, and say in a sentence what they show. A click on
a mark is a short cut to what the table links to. */

import { html } from "./vendor/preact.js";
import { day, hour, locked, moment, zoneShift } from "./format.js";
import { go } from "./routes.js";
import { LABELS, Label, Mark } from "./parts.js";
import { t, word } from "./words.js";

const WIDTH = 960;
const LANE = 26;
const MOST_LANES = 40;
const MOST_TICKS = 8;
const HOUR_MS = 3600e3;
const STEPS_MS = [1, 3, 6, 12, 24, 48, 168, 336, 720].map((hours) => hours * HOUR_MS);

/* Snapshots over time, a lane for each disk and policy. `from` and `to` are Dates; no lane without snapshots. */
export function TimeLine({ snapshots, from, to, name }) {
  const lanes = laned(snapshots);
  const shown = lanes.slice(0, MOST_LANES);
  const left = 230;
  const x = (iso) => left + ((new Date(iso) - from) / (to - from)) * (WIDTH - left - 16);
  const height = shown.length * LANE + 24;
  const seen = LABELS.filter((label) => snapshots.some((one) => (one.label ?? "unproven") === label));
  return html`<figure class="chart">
    <svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label=${t("timeline.says", { n: snapshots.length, lanes: lanes.length, name })}>
      ${ticks(from, to).map((at) => html`<g key=${+at} class="tick">
        <line x1=${x(at)} x2=${x(at)} y1="0" y2=${height - 20} /><text x=${x(at)} y=${height - 6}>${to - from < 72 * HOUR_MS ? hour(at) : day(at)}</text></g>`)}
      ${shown.map(([lane, ones], row) => html`<g key=${lane}>
        <line class="lane" x1=${left} x2=${WIDTH - 16} y1=${row * LANE + 14} y2=${row * LANE + 14} />
        <text class="lane" x="0" y=${row * LANE + 18}>${clipped(lane, 34)}</text>
        ${ones.map((one) => html`<g key=${one.id} class="point" onClick=${() => go("snapshots", one.id)}>
          <title>${`${one.id} · ${word("label", one.label ?? "unproven")} · ${moment(one.created_at)}`}</title>
          <${Mark} label=${one.label ?? "unproven"} x=${x(one.created_at)} y=${row * LANE + 14} size=${4.5} /></g>`)}
      </g>`)}
    </svg>
    <figcaption>${seen.map((label) => html`<${Label} key=${label} of=${label === "unproven" ? null : label} />`)}
      ${lanes.length > MOST_LANES ? html`<span class="quiet">${t("timeline.rest", { n: lanes.length - MOST_LANES })}</span>` : null}</figcaption>
  </figure>`;
}

/* The longest lock of each run, oldest first. `runs` have `locked_ms_max`; those without one are left out. */
export function Locks({ runs }) {
  const known = runs.filter((run) => run.locked_ms_max !== null).sort((a, b) => a.due.localeCompare(b.due));
  const top_ms = rounded(Math.max(...known.map((run) => run.locked_ms_max)));
  const left = 64;
  const height = 180;
  const ground = height - 24;
  const step = (WIDTH - left - 16) / known.length;
  const y = (ms) => ground - (ms / top_ms) * (ground - 12);
  const worst = known.reduce((a, b) => (b.locked_ms_max > a.locked_ms_max ? b : a));
  return html`<figure class="chart">
    <svg viewBox="0 0 ${WIDTH} ${height}" role="img"
      aria-label=${t("locks.says", { n: known.length, most: locked(worst.locked_ms_max), run: worst.run })}>
      ${[0, 0.5, 1].map((share) => html`<g key=${share} class="tick">
        <line x1=${left} x2=${WIDTH - 16} y1=${y(share * top_ms)} y2=${y(share * top_ms)} />
        <text class="value" x=${left - 8} y=${y(share * top_ms) + 4}>${locked(share * top_ms)}</text></g>`)}
      ${known.map((run, place) => html`<g key=${`${run.run} ${run.region}`} class="point" onClick=${() => go("runs", run.run)}>
        <title>${`${run.run} · ${locked(run.locked_ms_max)}`}</title>
        <rect class="lock" x=${left + place * step + step * 0.15} width=${Math.max(Math.min(step * 0.7, 28), 1.5)}
          y=${y(run.locked_ms_max)} height=${Math.max(ground - y(run.locked_ms_max), 1)} rx="1.5" /></g>`)}
      <g class="tick"><text class="first" x=${left} y=${height - 6}>${moment(known[0].due)}</text>
        <text class="last" x=${WIDTH - 16} y=${height - 6}>${moment(known[known.length - 1].due)}</text></g>
    </svg>
    <figcaption class="quiet">${t("locks.caption")}</figcaption>
  </figure>`;
}

/* What a host did while it was held, step by step, in one bar. `steps`: [{ name, ms }]. */
export function Steps({ steps }) {
  const total_ms = steps.reduce((sum, step) => sum + step.ms, 0) || 1;
  const starts = steps.map((_, place) => steps.slice(0, place).reduce((sum, step) => sum + step.ms, 0));
  return html`<figure class="chart steps">
    <svg viewBox="0 0 ${WIDTH} 22" preserveAspectRatio="none" aria-hidden="true">
      ${steps.map((step, place) => html`<rect key=${place} class="step s${place % 6}" height="22"
        x=${(starts[place] / total_ms) * WIDTH} width=${Math.max((step.ms / total_ms) * WIDTH, 1)} />`)}
    </svg>
    <figcaption>${steps.map((step, place) => html`<span key=${place} class="key"><i class="s${place % 6}" aria-hidden="true"></i>
      <bdi>${step.name}</bdi> <span class="num quiet">${locked(step.ms)}</span></span>`)}</figcaption>
  </figure>`;
}

function laned(snapshots) {
  const lanes = new Map();
  for (const one of snapshots) {
    const lane = [one.disk_id ?? "–", one.policy].filter(Boolean).join(" · ");
    lanes.set(lane, [...(lanes.get(lane) ?? []), one]);
  }
  return [...lanes].sort(([a], [b]) => a.localeCompare(b));
}

/* Even moments of the reader's zone: midnights, or hours where the span is short. */
function ticks(from, to) {
  const step_ms = STEPS_MS.find((one) => (to - from) / one <= MOST_TICKS) ?? STEPS_MS[STEPS_MS.length - 1];
  const shift_ms = zoneShift(to);
  const first = Math.ceil((+from + shift_ms) / step_ms) * step_ms - shift_ms;
  return Array.from({ length: Math.floor((to - first) / step_ms) + 1 }, (_, place) => new Date(first + place * step_ms));
}

/* The next round figure above. */
function rounded(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10].map((one) => one * power).find((one) => one >= value);
}

const clipped = (text, most) => ([...text].length > most ? `${[...text].slice(0, most - 1).join("")}…` : text);
