// The entries of the balance as a table, each with its rule in words.

import { shortDay } from "./dates.js";
import { label } from "./money.js";
import { element, hint } from "./periods.js";
import { me } from "./session.js";

const byId = (id) => document.getElementById(id);
const signed = new Intl.NumberFormat("fr-FR", { style: "currency", currency: "EUR", signDisplay: "exceptZero" });
const RULES = {
  P1: "Pénalité pour déclaration manquante\u00a0: 1,5\u00a0% du plafond mensuel de la Sécurité sociale",
  P4: "Majoration de 5\u00a0% de ce qui n’était pas payé à l’échéance",
  P5: "Majoration de 0,2\u00a0% par mois de retard commencé",
  P7: "Remise d’un premier retard, payé ou mis en délai dans les 30\u00a0jours",
};
const KINDS = {
  declared: "Déclaration",
  correction: "Correction de la déclaration",
  majoration: "Majoration",
  penalty: "Pénalité",
  remission: "Remise",
  payment: "Paiement",
  return: "Prélèvement rejeté",
};
let next;

/** Shows the newest entries of a balance. */
export function show(balance) {
  byId("entries").replaceChildren();
  add(balance);
}

function add({ entries, next_cursor: cursor }) {
  next = cursor;
  const older = byId("entries").children.length;
  byId("entries").append(...entries.map(row));
  byId("no-entry").hidden = byId("entries").children.length > 0;
  byId("entries-table").hidden = !byId("no-entry").hidden;
  byId("more").hidden = !cursor;
  if (older) byId("entries").children[older]?.querySelector("th").focus();
}

function row({ at, kind, period, amount_cents: amount, rule }) {
  const made = document.createElement("tr");
  const what = element("th", `${RULES[rule] ?? KINDS[kind]}, ${label(period)}`);
  Object.assign(what, { scope: "row", tabIndex: -1 });
  what.append(hint(`le ${shortDay(at)}`));
  made.append(what, element("td", signed.format(amount / 100)));
  return made;
}

byId("more").addEventListener("click", async () => {
  byId("more-status").textContent = "Chargement…";
  const answer = await me("GET", `/balance?cursor=${encodeURIComponent(next)}`);
  byId("more-status").textContent = answer.ok ? "" : answer.message;
  if (answer.ok) add(answer.data);
});
