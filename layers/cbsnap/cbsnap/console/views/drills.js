/* Restore drills: has a snapshot of each policy been brought back to life, and was it whole? */

import { html, useState } from "../vendor/preact.js";
import { call, may, newKey, useThing } from "../api.js";
import { Badge, Empty, Id, Loaded, Name, Page, Refresh, Refusal, Time, Verdict, announce } from "../parts.js";
import { ago, moment } from "../format.js";
import { link } from "../routes.js";
import { t } from "../words.js";

export default function Drills({ me }) {
  const drills = useThing("v1/drills");
  return html`<${Page} title=${t("nav.drills")} actions=${html`<${Refresh} from=${drills} />`}>
    <p class="quiet">${t("drills.what")}</p>
    <${Loaded} from=${drills}>${({ items }) => (items.length
      ? html`<div class="cards">${[...new Set(items.map((one) => one.policy))].map((policy) => html`<${Drill} key=${policy}
          policy=${policy} of=${items.filter((one) => one.policy === policy)} me=${me} />`)}</div>`
      : html`<${Empty} title=${t("drills.none")}>${t("drills.none.do")}<//>`)}<//>
  <//>`;
}

/* One policy's newest drill: each snapshot that it tried, with what it came to. */
function Drill({ policy, of, me }) {
  const [asked, setAsked] = useState({});
  const run = () => call("POST", "v1/drills", { body: { policy }, key: newKey() }).then(
    () => { setAsked({ done: true }); announce(t("drill.asked")); }, (problem) => setAsked({ problem }));
  return html`<section class="card" aria-label=${policy}>
    <div class="heading"><h2><${Name} whole=${true}>${policy}<//></h2>
      <div class="actions"><button type="button" onClick=${run} disabled=${asked.done || !may(me, "restore")}
        title=${may(me, "restore") ? undefined : t("restore.scope")}>${t("drill.run")}</button></div></div>
    ${asked.done ? html`<p role="status"><${Badge} tone="calm" icon="wait">${t("drill.asked")}<//></p>` : null}<${Refusal} of=${asked.problem} />
    <ul class="checks">${of.map((one) => html`<li key=${one.snapshot_id}>
      ${one.verdict ? html`<${Verdict} of=${one.verdict} />` : html`<${Badge} tone="calm" icon="wait">${t("run.going")}<//>`}
      <a href=${link("snapshots", one.snapshot_id)}><${Id}>${one.snapshot_id}<//></a>
      <span class="quiet">${one.region}</span>
      <span class="quiet"><${Time} iso=${one.run_due}>${moment(one.run_due)}<//> (${ago(one.run_due)})</span></li>`)}</ul>
  </section>`;
}
