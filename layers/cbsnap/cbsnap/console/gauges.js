/* Quota as gauges: how many snapshots there are of how many there may be, by region. */

import { html } from "./vendor/preact.js";
import { number } from "./format.js";
import { link } from "./routes.js";
import { t } from "./words.js";

const TIGHT = 0.8;
const FULL = 0.95;

export const Gauges = ({ items }) =>
  html`<ul class="gauges">${items.map((one) => html`<li key=${one.region}><${Gauge} of=${one} /></li>`)}</ul>`;

function Gauge({ of }) {
  const share = of.limit ? of.used / of.limit : 1;
  const tone = share >= FULL ? "bad" : share >= TIGHT ? "late" : "good";
  const words = t("quota.says", { used: of.used, limit: of.limit, left: of.left });
  return html`<div class="gauge">
    <p><a href=${link("quota")}>${of.region}</a> <span class="num">${number(of.used)}<span class="quiet"> / ${number(of.limit)}</span></span></p>
    <div role="meter" aria-label=${t("quota.of", { region: of.region })} aria-valuemin="0" aria-valuemax=${of.limit}
      aria-valuenow=${Math.min(of.used, of.limit)} aria-valuetext=${words}>
      <svg class="line ${tone}" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="4" rx="2" /><rect class="fill" width=${Math.min(share, 1) * 100} height="4" rx="2" /></svg>
    </div>
    <p class="quiet">${tone === "good" ? t("quota.left", { n: of.left }) : t(`quota.${tone}`, { n: of.left })}</p>
  </div>`;
}
