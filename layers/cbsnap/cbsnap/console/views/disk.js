/* One disk: how it stands, its snapshots on a time line, and what can be done. */

import { html } from "../vendor/preact.js";
import { useList, useThing } from "../api.js";
import { Facts, Id, Loaded, Name, Page, Refresh } from "../parts.js";
import { gib } from "../format.js";
import { t, word } from "../words.js";
import { CreateButton } from "../create.js";
import { Cover } from "./disks.js";
import { Snapshots } from "./snapshots.js";

export default function Disk({ id, me, query }) {
  const disk = useThing(`v1/disks/${encodeURIComponent(id)}`, { region: query.region });
  const snapshots = useList("v1/snapshots", { disk_id: id, region: query.region }, 1000);
  const again = () => { disk.again(); snapshots.again(); };
  const beside = useList(disk.data?.instance_ids.length ? "v1/disks" : null, { q: disk.data?.instance_ids[0], region: query.region });
  const title = html`<${Name} whole=${true}>${disk.data?.name || id}<//>`;
  const actions = html`<${Refresh} from=${{ again, busy: disk.busy }} />
    ${disk.data ? html`<${CreateButton} disk=${disk.data} among=${beside.items ?? []} me=${me} />` : null}`;
  return html`<${Page} title=${title} crumb=${["disks", t("nav.disks")]} actions=${actions}>
    <${Loaded} from=${disk}>${(one) => html`
      <${Facts} of=${[[t("id"), html`<${Id}>${one.id}<//>`], [t("standing"), html`<${Cover} disk=${one} />`],
        [t("zone"), one.zone], [t("instance"), one.instance_ids.length ? html`<${Id}>${one.instance_ids.join(", ")}<//>` : t("detached")],
        [t("usage"), word("usage", one.usage)], [t("type"), one.type], [t("size"), gib(one.size_gib)],
        [t("state"), one.state], [t("encrypted"), one.encrypted ? t("yes") : t("no")],
        [t("quota"), t("disk.quota", { used: one.snapshots, n: one.snapshots_left })],
        [t("tags"), Object.entries(one.tags).length ? html`<${Tags} of=${one.tags} />` : null]]} />`}<//>
    <h2>${t("nav.snapshots")}</h2>
    <${Loaded} from=${snapshots}>${() => html`<${Snapshots} from=${snapshots} name=${id} me=${me} oneDisk=${true} />`}<//>
  <//>`;
}

const Tags = ({ of }) => html`<ul class="chips">${Object.entries(of).map(([key, value]) =>
  html`<li key=${key}><bdi>${key}</bdi>: <bdi>${value}</bdi></li>`)}</ul>`;
