/* Restore drills: has a snapshot of each policy been brought back to life, and was it whole? */

import { html, useState } from "../vendor/preact.js";
import { call, may, newKey, useList } from "../api.js";
import { Badge, Empty, Facts, Id, Loaded, More, Name, Page, Refresh, Refusal, Said, Time, Verdict, announce } from "../parts.js";
import { ago, moment } from "../format.js";
import { link } from "../routes.js";
import { t } from "../words.js";

export default function Drills({ me }) {
  const drills = useList("v1/drills");
  return html`<${Page} title=${t("nav.drills")} actions=${html`<${Refresh} from=${drills} />`}>
    <p class="quiet">${t("drills.what")}</p>
    <${Loaded} from=${drills}>${() => (drills.items.length
      ? html`<div class="cards">${drills.items.map((one) => html`<${Drill} key=${`${one.policy} ${one.snapshot_id}`} of=${one} me=${me} />`)}</div><${More} from=${drills} />`
      : html`<${Empty} title=${t("drills.none")}>${t("drills.none.do")}<//>`)}<//>
  <//>`;
}

function Drill({ of, me }) {
  const [asked, setAsked] = useState({});
  const run = () => call("POST", "v1/drills", { body: { policy: of.policy }, key: newKey() }).then(
    () => { setAsked({ done: true }); announce(t("drill.asked")); }, (problem) => setAsked({ problem }));
  return html`<section class="card" aria-label=${of.policy}>
    <div class="heading"><h2><${Name} whole=${true}>${of.policy}<//></h2><${Verdict} of=${of.verdict} />
      <div class="actions"><button type="button" onClick=${run} disabled=${asked.done || !may(me, "restore")}
        title=${may(me, "restore") ? undefined : t("restore.scope")}>${t("drill.run")}</button></div></div>
    ${asked.done ? html`<p role="status"><${Badge} tone="calm" icon="wait">${t("drill.asked")}<//></p>` : null}<${Refusal} of=${asked.problem} />
    <${Facts} of=${[[t("snapshot"), of.snapshot_id ? html`<a href=${link("snapshots", of.snapshot_id)}><${Id}>${of.snapshot_id}<//></a>` : null], [t("region"), of.region],
      [t("drill.at"), of.at ? html`<${Time} iso=${of.at}>${moment(of.at)}<//> <span class="quiet">${ago(of.at)}</span>` : null],
      [t("reason"), of.reason ? html`<${Said}>${of.reason}<//>` : null]]} />
    ${(of.checks ?? []).length ? html`<ul class="checks">${of.checks.map((one) => html`<li key=${one.name ?? one}><${Check} of=${one} /></li>`)}</ul>` : null}
  </section>`;
}

/* A check is a sentence, or { name, passed, detail }. */
function Check({ of }) {
  if (typeof of === "string") return html`<${Said}>${of}<//>`;
  const tone = of.passed ? "good" : "bad";
  return html`<${Badge} tone=${tone} icon=${tone}><${Said}>${of.name}<//><//> ${of.detail ? html`<span class="quiet"><${Said}>${of.detail}<//></span>` : null}`;
}
