// The passkey on the page of the login: its button, and what the browser offers in the field above.

import { offer, signIn, stop } from "./passkey-login.js";
import { known } from "./webauthn.js";

const byId = (id) => document.getElementById(id);
const button = byId("use-passkey");
const failed = byId("passkey-failed");

/** Shows the button, in a browser that knows passkeys; calls `open` with the account's handle. */
export function start(open) {
  if (!known) return;
  byId("passkey-login").hidden = false;

  function finish(answer) {
    failed.textContent = answer.ok ? "" : answer.message;
    if (answer.ok) open(answer.holder);
    else offer(finish);
  }

  button.addEventListener("click", async () => {
    if (button.matches(".busy")) return;
    button.classList.add("busy");
    failed.textContent = "";
    stop();
    finish(await signIn());
    button.classList.remove("busy");
  });
  if (!document.documentElement.matches(".in")) offer(finish);
}
