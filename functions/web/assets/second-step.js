// The second step of a login: a code of the app, or a recovery code, for the ticket of the first.

import { call } from "./api.js";
import { wire } from "./form.js";

const byId = (id) => document.getElementById(id);
const form = byId("second-step");
const first = form.previousElementSibling;
const input = byId("second_code");
let state;

/** Asks for a code in place of the password; calls `done` with the answer that opens the session. */
export function ask(ticket, done) {
  state = { ticket, done };
  turn(true);
  input.focus();
}

/** Shows the form of the code, or that of the password. */
export function turn(second) {
  first.hidden = second;
  form.hidden = !second;
  form.reset();
}

wire(form, {
  send: ({ second_code: code }) => call("POST", "login/second-factor", { ticket: state.ticket, code }),
  done: (answer) => state.done(answer),
  refused(answer) {
    if (answer.slug === "invalid-code") answer.errors = [{ field: "second_code", detail: answer.message }];
    if (answer.slug !== "ticket-expired") return false;
    turn(false);
    byId("expired").hidden = false;
    byId("expired").focus();
    return true;
  },
});

byId("other-code").addEventListener("click", () => {
  const spare = input.inputMode === "numeric";
  input.inputMode = spare ? "text" : "numeric";
  form.querySelector("label").textContent = spare ? "Code de secours" : "Code de votre application";
  byId("second_code-hint").textContent = spare ? "16\u00a0caractères, de la liste que vous avez gardée" : "6\u00a0chiffres";
  byId("other-code").textContent = spare ? "Utiliser mon application" : "Utiliser un code de secours";
  input.focus();
});
byId("back").addEventListener("click", () => turn(false));
