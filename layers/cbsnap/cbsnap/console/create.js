/* Creating a snapshot: the button on each disk, and the dialog behind it. */

import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { call, may, newKey, useThing } from "./api.js";
import { Icon, Id, Name, Refusal } from "./parts.js";
import { go } from "./routes.js";
import { t } from "./words.js";

export function CreateButton({ disk, among, me }) {
  const [open, setOpen] = useState(false);
  const why = may(me, "snapshot") ? disk.unfit : t("create.scope");
  return html`<button type="button" class="main" aria-label=${t("create.of", { name: disk.name || disk.id })}
      disabled=${Boolean(why)} title=${why ?? undefined} onClick=${() => setOpen(true)}>
      <${Icon} name="camera" />${t("create")}</button>
    ${open ? html`<${CreateDialog} disk=${disk} among=${among} onClose=${() => setOpen(false)} />` : null}`;
}

/* A modal dialog that gives the focus back when it closes; Escape closes it. */
export function Dialog({ title, onClose, children }) {
  const dialog = useRef();
  useEffect(() => {
    const before = document.activeElement;
    const shown = dialog.current;
    shown.showModal();
    return () => {
      shown.close(); // while it is open, nothing else can have the focus
      before?.focus();
    };
  }, []);
  return html`<dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${onClose} onCancel=${onClose}>
    <h2 id="dialog-title">${title}</h2>${children}</dialog>`;
}

function CreateDialog({ disk, among, onClose }) {
  const policies = useThing("v1/policies");
  const quota = useThing("v1/quota", { region: disk.region });
  const plans = plansOf(policies.data, disk);
  const [wish, setWish] = useState({ title: "", hold: null, plan: null, crash: false, keep: false, days: 7, more: [] });
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const key = useRef(newKey());
  const change = (name, value) => setWish((before) => ({ ...before, [name]: value }));
  const hold = wish.hold ?? plans.own !== null;
  const plan = wish.plan ?? plans.own ?? "";
  const beside = among.filter((one) => one.id !== disk.id && !one.unfit && one.region === disk.region
    && one.instance_ids.some((id) => disk.instance_ids.includes(id)));
  const send = async (event) => {
    event.preventDefault();
    setBusy(true);
    const body = {
      disk_ids: [disk.id, ...wish.more], region: disk.region, title: wish.title.trim() || undefined,
      ...(hold ? { plan, on_failure: wish.crash ? "crash" : "abort" } : {}),
      ...(wish.keep ? { keep_days: wish.days } : {}),
    };
    try {
      const made = await call("POST", "v1/snapshots", { body, key: key.current });
      onClose();
      go("runs", made.run, { region: made.region });
    } catch (refused) {
      setProblem(refused);
      setBusy(false);
      key.current = newKey();
    }
  };
  const wrong = (field) => (problem?.field?.startsWith(field) ? { "aria-invalid": "true", "aria-describedby": "create-refusal" } : {});
  const left = quota.data?.items[0];
  return html`<${Dialog} title=${t("create")} onClose=${onClose}>
    <form onSubmit=${send}>
      <p class="of"><${Icon} name="disk" /><${Name} whole=${true}>${disk.name || disk.id}<//> <${Id}>${disk.id}<//></p>
      ${beside.length ? html`<fieldset><legend>${t("create.beside")}</legend>${beside.map((one) => html`<label key=${one.id} class="tick">
        <input type="checkbox" checked=${wish.more.includes(one.id)} onChange=${(event) => change("more", event.target.checked
          ? [...wish.more, one.id] : wish.more.filter((id) => id !== one.id))} />
        <span><${Name}>${one.name || one.id}<//> <${Id}>${one.id}<//></span></label>`)}</fieldset>` : null}
      <label class="field"><span>${t("create.name")} <span class="quiet">${t("optional")}</span></span>
        <input name="title" maxlength="255" value=${wish.title} placeholder=${t("create.name.hint")} autofocus
          ...${wrong("title")} onInput=${(event) => change("title", event.target.value)} /></label>
      <fieldset><legend>${t("create.consistency")}</legend>
        <label class="tick"><input type="radio" name="hold" checked=${hold} onChange=${() => change("hold", true)} />
          <span>${t("create.hold")}<small>${t("create.hold.why")}</small></span></label>
        ${hold ? html`<div class="under">
          <label class="field"><span>${t("plan")}</span><input name="plan" list="create-plans" required value=${plan} ...${wrong("plan")}
            onInput=${(event) => change("plan", event.target.value)} /></label>
          <datalist id="create-plans">${plans.all.map((one) => html`<option key=${one} value=${one} />`)}</datalist>
          <label class="tick"><input type="checkbox" checked=${wish.crash} onChange=${(event) => change("crash", event.target.checked)} />
            <span>${t("create.crash")}</span></label></div>` : null}
        <label class="tick"><input type="radio" name="hold" checked=${!hold} onChange=${() => change("hold", false)} />
          <span>${t("create.nohold")}<small>${t("create.nohold.why")}</small></span></label>
      </fieldset>
      <fieldset><legend>${t("keep")}</legend>
        <label class="tick"><input type="radio" name="keep" checked=${!wish.keep} onChange=${() => change("keep", false)} /><span>${t("keep.forever")}</span></label>
        <label class="tick"><input type="radio" name="keep" checked=${wish.keep} onChange=${() => change("keep", true)} />
          <span>${t("keep.days")} <input type="number" class="short" min="1" max="3650" value=${wish.days} aria-label=${t("keep.number")} ...${wrong("keep_days")}
            disabled=${!wish.keep} onInput=${(event) => change("days", event.target.valueAsNumber)} /></span></label>
      </fieldset>
      ${left ? html`<p class="quiet">${t("create.quota", { left: left.left, limit: left.limit, region: left.region })}</p>` : null}
      <div id="create-refusal"><${Refusal} of=${problem} /></div>
      <div class="ends"><button type="button" onClick=${onClose}>${t("cancel")}</button>
        <button type="submit" class="main" disabled=${busy} aria-busy=${busy ? "true" : "false"}><${Icon} name="camera" />${t("create.do")}</button></div>
    </form>
  <//>`;
}

/* The plans that policies name, and the one of a policy that selects this disk: null where none has any. */
function plansOf(policies, disk) {
  const mine = disk.coverage.map((one) => one.policy);
  const named = (policies?.items ?? []).filter((one) => one.quiesce?.plan);
  return { own: named.find((one) => mine.includes(one.name))?.quiesce.plan ?? null, all: [...new Set(named.map((one) => one.quiesce.plan))] };
}
