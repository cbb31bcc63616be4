// Data that one page passes to the next: stored for this tab only, never in an address.

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

/** Removes what was stored under each of `keys`. */
export function forget(...keys) {
  try {
    for (const key of keys) sessionStorage.removeItem(key);
  } catch {
    // storage forbidden: nothing was stored
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
