/* Addresses inside the console: `#/disks/disk-1a2b3c4d?region=ap-guangzhou`. Each can be sent to a colleague. */

import { useEffect, useState } from "./vendor/preact.js";

/* Return { name, id, query } of the address; `id` is all that follows the first part, decoded. */
export function here() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/");
  return { name: name || "disks", id: decoded(rest.join("/")), query: Object.fromEntries(new URLSearchParams(query)) };
}

export function link(name, id = "", query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const asked = given.length ? `?${new URLSearchParams(given)}` : "";
  return `#/${name}${id ? `/${encodeURIComponent(id)}` : ""}${asked}`;
}

export const go = (name, id, query) => { location.hash = link(name, id, query); };

/* Change the query of the address without a new entry in the history: filters as they are typed. */
export function refine(changes) {
  const { name, id, query } = here();
  history.replaceState(null, "", link(name, id, { ...query, ...changes }));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useRoute() {
  const [route, set] = useState(here());
  useEffect(() => {
    const moved = () => set(here());
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  return route;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
