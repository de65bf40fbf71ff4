/* One snapshot: what it is, how far it may be trusted, and what the host proved. */

import { html } from "../vendor/preact.js";
import { may, useThing } from "../api.js";
import { Steps } from "../charts.js";
import { Badge, Facts, Icon, Id, Loaded, Name, Page, Progress, Refresh, Said, State, Trust, Verdict } from "../parts.js";
import { gib, locked, moment } from "../format.js";
import { link } from "../routes.js";
import { t, word } from "../words.js";

export default function Snapshot({ id, me }) {
  const making = (one) => one?.state === "CREATING";
  const found = useThing(`v1/snapshots/${encodeURIComponent(id)}`, undefined, making);
  const title = html`<${Name} whole=${true}>${found.data?.title || found.data?.name || id}<//>`;
  const actions = html`<${Refresh} from=${found} />${may(me, "restore") && found.data?.state === "NORMAL"
    ? html`<a class="button main" href=${link("restore", id)}><${Icon} name="back" />${t("restore")}</a>` : null}`;
  return html`<${Page} title=${title} crumb=${["snapshots", t("nav.snapshots")]} actions=${actions}>
    <${Loaded} from=${found}>${(one) => html`
      <${Facts} of=${[[t("trust"), html`<${Trust} of=${one} why=${true} />`],
        [t("state"), one.state === "NORMAL" ? html`<${State} of=${one.state} />` : html`<${Progress} percent=${one.percent} name=${t("progress.of", { name: one.id })} />`],
        [t("drill"), one.drill ? html`<${Verdict} of=${one.drill} />` : null],
        [t("id"), html`<${Id}>${one.id}<//>`], [t("name"), html`<${Id}>${one.name}<//>`],
        [t("disk"), one.disk_id ? html`<a href=${link("disks", one.disk_id, { region: one.region })}><${Id}>${one.disk_id}<//></a>` : t("copied")],
        [t("policy"), one.policy], [t("run"), one.run ? html`<a href=${link("runs", one.run)}><${Id}>${one.run}<//></a>` : null],
        [t("taken"), moment(one.created_at)], [t("keep"), one.deadline ? moment(one.deadline) : t("keep.forever")],
        [t("region"), one.region], [t("size"), gib(one.size_gib)], [t("usage"), word("usage", one.usage)],
        [t("encrypted"), one.encrypted ? t("yes") : t("no")], [t("locked"), one.locked ? t("yes") : null],
        [t("shares"), one.shares || null], [t("images"), one.images?.length ? one.images.join(", ") : null]]} />
      <h2>${t("proof")}</h2>
      ${one.proof ? html`<${Proof} of=${one.proof} />` : html`<p class="quiet">${t("proof.none")}</p>`}`}<//>
  <//>`;
}

/* What a host attested of the lease that the snapshot was taken under. */
export function Proof({ of }) {
  const positions = Object.entries(of.positions ?? {});
  const steps = (of.steps ?? []).map((step) => (Array.isArray(step) ? { name: step[0], ms: step[1] } : step));
  return html`<section class="proof" aria-label=${t("proof")}>
    <${Facts} of=${[[t("proof.verdict"), of.verdict === "whole" ? html`<${Badge} tone="good" icon="good">${t("proof.whole")}<//>`
      : html`<${Badge} tone="bad" icon="bad"><${Said}>${of.verdict}<//><//>`],
      [t("proof.reason"), of.reason ? html`<${Said}>${of.reason}<//>` : null],
      [t("locked.ms"), locked(of.locked_ms)], [t("frozen.ms"), of.frozen_ms === null || of.frozen_ms === undefined ? null : locked(of.frozen_ms)],
      [t("proof.covers"), (of.covers ?? []).length ? html`<ul class="chips">${of.covers.map((one) => html`<li key=${one}><bdi>${one}</bdi></li>`)}</ul>` : null],
      [t("proof.caveats"), (of.caveats ?? []).length ? html`<ul class="chips">${of.caveats.map((one) => html`<li key=${one}><${Said}>${one}<//></li>`)}</ul>` : null],
      ...positions.map(([name, value]) => [name, html`<code><bdi>${typeof value === "string" ? value : JSON.stringify(value)}</bdi></code>`])]} />
    ${steps.length ? html`<${Steps} steps=${steps} />` : null}
  </section>`;
}
