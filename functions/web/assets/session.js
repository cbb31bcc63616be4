// The session of a private page: its calls to the API.
// What is rarely needed is loaded later: the end and the warning before it, asking the password again.

import { call } from "./api.js";
import { lastSeen, note, recall, SEEN } from "./memory.js";

const leaving = () => import("./leaving.js");
const LATER_MS = 60_000; // nothing ends within the first minute
let watching;

/** Calls `/api/me<path>`. Opens the login when there is no session; asks the password when the API does. */
export async function me(method, path = "", body = undefined, headers = undefined) {
  const answer = await call(method, `me${path}`, body, headers);
  if (answer.status === 401) return (await leaving()).leave(whyLogIn());
  if (answer.status) {
    note();
    watching ??= setTimeout(watch, LATER_MS);
  }
  if (answer.slug !== "reauthentication-required") return answer;
  const refusal = await import("./reauthentication.js").then(({ confirm }) => confirm(), () => ({}));
  return refusal ? { ...answer, ...refusal } : me(method, path, body, headers);
}

function watch() {
  import("./ending.js").then((ending) => ending.watch(me), () => (watching = setTimeout(watch, LATER_MS)));
}

function whyLogIn() {
  if (recall("email-change")) return "confirm-email";
  return lastSeen() ? "session-ended" : "sign-in-first";
}

const said = []; // in its order: the first reason counts, also while the module loads

addEventListener("storage", (event) => {
  if (event.key === SEEN && event.newValue) return;
  said.push(event);
  leaving().then(({ hear }) => hear(said.shift()));
});
// « Back » may restore this page from the browser's cache for somebody else: load it again.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
