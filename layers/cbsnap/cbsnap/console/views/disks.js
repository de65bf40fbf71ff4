/* All disks: is each protected, by what, how fresh; and a snapshot at one press. */

import { html, useState } from "../vendor/preact.js";
import { useAll, useList, useThing } from "../api.js";
import { Age, Badge, Choice, Empty, Id, Label, Loaded, More, Name, Page, Refresh, Said, Standing, STANDING_ORDER, Table } from "../parts.js";
import { gib, number } from "../format.js";
import { link, refine } from "../routes.js";
import { t, word } from "../words.js";
import { CreateButton } from "../create.js";
import { Gauges } from "../gauges.js";

export default function Disks({ me, query }) {
  const asked = { region: query.region, policy: query.policy, standing: query.standing, q: query.q };
  const disks = useList("v1/disks", asked);
  const coverage = useAll("v1/coverage", { region: query.region });
  const quota = useThing("v1/quota", { region: query.region });
  const again = () => { disks.again(); coverage.again(); quota.again(); };
  return html`<${Page} title=${t("nav.disks")} actions=${html`<${Refresh} from=${{ again, busy: disks.busy }} />`}>
    <section class="overview" aria-label=${t("overview")}>
      <${Loaded} from=${coverage}>${() => html`<${Tally} items=${coverage.items} chosen=${query.standing} />`}<//>
      <${Loaded} from=${quota}>${(found) => html`<${Gauges} items=${found.items} />`}<//>
    </section>
    <${Filters} me=${me} query=${query} policies=${policiesOf(coverage.items)} />
    <${Loaded} from=${disks}>${() => html`
      <${DiskTable} disks=${disks.items} me=${me} filtered=${Object.values(asked).some(Boolean)} /><${More} from=${disks} />`}<//>
  <//>`;
}

/* How many disks stand how; each count is a filter. */
function Tally({ items, chosen }) {
  const counts = STANDING_ORDER.map((standing) => [standing, items.filter((one) => one.standing === standing).length]);
  return html`<ul class="tally">${counts.filter(([standing, count]) => count || standing === "covered").map(([standing, count]) => html`<li key=${standing}>
    <button type="button" class=${standing === chosen ? "chosen" : ""} aria-pressed=${standing === chosen ? "true" : "false"}
      onClick=${() => refine({ standing: standing === chosen ? "" : standing })}>
      <strong class="num">${number(count)}</strong><${Standing} of=${standing} /></button></li>`)}</ul>`;
}

function Filters({ me, query, policies }) {
  const [text, setText] = useState(query.q ?? "");
  const find = (event) => { event.preventDefault(); refine({ q: text.trim() }); };
  const regions = [["", t("all")], ...me.regions.map((one) => [one, one])];
  return html`<form class="filters" onSubmit=${find}>
    <label class="field inline"><span>${t("find")}</span>
      <input type="search" value=${text} placeholder=${t("disks.find")} onInput=${(event) => setText(event.target.value)}
        onSearch=${find} onChange=${find} /></label>
    ${me.regions.length > 1 ? html`<${Choice} name=${t("region")} value=${query.region} options=${regions} onChange=${(region) => refine({ region })} />` : null}
    <${Choice} name=${t("policy")} value=${query.policy} options=${[["", t("all")], ...policies.map((one) => [one, one])]}
      onChange=${(policy) => refine({ policy })} />
    <${Choice} name=${t("standing")} value=${query.standing}
      options=${[["", t("all")], ...STANDING_ORDER.map((one) => [one, word("standing", one)])]} onChange=${(standing) => refine({ standing })} />
  </form>`;
}

export function DiskTable({ disks, me, filtered }) {
  if (!disks.length) {
    return filtered
      ? html`<${Empty} title=${t("disks.nomatch")}>${t("disks.nomatch.do")} <a href=${link("disks")}>${t("filters.clear")}</a><//>`
      : html`<${Empty} title=${t("disks.none")}>${t("disks.none.do")}<//>`;
  }
  const columns = [["name", t("disk")], ["standing", t("standing"), "wide"], ["size", t("size"), "right num"],
    ["count", t("nav.snapshots"), "right num"], ["do", t("actions"), "do"]];
  const rows = disks.map((disk) => ({ key: disk.id, cells: {
    name: html`<span class="lead"><a href=${link("disks", disk.id, { region: disk.region })}><${Name}>${disk.name || disk.id}<//></a></span>
      <span class="sub"><${Id}>${disk.id}<//></span>
      <span class="sub">${disk.zone} · ${disk.instance_ids.length ? html`<${Id}>${disk.instance_ids.join(", ")}<//>` : t("detached")}</span>`,
    standing: html`<${Cover} disk=${disk} />`,
    size: gib(disk.size_gib),
    count: html`${number(disk.snapshots)}<span class="quiet"> / ${number(disk.snapshots + disk.snapshots_left)}</span>`,
    do: html`<${CreateButton} disk=${disk} among=${disks} me=${me} />`,
  } }));
  return html`<${Table} name=${t("nav.disks")} columns=${columns} rows=${rows} />`;
}

/* How a disk stands with each policy that selects it. */
export const Cover = ({ disk }) => html`<ul class="cover">${disk.coverage.length ? null : html`<li><${Standing} of="no policy" /></li>`}
${disk.coverage.map((one) => html`<li key=${one.policy}>
  <${Standing} of=${one.standing} />
  ${one.policy ? html`<a class="quiet" href=${link("policies", "", { policy: one.policy })}>${one.policy}</a>` : null}
  ${one.snapshot_id ? html`<a class="bare" href=${link("snapshots", one.snapshot_id)}><${Label} of=${one.label} /></a>` : null}
  <${Age} age_s=${one.age_s} target_s=${one.target_s} />
  ${one.drill === "failed" ? html`<${Badge} tone="bad" icon="bad">${t("drill.failed")}<//>` : null}
</li>`)}
${disk.unfit ? html`<li><${Badge} tone="late" icon="late">${t("unfit")}<//> <span class="quiet"><${Said}>${disk.unfit}<//></span></li>` : null}</ul>`;

const policiesOf = (coverage) => [...new Set((coverage ?? []).map((one) => one.policy).filter(Boolean))].sort();
