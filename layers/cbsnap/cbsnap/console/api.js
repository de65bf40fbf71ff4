/* The HTTP API as the console sees it: the token, calls, lists by pages, and refusals.

The token lives in this tab's session storage and travels in a header only, never in an address. */

import { useCallback, useEffect, useRef, useState } from "./vendor/preact.js";

const BASE = new URL("../", import.meta.url);
const TOKEN = "cbsnap.token";
const PAGE = 100;
const MOST = 1000;
const LOOK_MS = 1500;
const SLOWER = 1.03;
const SLOWEST_MS = 30000;

export const token = () => sessionStorage.getItem(TOKEN);
export const signOut = () => {
  sessionStorage.removeItem(TOKEN);
  dispatchEvent(new Event("cbsnap:signed-out"));
};

/* A refusal, as a problem document (RFC 9457) tells it; status 0 when no answer came. */
export class Problem extends Error {
  constructor(status, told) {
    super(told.detail ?? told.title ?? String(status));
    Object.assign(this, { status, title: told.title, field: told.field, requestId: told.request_id });
  }
}

/* Keep a token that the gateway accepts; throws its refusal otherwise. */
export async function signIn(pasted) {
  const me = await call("GET", "v1/me", { token: pasted });
  sessionStorage.setItem(TOKEN, pasted);
  return me;
}

/* Call the API; `path` is relative to the gateway. Returns the answer's JSON. */
export async function call(method, path, { query, body, key, signal, token: other } = {}) {
  const address = new URL(path, BASE);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") address.searchParams.set(name, value);
  }
  const headers = { Accept: "application/json", Authorization: `Bearer ${other ?? token()}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const sent = { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) };
  const answer = await fetch(address, { ...sent, cache: "no-store" }).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { title: "offline" });
  });
  if (!answer.ok) throw await refusal(answer, other !== undefined);
  return answer.json();
}

async function refusal(answer, signingIn) {
  const told = await answer.json().catch(() => ({}));
  if (answer.status === 401 && !signingIn) signOut();
  return new Problem(answer.status, { request_id: answer.headers.get("X-Request-Id"), ...told });
}

/* Load a list to its end, page after page: the same as useList. */
export function useAll(path, query) {
  const list = useList(path, query, MOST);
  useEffect(() => { if (!list.busy) list.more?.(); }, [list.items?.length, list.busy]);
  return list;
}

/* A key for Idempotency-Key; works on plain http, too, where randomUUID does not. */
export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/* Load one thing and keep it: { data, problem, busy, again }. No path, no call.

`unsettled(data, problem)` tells whether it has to be looked at again: soon at first, then less often, since
each look is a call that is paid for. */
export function useThing(path, query, unsettled) {
  const [state, set] = useState({ busy: true });
  const [round, setRound] = useState(0);
  const what = path && JSON.stringify([path, query]);
  const shown = useRef(what);
  const looks = useRef(0);
  useEffect(() => {
    if (!path) return undefined;
    const abort = new AbortController();
    let timer;
    const same = shown.current === what;
    shown.current = what;
    set((before) => ({ ...(same ? before : {}), busy: true }));
    const later = (data, problem) => {
      if (!unsettled?.(data, problem)) return;
      const wait_ms = Math.min(LOOK_MS * SLOWER ** looks.current++, SLOWEST_MS);
      timer = setTimeout(() => setRound((one) => one + 1), wait_ms);
    };
    call("GET", path, { query, signal: abort.signal }).then(
      (data) => { set({ data, busy: false }); later(data); },
      (problem) => {
        if (problem.name === "AbortError") return;
        set((before) => ({ ...before, problem, busy: false }));
        later(undefined, problem);
      },
    );
    return () => { abort.abort(); clearTimeout(timer); };
  }, [what, round]);
  return { ...state, again: useCallback(() => setRound((one) => one + 1), []) };
}

/* Load a list's first page: { items, more, problem, busy, again }; `more` loads the next, null at the end. */
export function useList(path, query, limit = PAGE) {
  const first = useThing(path, { limit, ...query });
  const [rest, setRest] = useState({ of: null });
  const [late, setLate] = useState({});
  const mine = rest.of === first.data ? rest : { items: [], cursor: first.data?.next_cursor };
  const more = async () => {
    setLate({ busy: true });
    try {
      const page = await call("GET", path, { query: { limit, ...query, cursor: mine.cursor } });
      setRest({ of: first.data, items: [...mine.items, ...page.items], cursor: page.next_cursor });
      setLate({});
    } catch (problem) {
      setLate({ problem });
    }
  };
  return {
    items: first.data && [...first.data.items, ...mine.items],
    data: first.data,
    more: mine.cursor ? more : null,
    problem: first.problem ?? late.problem,
    busy: first.busy || late.busy === true,
    again: first.again,
  };
}

/* Whether a person's token lets them do what needs this scope. */
export const may = (me, scope) => me.scopes.includes(scope) || me.scopes.includes("admin");
