// The instalments of a plan of payment as a table.

import { longDay } from "./dates.js";
import { cents } from "./money.js";
import { element, hint } from "./periods.js";

/** Returns the table of some instalments, with their total; `paid` says what is paid of each. */
export function table(instalments, paid) {
  const made = document.createElement("table");
  made.className = "amounts";
  const caption = element("caption", "Échéances du délai de paiement");
  caption.className = "spoken";
  const rows = instalments.map((each, place) => row(`${place + 1}. ${longDay(each.due_on)}`, cents(each.amount_cents), paid && state(each)));
  const total = instalments.reduce((sum, each) => sum + each.amount_cents, 0);
  const parts = [
    ["thead", row("Au plus tard le", "Montant", "", "col")],
    ["tbody", ...rows],
    ["tfoot", row("Total", cents(total))],
  ];
  made.append(caption);
  for (const [name, ...lines] of parts) made.appendChild(document.createElement(name)).append(...lines);
  return made;
}

function state({ amount_cents: amount, paid_cents: paid }) {
  if (paid >= amount) return "Payée";
  return paid ? `${cents(paid)} payés` : "À payer";
}

function row(what, amount, said, scope = "row") {
  const made = document.createElement("tr");
  const head = element("th", what);
  if (said) head.append(hint(said));
  made.append(head, element(scope === "col" ? "th" : "td", amount));
  for (const each of made.querySelectorAll("th")) each.scope = scope;
  return made;
}
