// « Garder mon compte », for who asked for its deletion.

import { wire } from "./form.js";
import { me } from "./session.js";

let then;

/** Lets the person keep the account; `kept(profile)` is called once it is. */
export function offer(kept) {
  if (!then) {
    wire(document.getElementById("keep"), {
      send: () => me("PATCH", "", { deletion_at: null }),
      done({ data }) {
        then(data);
        return "";
      },
    });
  }
  then = kept;
}
