// Looks for a new mail every two seconds: shows it, unless a mail or a text is being read.
const known = document.body.dataset.newest;
const fresh = document.querySelector(".fresh");

async function look() {
  const answer = await fetch(`/newest${location.search}`);
  if (!answer.ok || (await answer.json()) === known) return;
  const idle = document.body.className === "browsing" && document.activeElement?.tagName !== "INPUT";
  if (idle) location.reload();
  else fresh.hidden = false;
}

setInterval(() => document.hidden || look().catch(() => {}), 2000);
