// Asks the password again, before an action that could be used to take over an account.

import { call } from "./api.js";
import { wire } from "./form.js";

const KEPT = "Rien n’a changé\u00a0: votre mot de passe n’a pas été confirmé.";

const dialog = document.getElementById("confirm");
const form = document.getElementById("reauthentication");
let settle;

/** Asks the password; resolves to nothing when it was right, to what to show when the person cancels. */
export function confirm() {
  dialog.returnValue = "";
  dialog.showModal();
  document.getElementById("current_password").focus();
  return new Promise((resolve) => {
    settle = resolve;
  });
}

wire(form, {
  async send({ current_password: password }) {
    const holder = await call("GET", "me");
    return holder.ok ? call("POST", "login", { identifier: holder.data.email, password }) : holder;
  },
  done({ status, data }) {
    const confirmed = () => {
      dialog.close("confirmed");
      return "";
    };
    if (status !== 202) return confirmed();
    import("./second-step.js").then(({ ask }) => ask(data.ticket, confirmed));
    return "";
  },
  refused(answer) {
    if (answer.slug !== "invalid-credentials") return false;
    answer.errors = [{ field: "current_password", detail: "Ce n’est pas le mot de passe de votre compte." }];
    return false;
  },
});
dialog.addEventListener("close", () => {
  form.reset();
  form.hidden = false;
  document.getElementById("second-step").hidden = true;
  settle(dialog.returnValue ? undefined : { message: KEPT });
});
document.getElementById("cancel").addEventListener("click", () => dialog.close());
