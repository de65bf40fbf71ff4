/* Quota and size: how many snapshots a region has room for, what they take up and what is billed. */

import { html } from "../vendor/preact.js";
import { useThing } from "../api.js";
import { Loaded, Page, Refresh, Table } from "../parts.js";
import { gib, number } from "../format.js";
import { Gauges } from "../gauges.js";
import { t } from "../words.js";

export default function Quota() {
  const quota = useThing("v1/quota");
  const columns = [["region", t("region")], ["used", t("quota.used"), "right num"], ["limit", t("quota.limit"), "right num"], ["left", t("quota.remains"), "right num"],
    ["size", t("size"), "right num"], ["free", t("quota.free"), "right num"], ["billed", t("quota.billed"), "right num"]];
  return html`<${Page} title=${t("nav.quota")} actions=${html`<${Refresh} from=${quota} />`}>
    <p class="quiet">${t("quota.what")}</p>
    <${Loaded} from=${quota}>${(found) => html`<${Gauges} items=${found.items} />
      <${Table} name=${t("nav.quota")} columns=${columns} rows=${found.items.map((one) => ({ key: one.region, cells: {
        region: one.region, used: number(one.used), limit: number(one.limit), left: number(one.left), size: gib(one.size_gib), free: gib(one.free_gib), billed: gib(one.billed_gib) } }))} />`}<//>
  <//>`;
}
