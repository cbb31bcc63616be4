// Data that one page passes to the next, never in an address: stored for this tab only, except
// what the tabs must share, which is not personal.

// What the tabs share: the time of the last answer to their session, and why that is over.
export const SEEN = "seen";
export const OVER = "over";
let seenHere = 0;

const TOKEN = /^#[\w-]{40,}$/; // « #contenu » is the skip link's, not a token

/** Returns the value stored under `key`, or `undefined`. */
export function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? undefined;
  } catch {
    return undefined; // storage forbidden, or written by something else
  }
}

/** Stores `value` under `key` until the tab closes. */
export function remember(key, value) {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // storage forbidden: the next page asks again
  }
}

/** Removes what was stored under each of `keys`, without one all that was stored. */
export function forget(...keys) {
  try {
    if (!keys.length) sessionStorage.clear();
    for (const key of keys) sessionStorage.removeItem(key);
  } catch {
    // storage forbidden: nothing was stored
  }
}

/** Stores a value that the tabs share, or removes it. */
export function store(key, value) {
  try {
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
  } catch {
    // storage forbidden: each tab is on its own
  }
}

/** Remembers that the API just answered to a session, or that there is none. */
export function note(open = true) {
  seenHere = open && Date.now();
  store(SEEN, seenHere);
}

/** Returns when the API last answered to the session of the tabs, 0 when there is none. */
export function lastSeen() {
  try {
    return Math.max(seenHere, localStorage.getItem(SEEN));
  } catch {
    return seenHere;
  }
}

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
