// The request for an affiliation, as three dated steps, as long as it is not confirmed.

import { longDay } from "./dates.js";

/** Shows how far the request for an affiliation is, as long as it is not confirmed. */
export function show({ affiliation: { status: state, at, reason }, created_at: created }) {
  document.getElementById("suivi").hidden = false;
  document.getElementById("request").href = "#suivi";
  for (const place of document.querySelectorAll("[data-affiliation]")) {
    place.hidden = place.dataset.affiliation !== state;
  }
  document.getElementById("refusal").textContent = reason ?? "";
  const rejected = state === "rejected";
  const steps = { received: created, checked: rejected && at, confirmed: rejected && at };
  for (const [name, day] of Object.entries(steps)) {
    const step = document.querySelector(`[data-step="${name}"]`);
    step.className = day ? "done" : name === "checked" ? "now" : "";
    step.querySelector("span").textContent = day ? `le ${longDay(day)}` : name === "checked" ? "– en cours" : "";
    if (step.matches(".now")) step.setAttribute("aria-current", "step");
    if (name === "confirmed") step.classList.toggle("refused", rejected);
  }
  if (rejected) document.querySelector("[data-step='confirmed'] strong").textContent = "Refusée";
}
