// « Retirer ma demande », for who asked for a new address that is not confirmed yet.

import { wire } from "./form.js";
import { me } from "./session.js";

let then;

/** Lets the person withdraw the new address; `withdrawn()` is called once it is. */
export function offer(withdrawn) {
  if (!then) {
    wire(document.getElementById("withdraw-email"), {
      send: () => me("DELETE", "/email"),
      done() {
        then();
        return "";
      },
    });
  }
  then = withdrawn;
}
