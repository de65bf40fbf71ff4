/* Search: disks, snapshots, policies and runs that have the text in a name or an id. */

import { html } from "../vendor/preact.js";
import { useList, useThing } from "../api.js";
import { Empty, Id, Loaded, Page } from "../parts.js";
import { link } from "../routes.js";
import { t } from "../words.js";
import { DiskTable } from "./disks.js";
import { SnapshotTable } from "./snapshots.js";

export default function Search({ id: text, me }) {
  const disks = useList("v1/disks", { q: text });
  const snapshots = useList("v1/snapshots", {}, 1000);
  const policies = useThing("v1/policies");
  const has = (...texts) => texts.some((one) => one?.toLowerCase().includes(text.toLowerCase()));
  const taken = (snapshots.items ?? []).filter((one) => has(one.id, one.name, one.title, one.disk_id));
  const named = (policies.data?.items ?? []).filter((one) => has(one.name, one.select));
  const none = [disks, snapshots, policies].every((one) => one.data) && !disks.items.length && !taken.length && !named.length;
  return html`<${Page} title=${t("search.for", { text })}>
    ${none ? html`<${Empty} title=${t("search.none")}>${t("search.none.do")}<//>` : null}
    <${Loaded} from=${disks}>${() => (disks.items.length ? html`<h2>${t("nav.disks")}</h2><${DiskTable} disks=${disks.items} me=${me} />` : null)}<//>
    <${Loaded} from=${policies}>${() => (named.length ? html`<h2>${t("nav.policies")}</h2><ul class="found">${named.map((one) => html`<li key=${one.name}>
      <a href=${link("policies", "", { policy: one.name })}><bdi>${one.name}</bdi></a> <${Id}>${one.schedule}<//></li>`)}</ul>` : null)}<//>
    <${Loaded} from=${snapshots}>${() => (taken.length ? html`<h2>${t("nav.snapshots")}</h2><${SnapshotTable} snapshots=${taken} me=${me} />` : null)}<//>
    ${snapshots.more ? html`<p class="quiet">${t("search.partial", { n: snapshots.items.length })} <button type="button" onClick=${snapshots.more}>${t("more")}</button></p>` : null}
  <//>`;
}
