// Data that one page passes to the next, never in an address: stored for this tab only, except
// what the tabs must share, which is not personal.

// What the tabs share: the time of the last answer to their session, and why that is over.
export const SEEN = "seen";
export const OVER = "over";
let seenHere = 0;

const TOKEN = /^#[\w-]{40,}$/; // « #contenu » is the skip link's, not a token

/** Returns what `act` does, nothing when storage is forbidden or was written by something else. */
function safely(act) {
  try {
    return act() ?? undefined;
  } catch {
    return undefined;
  }
}

/** Returns the value stored under `key`, or `undefined`. */
export const recall = (key) => safely(() => JSON.parse(sessionStorage.getItem(key)));

/** Stores `value` under `key` until the tab closes. */
export const remember = (key, value) => safely(() => sessionStorage.setItem(key, JSON.stringify(value)));

/** Removes what was stored under each of `keys`, without one all that was stored. */
export function forget(...keys) {
  safely(() => keys.length || sessionStorage.clear());
  for (const key of keys) safely(() => sessionStorage.removeItem(key));
}

/** Stores a value that the tabs share, or removes it. */
export const store = (key, value) => safely(() => (value ? localStorage.setItem(key, value) : localStorage.removeItem(key)));

/** Remembers that the API just answered to a session, or that there is none. */
export function note(open = true) {
  seenHere = open && Date.now();
  store(SEEN, seenHere);
}

/** Returns when the API last answered to the session of the tabs, 0 when there is none. */
export const lastSeen = () => Math.max(seenHere, safely(() => localStorage.getItem(SEEN)) ?? 0);

/** Returns the token of the link that opened the page, else the one stored under `key`. */
export function takeToken(key) {
  if (!TOKEN.test(location.hash)) return recall(key);
  const token = location.hash.slice(1);
  remember(key, token);
  history.replaceState(null, "", location.pathname); // neither the address bar nor the history keeps it
  return token;
}

/** Calls `then` when the link of another mail is opened in this tab. */
export function onNewLink(then) {
  addEventListener("hashchange", () => TOKEN.test(location.hash) && then());
}
