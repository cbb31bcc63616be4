// The end of a session by inactivity: warns before, extends the session on request, logs out.

import { logOut } from "./leaving.js";
import { lastSeen } from "./memory.js";

// The API's 30 minutes, less the minute within which it does not store another call.
const IDLE_MS = 29 * 60_000;
const WARNING_MS = 5 * 60_000;
const TICK_MS = 5_000;
// A tab that is looked at again asks whether the session is still open, after this long.
const ASK_MS = 60_000;

const dialog = document.getElementById("ending");
const time = document.getElementById("ending-time");
const failed = document.getElementById("ending-failed");

/** Watches the session; `me` is of session.js. */
export function watch(me) {
  let over = false;

  function tick() {
    const rest = lastSeen() + IDLE_MS - Date.now();
    if (over) return;
    if (rest <= 0) {
      over = true;
      logOut("session-ended");
    } else if (rest <= WARNING_MS) {
      const minutes = Math.ceil(rest / 60_000);
      const words = minutes > 1 ? `dans ${minutes}\u00a0minutes` : "dans moins d’une minute";
      if (time.textContent !== words) time.textContent = words;
      if (!dialog.open) dialog.showModal();
    } else if (dialog.open) {
      dialog.close();
    }
  }

  document.getElementById("extend").addEventListener("click", async () => {
    const answer = await me("GET");
    failed.textContent = answer.ok ? "" : answer.message;
    if (answer.ok) tick();
  });
  document.getElementById("end").addEventListener("click", async () => {
    failed.textContent = (await logOut("signed-out")).message;
  });
  // The dialog needs a choice: the key Escape does not close it.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  addEventListener("storage", tick);
  addEventListener("visibilitychange", () => {
    tick();
    if (!over && !document.hidden && Date.now() - lastSeen() > ASK_MS && !dialog.open) me("GET");
  });
  tick();
  setInterval(tick, TICK_MS);
}
