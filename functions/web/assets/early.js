// Runs before anything is shown: whether this browser has a session, for the header; its logout;
// a form that is sent before its module is loaded (form.js sends it then).
{
  const IDLE_MS = 30 * 60_000;

  function tell() {
    let seen = 0;
    try {
      seen = localStorage.seen ?? 0; // of memory.js
    } catch {
      // storage forbidden: only the space says that one is logged in
    }
    document.documentElement.classList.toggle("in", location.pathname.startsWith("/gerer") || Date.now() - seen < IDLE_MS);
  }

  tell();
  addEventListener("storage", tell);
  addEventListener("pageshow", tell);
  addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    event.target.classList.add("busy");
  });
  addEventListener("click", async ({ target }) => {
    if (!target.closest("[data-log-out]")) return;
    const failed = document.getElementById("log-out-failed");
    failed.textContent = "";
    const leaving = await import("./leaving.js").catch(() => false);
    failed.textContent = leaving ? (await leaving.logOut("signed-out")).message : "Vérifiez votre connexion à internet, puis réessayez.";
  });
}
