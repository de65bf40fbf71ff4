/* Signing in: a token is pasted, tried, and kept for this tab. */

import { html, useRef, useState } from "../vendor/preact.js";
import { signIn } from "../api.js";
import { Page, Refusal } from "../parts.js";
import { t } from "../words.js";

export default function SignIn({ onSignIn }) {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const field = useRef();
  const enter = async (event) => {
    event.preventDefault();
    const pasted = field.current.value.trim();
    if (!pasted) return field.current.focus();
    setBusy(true);
    try {
      onSignIn(await signIn(pasted));
    } catch (refused) {
      setProblem(refused);
      setBusy(false);
      field.current.focus();
    }
    return undefined;
  };
  return html`<div class="signin"><${Page} title=${t("signin")}>
    <p>${t("signin.what")}</p>
    <form onSubmit=${enter}>
      <label class="field"><span>${t("signin.token")}</span>
        <input ref=${field} type="password" name="token" autocomplete="off" spellcheck=${false} required
          aria-invalid=${problem ? "true" : undefined} aria-describedby="signin-hint" /></label>
      <p id="signin-hint" class="quiet">${t("signin.hint")}</p>
      <button type="submit" class="main" disabled=${busy}>${t("signin")}</button>
    </form>
    <${Refusal} of=${problem} />
  <//></div>`;
}
