// The session of a private page: its calls to the API, and the logout.
// What is rarely needed is loaded later: the warning before its end, asking the password again.

import { call } from "./api.js";
import { forget, recall, remember } from "./memory.js";

const KEPT = "Rien n’a changé\u00a0: votre mot de passe n’a pas été confirmé.";

// The tabs share the session: the time of the last answer to any of them is stored under this key.
const SEEN = "seen";
let seenHere = Date.now();
let watched = false;

/** Calls `/api/me<path>`. Opens the login when there is no session; asks the password when the API does. */
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

/** Opens the login page, which shows `notice`. Never resolves: this page is replaced. */
export function leave(notice) {
  forget("signed-in");
  remember("notice", notice);
  if (notice === "signed-out" || notice === "deletion") store(null);
  else remember("next", location.pathname);
  location.replace("/mon-compte");
  return new Promise(() => {});
}

/** Ends the session, then opens the login page. */
export async function logOut(notice) {
  const answer = await call("POST", "logout", {});
  return answer.ok || notice === "session-ended" ? leave(notice) : answer;
}

function store(moment) {
  try {
    if (moment) localStorage.setItem(SEEN, moment);
    else localStorage.removeItem(SEEN);
  } catch {
    // storage forbidden: each tab counts on its own
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
// « Back » may restore this page from the browser's cache for somebody else: load it again.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
