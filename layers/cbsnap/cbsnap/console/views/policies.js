/* Policies: what each promises, when it runs next, what it would do now, and running it now. */

import { html, useState } from "../vendor/preact.js";
import { call, may, newKey, useThing } from "../api.js";
import { Dialog } from "../create.js";
import { Badge, Decision, Empty, Facts, Id, Loaded, Name, Page, Refresh, Refusal, Said, Table, Time, announce } from "../parts.js";
import { dayAndTime, number, span, until, zoneName } from "../format.js";
import { go, link } from "../routes.js";
import { t, word } from "../words.js";

export default function Policies({ me, query }) {
  const policies = useThing("v1/policies");
  return html`<${Page} title=${t("nav.policies")} actions=${html`<${Refresh} from=${policies} />`}>
    <${Loaded} from=${policies}>${({ items }) => (items.length
      ? html`<p class="quiet">${t("times.in", { zone: zoneName() })}</p><div class="cards">${items.map((one) => html`<${Policy} key=${one.name} of=${one} me=${me} chosen=${query.policy === one.name} />`)}</div>`
      : html`<${Empty} title=${t("policies.none")}>${t("policies.none.do")}<//>`)}<//>
  <//>`;
}

function Policy({ of, me, chosen }) {
  const [plan, setPlan] = useState(null);
  const [asks, setAsks] = useState(false);
  const dryRun = async () => {
    setPlan({ busy: true });
    setPlan(await call("POST", `v1/policies/${encodeURIComponent(of.name)}/plan`).then((data) => ({ data }), (problem) => ({ problem })));
    announce(t("policy.planned", { name: of.name }));
  };
  return html`<section class="card ${chosen ? "chosen" : ""}" aria-label=${of.name}>
    <div class="heading"><h2><${Name} whole=${true}>${of.name}<//></h2>
      ${of.paused ? html`<${Badge} tone="late" icon="late">${t("policy.paused")}<//>` : null}
      <div class="actions"><button type="button" onClick=${dryRun}>${t("policy.plan")}</button>
        <button type="button" disabled=${!may(me, "snapshot")} title=${may(me, "snapshot") ? undefined : t("create.scope")} onClick=${() => setAsks(true)}>${t("policy.run")}</button></div></div>
    <${Facts} of=${[[t("schedule"), html`<code>${of.schedule}</code> <span class="quiet">${of.time_zone}</span>`],
      [t("selects"), html`<${Said}>${of.select}<//>`],
      [t("nav.disks"), html`<a href=${link("disks", "", { policy: of.name })}>${number(of.disks)}</a>`],
      [t("group"), word("group", of.group)], [t("plan"), of.quiesce ? html`<code><bdi>${of.quiesce.plan || t("policy.stops")}</bdi></code>` : t("policy.noplan")],
      [t("keep"), html`<${Keep} of=${of.keep} />`], [t("coverage"), of.coverage_s ? t("policy.within", { span: span(of.coverage_s) }) : null],
      [t("copies"), of.copy.length ? of.copy.join(", ") : null]]} />
    <h3>${t("next.runs")}</h3>
    ${of.next_runs.length && !of.paused ? html`<ol class="next">${of.next_runs.map(({ due, note }, place) => html`<li key=${due}>
      <${Time} iso=${due}><span class="num">${dayAndTime(due)}</span><//>${place ? null : html` <strong>${until(due)}</strong>`}
      ${note ? html` <span class="quiet"><${Said}>${note}<//></span>` : null}</li>`)}</ol>` : html`<p class="quiet">${t("next.none")}</p>`}
    ${plan ? html`<${Planned} of=${plan} />` : null}
    ${asks ? html`<${RunDialog} of=${of} onClose=${() => setAsks(false)} />` : null}
  </section>`;
}

/* How long snapshots stay: rules that are counts, and `within_s`, a length of time. */
const Keep = ({ of }) => html`<ul class="chips">${Object.entries(of)
  .filter(([, value]) => value)
  .map(([rule, value]) => html`<li key=${rule}>${rule === "within_s" ? t("keep.within", { span: span(value) }) : t(`keep.${rule}`, { n: value })}</li>`)}</ul>`;

/* A dry run: what would become of each disk now. */
function Planned({ of }) {
  if (of.busy) return html`<p class="loading" role="status">${t("loading")}</p>`;
  if (of.problem) return html`<${Refusal} of=${of.problem} />`;
  const columns = [["disk", t("disk")], ["decision", t("decision")], ["reason", t("reason")]];
  return html`<h3>${t("policy.now")}</h3>${of.data.items.map((one) => html`<div key=${one.region}>
    <p class="quiet">${one.region}${one.quota_left === null ? null : ` · ${t("quota.left", { n: one.quota_left })}`}</p>
    ${one.error ? html`<p><${Badge} tone="bad" icon="bad"><${Said}>${one.error}<//><//></p>` : null}
    ${one.outcomes.length ? html`<${Table} name=${t("policy.now")} columns=${columns} rows=${one.outcomes.map((each) => ({ key: each.disk_id, cells: {
      disk: html`<${Id}>${each.disk_id}<//>`, decision: html`<${Decision} of=${each.decision} />`, reason: html`<${Said}>${each.reason}<//>` } }))} />`
      : html`<p class="quiet">${t("policy.nothing")}</p>`}</div>`)}`;
}

function RunDialog({ of, onClose }) {
  const [problem, setProblem] = useState(null);
  const [key] = useState(newKey());
  const run = () => call("POST", "v1/runs", { body: { policy: of.name }, key }).then((made) => {
    onClose();
    go("runs", made.run);
  }, setProblem);
  return html`<${Dialog} title=${t("policy.run.of", { name: of.name })} onClose=${onClose}>
    <p>${t("policy.run.what", { n: of.disks })}</p><${Refusal} of=${problem} />
    <div class="ends"><button type="button" onClick=${onClose}>${t("cancel")}</button><button type="button" class="main" onClick=${run}>${t("policy.run")}</button></div>
  <//>`;
}
