// A plan of payment: the one that runs or waits, and those that ended.

import { longDay, shortDay } from "./dates.js";
import { cents } from "./money.js";
import { element, hint } from "./periods.js";
import { table } from "./plan-table.js";

const STATES = {
  submitted: "Demande en attente de réponse",
  running: "Délai en cours",
  kept: "Délai respecté, tout est payé",
  broken: "Délai interrompu",
  refused: "Demande refusée",
};
const SAID = {
  submitted: "La réponse vous parvient ici, sous quinze jours. Rien n’est suspendu d’ici là.",
  running: "Chaque échéance se paie ici, à partir de sept jours avant et jusqu’à midi le jour dit. Une échéance manquée met fin au délai\u00a0: tout ce qui reste est alors dû.",
};

/** Returns what is shown of the plan that runs, or waits for its answer. */
export function card(plan) {
  const { state: now, signed_at: signed, remitted_cents: remitted, instalments } = plan;
  const kept = remitted ? ` ${cents(remitted)} de majorations sont remises tant que le délai est respecté.` : "";
  return [
    element("h2", STATES[now]),
    element("p", `Signé le ${longDay(signed)}. ${SAID[now]}${kept}`),
    table(instalments, now === "running"),
  ];
}

/** Returns the line of a plan that ended. */
export function line({ state: now, since, total_cents: total, instalments, answer }) {
  const made = document.createElement("li");
  const text = element("p", "");
  const said = [`${STATES[now]} le ${shortDay(since)}.`, answer].filter(Boolean).join(" ");
  text.append(element("strong", `${cents(total)} en ${instalments.length}\u00a0échéance${instalments.length > 1 ? "s" : ""}`), hint(said));
  made.append(text);
  return made;
}
