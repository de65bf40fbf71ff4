/* One run, followed live until all its snapshots are whole: what became of each disk, and the hosts' proofs. */

import { html, useEffect, useRef } from "../vendor/preact.js";
import { useThing } from "../api.js";
import { Decision, Empty, Facts, Id, Label, Loaded, Page, Progress, Refresh, Said, State, Table, announce } from "../parts.js";
import { locked, moment, number } from "../format.js";
import { link } from "../routes.js";
import { t, word } from "../words.js";
import { Outcome } from "./runs.js";
import { Proof } from "./snapshot.js";

const NOT_SEEN_YET = 404;
const PATIENCE = 40;

export default function Run({ id, query }) {
  const misses = useRef(0);
  const unsettled = (run, problem) => {
    misses.current = problem?.status === NOT_SEEN_YET ? misses.current + 1 : 0;
    if (problem) return misses.current > 0 && misses.current < PATIENCE;
    return !run.done || !run.outcomes.every(settled);
  };
  const run = useThing(`v1/runs/${encodeURIComponent(id)}`, { region: query.region }, unsettled);
  const waits = !run.data && run.problem?.status === NOT_SEEN_YET && misses.current < PATIENCE;
  const shown = waits ? { busy: true } : { ...run, problem: run.data ? undefined : run.problem };
  return html`<${Page} title=${t("run")} crumb=${["runs", t("nav.runs")]} actions=${html`<${Refresh} from=${run} />`}>
    <${Loaded} from=${shown}>${(one) => html`<${Told} run=${one} id=${id} />`}<//>
    ${waits ? html`<${Empty} title=${t("run.waits")}>${t("run.waits.why")}<//>` : null}
  <//>`;
}

function Told({ run, id }) {
  useEffect(() => announce(spoken(run)), [spoken(run)]);
  const columns = [["disk", t("disk")], ["decision", t("decision")], ["state", t("progress"), "wide"], ["label", t("trust")],
    ["locked", t("locked.ms"), "right num"], ["reason", t("reason")]];
  const rows = run.outcomes.map((one) => ({ key: one.disk_id, cells: {
    disk: html`<a href=${link("disks", one.disk_id, { region: run.region })}><${Id}>${one.disk_id}<//></a>
      ${one.snapshot_id ? html`<span class="sub"><a href=${link("snapshots", one.snapshot_id)}><${Id}>${one.snapshot_id}<//></a></span>` : null}`,
    decision: one.decision ? html`<${Decision} of=${one.decision} />` : null,
    state: html`<${Stage} of=${one} />`,
    label: one.snapshot_id ? html`<${Label} of=${one.label} />` : null,
    locked: locked(one.locked_ms),
    reason: one.reason ? html`<${Said}>${one.reason}<//>` : null,
  } }));
  return html`<${Facts} of=${[[t("run"), html`<${Id}>${id}<//>`], [t("state"), run.disks ? html`<${Outcome} of=${run} />` : null], [t("policy"), run.policy],
      [t("due"), moment(run.due)], [t("region"), run.region], [t("nav.disks"), `${number(run.taken)} / ${number(run.disks)}`],
      [t("locked.ms"), run.locked_ms_max === null ? t("locks.none") : locked(run.locked_ms_max)],
      [t("error"), run.error ? html`<${Said}>${run.error}<//>` : null]]} />
    ${rows.length ? html`<${Table} name=${t("outcomes")} columns=${columns} rows=${rows} />` : html`<${Empty} title=${t("run.waits")}>${t("run.waits.why")}<//>`}
    ${run.proofs.length ? html`<h2>${t("proofs")}</h2>${run.proofs.map((proof) => html`<${Proof} key=${proof.lease_id} of=${proof} />`)}` : null}`;
}

const Stage = ({ of }) => {
  if (!of.state) return null;
  return of.state === "NORMAL" ? html`<${State} of="NORMAL" />` : html`<${Progress} percent=${of.percent} name=${t("progress.of", { name: of.disk_id })} />`;
};

const settled = (one) => (one.snapshot_id ? one.state === "NORMAL" && one.label !== null : !["dispatched", "deferred"].includes(one.decision));

/* What a listener hears when it changes: tenths of the way, not every per cent. */
const spoken = (run) =>
  run.outcomes.map((one) => (one.state === "NORMAL"
    ? t("spoken.normal", { disk: one.disk_id, label: word("label", one.label ?? "unproven") })
    : t("spoken.going", { disk: one.disk_id, percent: Math.floor((one.percent ?? 0) / 25) * 25 }))).join(" ");
