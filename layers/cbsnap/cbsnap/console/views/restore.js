/* Restoring from a snapshot: the disk itself put back, or a new one made; the plan first, then the word. */

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { call, may, newKey, useThing } from "../api.js";
import { Badge, Facts, Icon, Id, Loaded, Name, Page, Refusal, Said, Trust, announce } from "../parts.js";
import { ago, moment } from "../format.js";
import { go, link } from "../routes.js";
import { t } from "../words.js";

export default function Restore({ id, me }) {
  const snapshot = useThing(`v1/snapshots/${encodeURIComponent(id)}`);
  return html`<${Page} title=${t("restore.title")} crumb=${["snapshots", t("nav.snapshots")]}>
    <${Loaded} from=${snapshot}>${(one) => html`
      <${Facts} of=${[[t("snapshot"), html`<a href=${link("snapshots", one.id)}><${Name} whole=${true}>${one.title || one.name}<//></a> <${Id}>${one.id}<//>`],
        [t("disk"), html`<${Id}>${one.disk_id || "–"}<//>`], [t("taken"), `${moment(one.created_at)} (${ago(one.created_at)})`],
        [t("trust"), html`<${Trust} of=${one} why=${true} />`]]} />
      ${may(me, "restore") ? html`<${Wish} of=${one} />` : html`<p><${Badge} tone="none" icon="lock">${t("restore.scope")}<//></p>`}`}<//>
  <//>`;
}

function Wish({ of }) {
  const [wish, setWish] = useState({ kind: of.usage === "DATA_DISK" && (of.copied || !of.disk_id) ? "clone" : "rollback", stop: false, start: true, attach_to: "" });
  const [plan, setPlan] = useState(null);
  const change = (name, value) => { setPlan(null); setWish((before) => ({ ...before, [name]: value })); };
  const body = bodyOf(of, wish);
  const show = async (event) => {
    event.preventDefault();
    setPlan({ busy: true });
    setPlan(await call("POST", "v1/restores/plan", { body }).then((data) => ({ data }), (problem) => ({ problem })));
  };
  const kind = (value) => html`<label class="tick"><input type="radio" name="kind" value=${value} checked=${wish.kind === value} onChange=${() => change("kind", value)} />
    <span>${t(`restore.${value}`)}<small>${t(`restore.${value}.why`)}</small></span></label>`;
  return html`<form class="steps" onSubmit=${show}>
      <fieldset><legend>${t("restore.how")}</legend>${kind("rollback")}${kind("clone")}</fieldset>
      ${wish.kind === "rollback" ? html`<label class="tick"><input type="checkbox" name="stop" checked=${wish.stop} onChange=${(event) => change("stop", event.target.checked)} />
          <span>${t("restore.stop")}<small>${t("restore.stop.why")}</small></span></label>
        ${wish.stop ? html`<label class="tick under"><input type="checkbox" name="start" checked=${wish.start} onChange=${(event) => change("start", event.target.checked)} /><span>${t("restore.start")}</span></label>` : null}`
        : html`<label class="field"><span>${t("restore.attach")} <span class="quiet">${t("optional")}</span></span>
          <input name="attach_to" value=${wish.attach_to} placeholder="ins-" spellcheck=${false} onInput=${(event) => change("attach_to", event.target.value)} /></label>`}
      <button type="submit" disabled=${plan?.busy}>${t("restore.plan")}</button>
    </form>
    <${Refusal} of=${plan?.problem} />
    ${plan?.data ? html`<${Agreed} plan=${plan.data} body=${body} kind=${wish.kind} />` : null}`;
}

const bodyOf = (of, wish) => ({
  region: of.region,
  ...(wish.kind === "rollback" ? { kind: "rollback", snapshot_id: of.id, stop: wish.stop, start: wish.stop && wish.start }
    : { kind: "clone", snapshot_ids: [of.id], ...(wish.attach_to.trim() ? { attach_to: wish.attach_to.trim() } : {}) }),
});

/* The plan as it was made, and what makes it so: the disk's id typed where data is overwritten. */
function Agreed({ plan, body, kind }) {
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const [key] = useState(newKey());
  const heading = useRef();
  useEffect(() => { heading.current.focus(); announce(t("restore.planned", { n: plan.steps.length })); }, [plan]);
  const must = kind === "rollback" ? plan.disk_id : null;
  const act = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const made = await call("POST", "v1/restores", { body: { ...body, confirm: plan.confirm, ...(must ? { typed } : {}) }, key });
      go("restores", made.key, { region: made.region });
    } catch (refused) {
      setProblem(refused);
      setBusy(false);
    }
  };
  return html`<section class="panel plan" aria-labelledby="plan-title"><h2 id="plan-title" ref=${heading} tabindex="-1">${t("restore.willdo")}</h2>
    <ol class="doing">${plan.steps.map((step) => html`<li key=${step}><${Said}>${step.text ?? step}<//></li>`)}</ol>
    ${plan.warnings.map((one) => html`<p key=${one} class="warning"><${Badge} tone="late" icon="late"><${Said}>${one}<//><//></p>`)}
    <form onSubmit=${act}>
      ${must ? html`<label class="field"><span>${t("restore.type")} <${Id}>${must}<//></span>
        <input name="typed" autocomplete="off" spellcheck=${false} value=${typed} aria-invalid=${problem?.field === "typed" ? "true" : undefined}
          onInput=${(event) => setTyped(event.target.value.trim())} /></label>` : null}
      <${Refusal} of=${problem} />
      <button type="submit" class=${must ? "danger" : "main"} disabled=${busy || (must && typed !== must)}><${Icon} name="back" />${t(`restore.${kind}.do`)}</button>
    </form></section>`;
}
