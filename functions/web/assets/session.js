// The session of a page of the space: its calls, and how it is left.
// What is rarely needed comes later: the warning before its end, the password asked again.

import { call } from "./api.js";
import { forget, recall, remember } from "./memory.js";

const KEPT = "Rien n’a changé\u00a0: votre mot de passe n’a pas été confirmé.";

// The tabs share the session: under this key, when one of them was last answered.
const SEEN = "seen";
let seenHere = Date.now();
let watched = false;

/** Calls `/api/me<path>`. Leaves when there is no session; asks the password when the API does. */
export async function me(method, path = "", body = undefined) {
  const answer = await call(method, `me${path}`, body);
  if (answer.status === 401) return leave(whyLogIn());
  if (answer.status) note();
  if (answer.slug !== "reauthentication-required") return answer;
  const { confirmed } = await import("./reauthentication.js").catch(() => ({ confirmed: () => false }));
  return (await confirmed()) ? me(method, path, body) : { ...answer, message: KEPT };
}

function whyLogIn() {
  if (recall("email-change")) return "confirm-email";
  return recall("signed-in") ? "session-ended" : "sign-in-first";
}

/** Goes to the login, where `notice` is told. Never resolves: the page is over. */
export function leave(notice) {
  forget("signed-in");
  remember("notice", notice);
  if (notice === "signed-out" || notice === "deletion") store(null);
  else remember("next", location.pathname);
  location.replace("/mon-compte");
  return new Promise(() => {});
}

/** Ends the session, then leaves. */
export async function logOut(notice) {
  const answer = await call("POST", "logout", {});
  return answer.ok || notice === "session-ended" ? leave(notice) : answer;
}

function store(moment) {
  try {
    if (moment) localStorage.setItem(SEEN, moment);
    else localStorage.removeItem(SEEN);
  } catch {
    // storage forbidden: each tab counts for itself
  }
}

function note() {
  seenHere = Date.now();
  store(seenHere);
  if (watched) return;
  watched = true;
  import("./ending.js").then(({ watch }) => watch({ lastSeen, me, logOut }), () => (watched = false));
}

function lastSeen() {
  try {
    return Math.max(seenHere, Number(localStorage.getItem(SEEN)));
  } catch {
    return seenHere;
  }
}

addEventListener("storage", ({ key, newValue }) => key === SEEN && !newValue && leave("signed-out"));
// Someone else may be looking when « Back » wakes a page as it slept.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
