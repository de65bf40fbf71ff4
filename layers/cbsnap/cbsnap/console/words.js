/* The console's words in the language that a person reads; what the API says comes as it is. */

export const LANGUAGES = { en: "English", "zh-CN": "简体中文", ko: "한국어" };
const KEPT = "cbsnap.language";
const now = { language: "en", texts: {}, plural: new Intl.PluralRules("en") };

export const language = () => now.language;

/* Return the language that was chosen before, or the best of those that the browser asks for. */
export function preferred() {
  const kept = localStorage.getItem(KEPT);
  if (kept in LANGUAGES) return kept;
  const asked = navigator.languages.map((one) => one.toLowerCase().split("-")[0]);
  const known = Object.keys(LANGUAGES).map((one) => [one.split("-")[0], one]);
  return asked.map((one) => known.find(([short]) => short === one)?.[1]).find(Boolean) ?? "en";
}

/* Fetch a language's words and speak it from now on. */
export async function speak(chosen, { keep = false } = {}) {
  const answer = await fetch(new URL(`words/${chosen}.json`, import.meta.url));
  Object.assign(now, { language: chosen, texts: await answer.json(), plural: new Intl.PluralRules(chosen) });
  document.documentElement.lang = chosen;
  if (keep) localStorage.setItem(KEPT, chosen);
}

/* Return a text with its `{names}` filled in; `n` chooses among a text's plural forms. */
export function t(key, values = {}) {
  const found = now.texts[key];
  const text = typeof found === "object" ? (found[now.plural.select(values.n)] ?? found.other) : found;
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? shown(values[name]) : whole));
}

/* Return the word for one of the API's words, or that word itself where there is none. */
export const word = (kind, value) => now.texts[`${kind}.${value}`] ?? String(value);

const shown = (value) => (typeof value === "number" ? value.toLocaleString(now.language) : isolated(value));

/* A foreign text for plain-text places: kept from turning what stands around it (bidirectional text). */
const isolated = (value) => `\u2068${String(value).replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "")}\u2069`;
