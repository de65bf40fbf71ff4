/* Hosts: does an agent answer there, and is anything held right now? */

import { html } from "../vendor/preact.js";
import { useList } from "../api.js";
import { Badge, Empty, Id, Loaded, More, Name, Page, Refresh, Said, Table } from "../parts.js";
import { number } from "../format.js";
import { link } from "../routes.js";
import { t } from "../words.js";

export default function Hosts({ query }) {
  const hosts = useList("v1/hosts", { region: query.region });
  return html`<${Page} title=${t("nav.hosts")} actions=${html`<${Refresh} from=${hosts} />`}>
    <${Loaded} from=${hosts}>${() => (hosts.items.length ? html`<${HostTable} hosts=${hosts.items} /><${More} from=${hosts} />`
      : html`<${Empty} title=${t("hosts.none")}>${t("hosts.none.do")}<//>`)}<//>
  <//>`;
}

function HostTable({ hosts }) {
  const columns = [["host", t("instance")], ["agent", t("agent")], ["plans", t("plans")], ["held", t("held"), "right num"], ["ip", t("address")]];
  const rows = hosts.map((one) => ({ key: one.instance_id, cells: {
    host: html`<span class="lead"><a href=${link("disks", "", { q: one.instance_id })}><${Name}>${one.name || one.instance_id}<//></a></span>
      <span class="sub"><${Id}>${one.instance_id}<//> · ${one.region} · ${one.state}</span>`,
    agent: html`<${Agent} of=${one} />`,
    plans: one.agent ? html`<ul class="chips">${one.agent.plans.map((plan) => html`<li key=${plan}><bdi>${plan}</bdi></li>`)}</ul>` : null,
    held: one.agent ? number(Array.isArray(one.agent.leases) ? one.agent.leases.length : one.agent.leases) : "–",
    ip: html`<${Id}>${one.ip ?? "–"}<//>`,
  } }));
  return html`<${Table} name=${t("nav.hosts")} columns=${columns} rows=${rows} />`;
}

function Agent({ of }) {
  if (!of.agent) return html`<${Badge} tone=${of.error ? "bad" : "none"} icon=${of.error ? "bad" : "none"}>${t("agent.none")}<//>${of.error ? html` <span class="sub"><${Said}>${of.error}<//></span>` : null}`;
  if (of.agent.paused) return html`<${Badge} tone="late" icon="late">${t("agent.paused")}<//>`;
  return html`<${Badge} tone="good" icon="good">${t("agent.ready")}<//> <span class="sub">${of.agent.version}</span>`;
}
