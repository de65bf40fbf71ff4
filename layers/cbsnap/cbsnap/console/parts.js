/* The pieces that every page is built of. What a state means is always said by a word beside its icon.

Names come from outside: they are set as text, in a `bdi`, so that neither markup nor direction gets out. */

import { html, useEffect, useRef } from "./vendor/preact.js";
import { t, word } from "./words.js";
import { span } from "./format.js";
import { link } from "./routes.js";

const DRAWN = {
  good: "M3 8.5l3.2 3.2L13 5",
  bad: "M4 4l8 8M12 4l-8 8",
  late: "M8 4v4.5l3 1.8M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z",
  none: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM3.6 3.6l8.8 8.8",
  wait: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM5 8h.01M8 8h.01M11 8h.01",
  what: "M6 6a2 2 0 1 1 2.8 1.9c-.6.3-.8.7-.8 1.4M8 12h.01",
  lock: "M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
  camera: "M2 5h3l1-1.8h4L11 5h3v8H2zM8 11a2.2 2.2 0 1 0 0-4.4A2.2 2.2 0 0 0 8 11z",
  back: "M6 3L2.5 6.5 6 10M2.5 6.5H10a3.5 3.5 0 0 1 0 7H6",
  again: "M13.5 8A5.5 5.5 0 1 1 12 4.2M12.5 1.5v3h-3",
  find: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6L14 14",
  disk: "M2.5 4c0-1.2 2.5-2 5.5-2s5.5.8 5.5 2v8c0 1.2-2.5 2-5.5 2s-5.5-.8-5.5-2zM2.5 4c0 1.2 2.5 2 5.5 2s5.5-.8 5.5-2M2.5 8c0 1.2 2.5 2 5.5 2s5.5-.8 5.5-2",
  runs: "M2 13V8M6 13V3M10 13v-3M14 13V6",
  policy: "M3 2.5h10v11H3zM5.5 5.5h5M5.5 8h5M5.5 10.5h3",
  drill: "M8 1.5l5.5 2v4c0 3.3-2.2 5.6-5.5 7-3.3-1.4-5.5-3.7-5.5-7v-4zM5.5 8l2 2 3-3.6",
  host: "M2.5 2.5h11v4h-11zM2.5 9.5h11v4h-11zM5 4.5h.01M5 11.5h.01",
  quota: "M2.5 11.5a5.5 5.5 0 1 1 11 0M8 11.5L10.5 7",
  moon: "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6z",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  auto: "M8 1.5a6.5 6.5 0 1 0 0 13zM8 1.5a6.5 6.5 0 0 1 0 13",
  out: "M9.5 2.5h-6v11h6M7 8h7M11.5 5L14 8l-2.5 3",
};

export const Icon = ({ name }) =>
  html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${DRAWN[name]} /></svg>`;

/* A state: icon and word. `tone` is good, bad, late, calm or none. */
export const Badge = ({ tone, icon, children }) =>
  html`<span class="badge ${tone}"><${Icon} name=${icon} />${children}</span>`;

const STANDINGS = {
  covered: ["good", "good"],
  stale: ["late", "late"],
  "no good snapshot": ["bad", "bad"],
  "not due yet": ["calm", "wait"],
  "no policy": ["none", "none"],
};
/* The API's words for how a disk stands, the worst first. */
export const STANDING_ORDER = ["no good snapshot", "stale", "no policy", "not due yet", "covered"];
export const Standing = ({ of }) => {
  const [tone, icon] = STANDINGS[of] ?? ["calm", "what"];
  return html`<${Badge} tone=${tone} icon=${icon}>${word("standing", of)}<//>`;
};

/* How far a snapshot may be trusted: a mark whose shape says it, too, and the word. */
export const LABELS = ["clean", "application", "filesystem", "crash", "unproven"];
export const Mark = ({ label, x, y, size = 5 }) => {
  const at = `M${x} ${y}`;
  const shapes = {
    clean: `${at}m0 ${-size * 1.25}l${size * 1.25} ${size * 1.25}l${-size * 1.25} ${size * 1.25}l${-size * 1.25} ${-size * 1.25}z`,
    application: `${at}m${-size} 0a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0z`,
    filesystem: `${at}m${-size * 0.9} ${-size * 0.9}h${size * 1.8}v${size * 1.8}h${-size * 1.8}z`,
    crash: `${at}m0 ${-size}l${size * 1.1} ${size * 1.9}h${-size * 2.2}z`,
    unproven: `${at}m${-size} 0a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0z`,
  };
  return html`<path class="mark ${label}" d=${shapes[label]} />`;
};
export const Label = ({ of }) => {
  const name = of ?? "unproven";
  return html`<span class="label ${name}" title=${t(`label.${name}.why`)}>
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><${Mark} label=${name} x=${8} y=${8} /></svg>${word("label", name)}
  </span>`;
};

/* The label of a snapshot; one that is not this deployment's has none to trust. */
export const Trust = ({ of, why = false }) => (of.ours
  ? html`<${Label} of=${of.label} />${why ? html` <span class="quiet">${t(`label.${of.label ?? "unproven"}.why`)}</span>` : null}`
  : html`<${Badge} tone="none" icon="what">${t("foreign")}<//>`);

const STATES = { NORMAL: ["good", "good"], CREATING: ["calm", "wait"] };
export const State = ({ of }) => {
  const [tone, icon] = STATES[of] ?? ["late", "late"];
  return html`<${Badge} tone=${tone} icon=${icon}>${word("state", of)}<//>`;
};

const VERDICTS = { passed: ["good", "good"], failed: ["bad", "bad"], late: ["late", "late"] };
export const Verdict = ({ of }) => {
  const [tone, icon] = VERDICTS[of] ?? ["none", "what"];
  return html`<${Badge} tone=${tone} icon=${icon}>${word("verdict", of ?? "none")}<//>`;
};

/* A name from outside; what is long is cut by the style, and whole in the title. */
export const Name = ({ children, whole = false }) =>
  html`<bdi class=${whole ? "name whole" : "name"} title=${whole ? undefined : children}>${children}</bdi>`;
export const Id = ({ children }) => html`<code class="id">${children}</code>`;
export const Time = ({ iso, children }) => html`<time datetime=${iso}>${children}</time>`;

/* What the API says in its own words: English, as it is. */
export const Said = ({ children }) => html`<span lang="en"><bdi>${children}</bdi></span>`;

/* How old against how old it may be. */
export const Age = ({ age_s, target_s }) => {
  if (age_s === null || age_s === undefined) return null;
  const share = target_s ? Math.min(age_s / target_s, 1) : 0;
  const over = target_s && age_s > target_s;
  return html`<span class="age"><span class="num">${span(age_s)}${target_s ? html`<span class="quiet"> / ${span(target_s)}</span>` : null}</span>
    ${target_s ? html`<svg class="line ${over ? "bad" : ""}" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="4" rx="2" /><rect class="fill" width=${share * 100} height="4" rx="2" /></svg>` : null}
  </span>`;
};

export const Progress = ({ percent, name }) =>
  html`<span class="progress"><progress max="100" value=${percent ?? undefined} aria-label=${name}></progress>
    <span class="num">${percent ?? 0} %</span></span>`;

/* A page: its heading takes the focus when it comes, so that a screen reader starts there. */
export function Page({ title, crumb, actions, children }) {
  const heading = useRef();
  const said = typeof title === "string" ? title : undefined;
  useEffect(() => {
    if (document.body.dataset.moved) heading.current.focus({ preventScroll: true });
    document.body.dataset.moved = "yes";
    scrollTo(0, 0);
  }, []);
  useEffect(() => { document.title = `${said ?? heading.current.textContent} · cbsnap`; });
  return html`<div class="page">
    ${crumb ? html`<p class="crumb"><a href=${link(crumb[0])}>${crumb[1]}</a></p>` : null}
    <div class="heading"><h1 ref=${heading} tabindex="-1">${title}</h1><div class="actions">${actions}</div></div>
    ${children}
  </div>`;
}

/* A refusal, shown with all that helps to ask about it. */
export function Refusal({ of, again }) {
  if (!of) return null;
  const title = of.status === 0 ? t("refusal.offline") : (of.title ?? t("refusal"));
  return html`<div class="refusal" role="alert">
    <${Icon} name="bad" />
    <div>
      <p><strong>${title}</strong> ${of.status ? html`<span class="quiet num">${of.status}</span>` : null}</p>
      ${of.status ? html`<p><${Said}>${of.message}<//></p>` : html`<p>${t("refusal.offline.why")}</p>`}
      ${of.field ? html`<p class="quiet">${t("refusal.field")} <code>${of.field}</code></p>` : null}
      ${of.requestId ? html`<p class="quiet">${t("refusal.request")} <code>${of.requestId}</code></p>` : null}
      ${again ? html`<button type="button" onClick=${again}>${t("again")}</button>` : null}
    </div>
  </div>`;
}

/* What stands where nothing is yet: says what to do about it. */
export const Empty = ({ title, children }) =>
  html`<div class="empty"><p><strong>${title}</strong></p><p>${children}</p></div>`;

/* A thing that was loaded, or why not, or that it is on its way. */
export const Loaded = ({ from, children }) => html`
  ${from.problem ? html`<${Refusal} of=${from.problem} again=${from.again} />` : null}
  ${from.data ? children(from.data) : from.problem ? null : html`<p class="loading" role="status">${t("loading")}</p>`}`;

export const Refresh = ({ from }) =>
  html`<button type="button" class="plain" onClick=${from.again} aria-busy=${from.busy ? "true" : "false"}>
    <${Icon} name="again" />${t("refresh")}</button>`;

export const More = ({ from }) =>
  from.more ? html`<p class="more"><button type="button" onClick=${from.more} disabled=${from.busy}>${t("more")}</button></p>` : null;

/* A table that becomes cards on a narrow screen. `columns`: [key, heading, class]; `rows`: { key, cells }. */
export const Table = ({ name, columns, rows }) => html`<div class="scroll">
  <table role="table" aria-label=${name}>
    <thead role="rowgroup"><tr role="row">${columns.map(([key, heading, kind]) => html`<th key=${key} role="columnheader" scope="col" class=${kind}>${heading}</th>`)}</tr></thead>
    <tbody role="rowgroup">${rows.map(({ key, cells, kind }) => html`<tr key=${key} role="row" class=${kind}>
      ${columns.map(([column, heading, style]) => html`<td key=${column} role="cell" class=${style} data-name=${heading}><div>${cells[column]}</div></td>`)}
    </tr>`)}</tbody>
  </table>
</div>`;

export const Facts = ({ of }) => html`<dl class="facts">${of
  .filter(([, value]) => value !== null && value !== undefined && value !== "")
  .map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

/* A labelled choice. `options`: [value, text]. */
export const Choice = ({ name, value, options, onChange }) => html`<label class="field inline"><span>${name}</span>
  <select value=${value ?? ""} onChange=${(event) => onChange(event.target.value)}>
    ${options.map(([one, text]) => html`<option key=${one} value=${one} selected=${one === (value ?? "")}>${text}</option>`)}
  </select></label>`;

/* Say something to a screen reader, and to nobody else. */
export function announce(text) {
  const place = document.getElementById("announcements");
  if (place) place.textContent = text;
}

/* Tones and icons for what became of a disk in a run. */
const DECISIONS = {
  taken: ["good", "good"],
  adopted: ["good", "good"],
  "already done": ["good", "good"],
  dispatched: ["calm", "wait"],
  deferred: ["late", "late"],
  refused: ["bad", "bad"],
  failed: ["bad", "bad"],
};
export const Decision = ({ of }) => {
  const [tone, icon] = DECISIONS[of] ?? ["none", "what"];
  return html`<${Badge} tone=${tone} icon=${icon}>${word("decision", of)}<//>`;
};
