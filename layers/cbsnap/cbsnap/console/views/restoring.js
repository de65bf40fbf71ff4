/* A restore under way: its steps as they are done. */

import { html, useEffect } from "../vendor/preact.js";
import { useThing } from "../api.js";
import { Badge, Facts, Icon, Id, Loaded, Page, Progress, Refresh, Said, announce } from "../parts.js";
import { link } from "../routes.js";
import { t, word } from "../words.js";

const OVER = { done: ["good", "good"], failed: ["bad", "bad"] };

export default function Restoring({ id, query }) {
  const found = useThing(`v1/restores/${encodeURIComponent(id)}`, { region: query.region }, (one) => one && !(one.state in OVER));
  return html`<${Page} title=${t("restoring")} crumb=${["snapshots", t("nav.snapshots")]} actions=${html`<${Refresh} from=${found} />`}>
    <${Loaded} from=${found}>${(one) => html`<${Told} of=${one} />`}<//>
  <//>`;
}

function Told({ of }) {
  useEffect(() => announce(word("restoring", of.state)), [of.state]);
  const [tone, icon] = OVER[of.state] ?? ["calm", "wait"];
  return html`<${Facts} of=${[[t("state"), html`<${Badge} tone=${tone} icon=${icon}>${word("restoring", of.state)}<//>`],
      [t("progress"), of.percent === null || of.state === "done" ? null : html`<${Progress} percent=${of.percent} name=${t("progress")} />`],
      [t("reason"), of.reason ? html`<${Said}>${of.reason}<//>` : null],
      [t("nav.disks"), of.disk_ids.length ? of.disk_ids.map((id) => html`<a key=${id} href=${link("disks", id)}><${Id}>${id}<//></a> `) : null],
      [t("nav.snapshots"), of.snapshot_ids.length ? of.snapshot_ids.map((id) => html`<a key=${id} href=${link("snapshots", id)}><${Id}>${id}<//></a> `) : null]]} />
    <ol class="doing">${of.steps.map((step) => html`<li key=${step.text} class=${step.done ? "done" : ""}>
      <${Icon} name=${step.done ? "good" : "wait"} /><span class="unseen">${step.done ? t("step.done") : t("step.open")}</span> <${Said}>${step.text}<//></li>`)}</ol>`;
}
