/* Snapshots: a time line of them, and the list with filters. */

import { html, useState } from "../vendor/preact.js";
import { may, useList } from "../api.js";
import { TimeLine } from "../charts.js";
import { Choice, Empty, Id, LABELS, Loaded, More, Name, Page, Progress, Refresh, State, Table, Time, Trust, Verdict } from "../parts.js";
import { ago, moment, span } from "../format.js";
import { link, refine } from "../routes.js";
import { t, word } from "../words.js";

const DAY_S = 86400;
const SPANS_S = [DAY_S, 7 * DAY_S, 30 * DAY_S, 90 * DAY_S];

export default function SnapshotsPage({ me, query }) {
  const span_s = Number(query.span) || 7 * DAY_S;
  const [opened_ms] = useState(Date.now());
  const since = new Date(opened_ms - span_s * 1000).toISOString();
  const asked = { region: query.region, policy: query.policy, label: query.label, since };
  const snapshots = useList("v1/snapshots", asked, 1000);
  return html`<${Page} title=${t("nav.snapshots")} actions=${html`<${Refresh} from=${snapshots} />`}>
    <div class="filters">
      <${Choice} name=${t("timespan")} value=${String(span_s)} options=${SPANS_S.map((one) => [String(one), span(one)])} onChange=${(one) => refine({ span: one })} />
      ${me.regions.length > 1 ? html`<${Choice} name=${t("region")} value=${query.region} options=${[["", t("all")], ...me.regions.map((one) => [one, one])]}
        onChange=${(region) => refine({ region })} />` : null}
      <${Choice} name=${t("trust")} value=${query.label} options=${[["", t("all")], ...LABELS.filter((one) => one !== "unproven").map((one) => [one, word("label", one)])]}
        onChange=${(label) => refine({ label })} />
    </div>
    <${Loaded} from=${snapshots}>${() => html`<${Snapshots} from=${snapshots} me=${me} name=${t("all")} since=${since} />`}<//>
  <//>`;
}

/* A time line and the table of what it shows; `since` is its left edge, by default the oldest one's time. */
export function Snapshots({ from, name, since, me, oneDisk = false }) {
  const ones = from.items;
  if (!ones.length) return html`<${Empty} title=${t("snapshots.none")}>${t("snapshots.none.do")} <a href=${link("disks")}>${t("nav.disks")}</a><//>`;
  const oldest = ones.reduce((least, one) => (one.created_at < least ? one.created_at : least), ones[0].created_at);
  const start = new Date(since ?? new Date(oldest) - 36e5);
  return html`<section aria-label=${t("timeline")}><div class="scroll" tabindex="0" role="region" aria-label=${t("timeline")}>
    <${TimeLine} snapshots=${ones} from=${start} to=${new Date()} name=${name} /></div></section>
    <${SnapshotTable} snapshots=${ones} me=${me} oneDisk=${oneDisk} /><${More} from=${from} />`;
}

export function SnapshotTable({ snapshots, me, oneDisk }) {
  const columns = [["name", t("snapshot")], ...(oneDisk ? [] : [["disk", t("disk")]]), ["label", t("trust")], ["state", t("state")],
    ["taken", t("taken")], ["do", t("actions"), "do"]];
  const rows = snapshots.map((one) => ({ key: one.id, cells: {
    name: html`<span class="lead"><a href=${link("snapshots", one.id)}><${Name}>${one.title || one.name}<//></a></span>
      <span class="sub"><${Id}>${one.id}<//>${one.policy ? ` · ${one.policy}` : null}</span>`,
    disk: html`<a href=${link("disks", one.disk_id, { region: one.region })}><${Id}>${one.disk_id || "–"}<//></a>`,
    label: html`<${Trust} of=${one} />${one.drill ? html` <${Verdict} of=${one.drill} />` : null}`,
    state: one.state === "CREATING" ? html`<${Progress} percent=${one.percent} name=${t("progress.of", { name: one.id })} />` : html`<${State} of=${one.state} />`,
    taken: html`<${Time} iso=${one.created_at}><span class="num">${moment(one.created_at)}</span><//> <span class="sub">${ago(one.created_at)} · ${one.deadline ? t("keep.until", { moment: moment(one.deadline) }) : t("keep.forever")}</span>`,
    do: may(me, "restore") && one.state === "NORMAL" ? html`<a class="button" href=${link("restore", one.id)} aria-label=${t("restore.of", { name: one.id })}>${t("restore")}</a>` : null,
  } }));
  return html`<${Table} name=${t("nav.snapshots")} columns=${columns} rows=${rows} />`;
}
