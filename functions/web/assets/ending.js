// The end of a session for want of activity: announced, put off on demand, and said.

// The API's half hour, less the minute in which it notes no new call.
const IDLE_MS = 29 * 60_000;
const WARNING_MS = 5 * 60_000;
const TICK_MS = 5_000;

const dialog = document.getElementById("ending");
const time = document.getElementById("ending-time");
const failed = document.getElementById("ending-failed");

/** Watches over the session that `session.js` hands over. */
export function watch({ lastSeen, me, logOut }) {
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
  // A choice is asked: the key Escape makes none.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  addEventListener("storage", tick);
  addEventListener("visibilitychange", tick);
  setInterval(tick, TICK_MS);
}
