/* Where the console begins: language and theme, who is signed in, and which page the address names. */

import { html, render, useEffect, useState } from "./vendor/preact.js";
import { call, token } from "./api.js";
import { setZone } from "./format.js";
import { Frame, keptTheme, wear } from "./frame.js";
import { Refusal } from "./parts.js";
import { useRoute } from "./routes.js";
import { preferred, speak, t } from "./words.js";

/* Pages are fetched when they are first asked for. */
const PAGES = {
  disks: ["disks", "disk"],
  snapshots: ["snapshots", "snapshot"],
  runs: ["runs", "run"],
  policies: ["policies"],
  drills: ["drills"],
  hosts: ["hosts"],
  quota: ["quota"],
  restore: ["restore", "restore"],
  restores: ["restoring", "restoring"],
  search: ["search", "search"],
};

function Console() {
  const [me, setMe] = useState(null);
  const [problem, setProblem] = useState(null);
  const [, redraw] = useState(0);
  const route = useRoute();
  const signedIn = (who) => { setZone(who.time_zone); setProblem(null); setMe(who); };
  useEffect(() => {
    const left = () => { setMe(null); setProblem(null); };
    addEventListener("cbsnap:signed-out", left);
    if (token()) call("GET", "v1/me").then(signedIn, (refused) => { if (refused.status !== 401) setProblem(refused); });
    return () => removeEventListener("cbsnap:signed-out", left);
  }, []);
  const onLanguage = (chosen) => speak(chosen, { keep: true }).then(() => redraw((one) => one + 1));
  const waits = token() && !me && !problem;
  return html`<${Frame} me=${me} page=${route.name} onLanguage=${onLanguage}>
    ${problem ? html`<${Refusal} of=${problem} />` : null}
    ${waits || problem ? null : html`<${Shown} route=${me ? route : { name: "signin" }} me=${me} onSignIn=${signedIn} />`}
  <//>`;
}

/* The page of the address; a new address makes a new page, a new query does not. */
function Shown({ route, me, onSignIn }) {
  const file = fileOf(route);
  const [page, set] = useState({});
  useEffect(() => {
    import(`./views/${file}.js`).then((loaded) => set({ file, View: loaded.default }), (error) => set({ file, error }));
  }, [file]);
  if (page.file !== file) return null;
  if (page.error) return html`<${Refusal} of=${{ status: 0, message: page.error.message }} />`;
  return html`<${page.View} key=${`${file}/${route.id}`} me=${me} id=${route.id} query=${route.query} onSignIn=${onSignIn} />`;
}

function fileOf({ name, id }) {
  if (name === "signin") return "signin";
  const [list, one = list] = PAGES[name] ?? PAGES.disks;
  return id ? one : list;
}

wear(keptTheme());
await speak(preferred());
document.getElementById("console").replaceChildren();
render(html`<${Console} />`, document.getElementById("console"));
if (!token()) document.title = `${t("signin")} · cbsnap`;
