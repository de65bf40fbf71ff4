/* What stands round every page: skip link, navigation, search, language, theme, and who is signed in. */

import { html, useState } from "./vendor/preact.js";
import { signOut } from "./api.js";
import { Icon, Name } from "./parts.js";
import { go, link } from "./routes.js";
import { LANGUAGES, language, t } from "./words.js";

const PAGES = [["disks", "disk"], ["snapshots", "camera"], ["runs", "runs"], ["policies", "policy"],
  ["drills", "drill"], ["hosts", "host"], ["quota", "quota"]];
const THEMES = { auto: "auto", light: "sun", dark: "moon" };
const KEPT = "cbsnap.theme";

export const keptTheme = () => localStorage.getItem(KEPT) ?? "auto";
export function wear(theme) {
  localStorage.setItem(KEPT, theme);
  document.documentElement.dataset.theme = theme;
}

export const Frame = ({ me, page, onLanguage, children }) => html`
  <a class="skip" href="#main" onClick=${skip}>${t("skip")}</a>
  <header class="top">
    <a class="brand" href=${link("disks")}><img src=${new URL("icon.svg", import.meta.url)} alt="" width="24" height="24" />
      cbsnap${me ? html` <span class="deployment"><${Name}>${me.deployment}<//></span>` : null}</a>
    ${me ? html`<${Search} />` : null}
    <div class="settings">
      <${Language} onChange=${onLanguage} /><${Theme} />
      ${me ? html`<button type="button" class="plain" onClick=${signOut} title=${me.name}><${Icon} name="out" /><span>${t("signout")}</span></button>` : null}
    </div>
  </header>
  ${me ? html`<nav class="pages" aria-label=${t("nav")}><ul>${PAGES.map(([name, icon]) => html`<li key=${name}>
    <a href=${link(name)} aria-current=${page === name ? "page" : undefined}><${Icon} name=${icon} />${t(`nav.${name}`)}</a></li>`)}</ul></nav>` : null}
  <main id="main" tabindex="-1">${children}</main>
  <div id="announcements" class="unseen" role="status" aria-live="polite"></div>`;

/* The address is the console's own: moving the focus must not change it. */
function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

function Search() {
  const found = (event) => {
    event.preventDefault();
    const text = new FormData(event.target).get("q").trim();
    if (text) go("search", text);
  };
  return html`<form class="search" role="search" onSubmit=${found}>
    <${Icon} name="find" /><input type="search" name="q" aria-label=${t("search")} placeholder=${t("search.hint")} /></form>`;
}

const Language = ({ onChange }) => html`<select class="plain" aria-label=${t("language")} onChange=${(event) => onChange(event.target.value)}>
  ${Object.entries(LANGUAGES).map(([code, name]) => html`<option key=${code} value=${code} lang=${code} selected=${code === language()}>${name}</option>`)}</select>`;

function Theme() {
  const [theme, set] = useState(keptTheme());
  const next = Object.keys(THEMES)[(Object.keys(THEMES).indexOf(theme) + 1) % 3];
  const change = () => { wear(next); set(next); };
  return html`<button type="button" class="plain" onClick=${change} title=${t("theme.next", { theme: t(`theme.${next}`) })}>
    <${Icon} name=${THEMES[theme]} /><span>${t(`theme.${theme}`)}</span></button>`;
}
