/* Times, ages, sizes and spans as the reader's language writes them; times in the deployment's zone. */

import { language, t } from "./words.js";

let zone = "UTC";
export const setZone = (name) => { zone = name || "UTC"; };
export const zoneName = () => zone;

const inZone = (options) => new Intl.DateTimeFormat(language(), { timeZone: zone, hourCycle: "h23", ...options });

export const moment = (iso) =>
  iso ? inZone({ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).format(new Date(iso)) : "–";
export const dayAndTime = (iso) =>
  inZone({ weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }).format(new Date(iso));
export const day = (date) => inZone({ month: "short", day: "numeric" }).format(date);
export const hour = (date) => inZone({ hour: "2-digit", minute: "2-digit" }).format(date);

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

/* A length of time in its largest fitting unit: `26 h`, `3 days`. Below two days, hours say more. */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const [unit, size] = UNITS.find(([name, one]) => seconds >= one * (name === "day" ? 2 : 1)) ?? ["second", 1];
  const value = Math.floor(seconds / size);
  return new Intl.NumberFormat(language(), { style: "unit", unit, unitDisplay: unit === "day" ? "long" : "short" }).format(value);
}

export const ago = (iso) => t("ago", { span: span(Math.max(0, (Date.now() - new Date(iso)) / 1000)) });
export const until = (iso) => {
  const left_s = (new Date(iso) - Date.now()) / 1000;
  return left_s > 0 ? t("in", { span: span(left_s) }) : t("now");
};

export const number = (value, digits = 0) =>
  value === null || value === undefined ? "–" : value.toLocaleString(language(), { maximumFractionDigits: digits });
export const gib = (value) => (value === null || value === undefined ? "–" : `${number(value, 1)} GiB`);

/* Milliseconds as they are read best: `29.9 ms`, `412 ms`, `1.4 s`. */
export function locked(ms) {
  if (ms === null || ms === undefined) return "–";
  return ms >= 1000 ? `${number(ms / 1000, 1)} s` : `${number(ms, ms < 100 ? 1 : 0)} ms`;
}

/* How far the zone's clocks are ahead of UTC at a moment, in milliseconds. */
export function zoneShift(date) {
  const clock = (timeZone) => Date.parse(`${date.toLocaleString("sv-SE", { timeZone }).replace(" ", "T")}Z`);
  return clock(zone) - clock("UTC");
}
