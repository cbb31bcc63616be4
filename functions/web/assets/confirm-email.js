// Confirms a new address, for who opens the link of its mail.

import { wire } from "./form.js";
import { forget } from "./memory.js";
import { me } from "./session.js";

const byId = (id) => document.getElementById(id);
let offered;

/** Shows the form that confirms an address. `link` has its `token`, the `key` under which that is stored, and `done(sentence)`. */
export function offer(link) {
  offered = link;
  byId("confirmation").hidden = false;
  byId("confirm-email").hidden = false;
  for (const id of ["change-taken", "change-expired"]) byId(id).hidden = true;
}

wire(byId("confirm-email"), {
  send: () => me("POST", "/email/confirmation", { token: offered.token }),
  done() {
    forget(offered.key);
    byId("confirmation").hidden = true;
    return offered.done("Votre nouvelle adresse courriel est confirmée. Utilisez-la désormais pour vous connecter.");
  },
  refused({ status }) {
    if (![404, 409, 410].includes(status)) return false;
    forget(offered.key);
    byId("confirm-email").hidden = true;
    byId(status === 409 ? "change-taken" : "change-expired").hidden = false;
    byId("confirmation-title").focus();
    return true;
  },
});
