// A period that is not to declare now: why, and when it will be.

import { longDay } from "./dates.js";
import { show as open } from "./states.js";

const WHY = {
  closed: "L’échéance est passée depuis plus d’un an\u00a0: cette période se déclare auprès de l’Urssaf.",
  "rates-unknown": "Les taux de cette période ne sont pas encore publiés. Elle s’ouvrira dès qu’ils le seront.",
};

/** Says why a period is not open, or when it will be. */
export function show({ state, reason, label, opens_on: opens, due_on: due }) {
  const when = `Vous pourrez déclarer ${label} du ${longDay(opens)} au ${longDay(due)}, midi.`;
  document.getElementById("why").textContent = state === "void" ? "Il n’y a rien à déclarer pour cette période." : (WHY[reason] ?? when);
  open("closed");
}
