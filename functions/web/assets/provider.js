// What a login with a provider brings back to the login page, in its fragment: a ticket, or why it failed.

import { forget, takeToken } from "./memory.js";

/** Asks for the code of a ticket, then calls `open`; or says what failed. */
export function back(open) {
  const failed = document.querySelector(`[data-failed~="${CSS.escape(location.hash.slice(1))}"]`);
  const ticket = takeToken("ticket");
  forget("ticket");
  if (ticket) {
    document.documentElement.classList.remove("in"); // the form is for who is not logged in
    import("./second-step.js").then(({ ask }) => ask(ticket, open));
  }
  if (!failed) return;
  history.replaceState(null, "", location.pathname);
  failed.hidden = false;
  failed.focus();
}
