/* Past and present runs, and for how long hosts were held. */

import { html } from "../vendor/preact.js";
import { useList } from "../api.js";
import { Locks } from "../charts.js";
import { Badge, Empty, Id, Label, Loaded, More, Page, Refresh, Table, Time } from "../parts.js";
import { ago, locked, moment, number } from "../format.js";
import { link } from "../routes.js";
import { t } from "../words.js";

export default function Runs({ query }) {
  const runs = useList("v1/runs", { policy: query.policy, region: query.region });
  return html`<${Page} title=${t("nav.runs")} actions=${html`<${Refresh} from=${runs} />`}>
    <${Loaded} from=${runs}>${() => html`<${Known} runs=${runs.items} /><${More} from=${runs} />`}<//>
  <//>`;
}

function Known({ runs }) {
  if (!runs.length) return html`<${Empty} title=${t("runs.none")}>${t("runs.none.do")} <a href=${link("policies")}>${t("nav.policies")}</a><//>`;
  const measured = runs.some((run) => run.locked_ms_max !== null);
  const columns = [["run", t("run")], ["due", t("due")], ["disks", t("nav.disks"), "right num"], ["done", t("state")],
    ["labels", t("trust"), "wide"], ["locked", t("locked.ms"), "right num"]];
  const rows = runs.map((run) => ({ key: `${run.run} ${run.region}`, cells: {
    run: html`<span class="lead"><a href=${link("runs", run.run, { region: run.region })}><bdi>${run.policy}</bdi></a></span>
      <span class="sub"><${Id}>${run.key ? `#${run.key}` : run.run}<//> · ${run.region}</span>`,
    due: html`<${Time} iso=${run.due}><span class="num">${moment(run.due)}</span><//> <span class="sub">${ago(run.due)}</span>`,
    disks: html`${number(run.taken)}<span class="quiet"> / ${number(run.disks)}</span>`,
    done: html`<${Outcome} of=${run} />`,
    labels: html`<ul class="chips bare">${Object.entries(run.labels).map(([label, count]) => html`<li key=${label}>
      <span class="num">${number(count)}</span> <${Label} of=${label === "unproven" ? null : label} /></li>`)}</ul>`,
    locked: locked(run.locked_ms_max),
  } }));
  return html`<section class="panel"><h2>${t("locks")}</h2>
      ${measured ? html`<div class="scroll" tabindex="0" role="region" aria-label=${t("locks")}><${Locks} runs=${runs} /></div>`
        : html`<${Empty} title=${t("locks.none")}>${t("locks.none.do")}<//>`}</section>
    <${Table} name=${t("nav.runs")} columns=${columns} rows=${rows} />`;
}

export const Outcome = ({ of }) => {
  if (of.failed) return html`<${Badge} tone="bad" icon="bad">${t("run.failed", { n: of.failed })}<//>`;
  if (!of.disks) return html`<${Badge} tone="none" icon="none">${t("run.empty")}<//>`;
  return of.done ? html`<${Badge} tone="good" icon="good">${t("run.done")}<//>` : html`<${Badge} tone="calm" icon="wait">${t("run.going")}<//>`;
};
