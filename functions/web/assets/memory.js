// What one page tells the next: kept in this tab only, never in an address.

const TOKEN = /^#[\w-]{40,}$/; // « #contenu » is the skip link's, not a token

/** Returns what was remembered under `key`, or `undefined`. */
export function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? undefined;
  } catch {
    return undefined; // storage forbidden, or written by something else
  }
}

/** Keeps `value` under `key` until the tab closes. */
export function remember(key, value) {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // storage forbidden: the next page asks again
  }
}

/** Drops what was remembered under each of `keys`. */
export function forget(...keys) {
  try {
    for (const key of keys) sessionStorage.removeItem(key);
  } catch {
    // storage forbidden: nothing was kept
  }
}

/** Returns the token of the link that opened the page, or the one that this tab keeps under `key`. */
export function takeToken(key) {
  if (!TOKEN.test(location.hash)) return recall(key);
  const token = location.hash.slice(1);
  remember(key, token);
  history.replaceState(null, "", location.pathname); // neither the address bar nor the history keeps it
  return token;
}

/** Calls `then` when another mail's link is opened in this very tab. */
export function onNewLink(then) {
  addEventListener("hashchange", () => TOKEN.test(location.hash) && then());
}
