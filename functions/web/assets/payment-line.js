// The line of a payment: what became of it and what to do next, its receipt, its cancellation.

import { hour, longDay } from "./dates.js";
import { cents, label } from "./money.js";
import { me } from "./session.js";

const byId = (id) => document.getElementById(id);
const STATES = {
  ordered: ["Demandé", "Sera débité le"],
  sent: ["En cours", "Transmis à la banque, débité le"],
  settled: ["Encaissé", "Débité le"],
  returned: ["Rejeté", "Devait être débité le"],
  cancelled: ["Annulé", "Devait être débité le"],
};
const WHY = {
  revoked: "Annulé avec la révocation du mandat\u00a0: choisissez un autre compte.",
  corrected: "Annulé par la correction de la déclaration\u00a0: demandez le nouveau montant.",
  "after-due-day": "L’échéance ne pouvait plus être tenue\u00a0: c’est le premier jour possible.",
};

/** Returns the line of a payment; `cancelled()` is called once the person cancelled it. */
export function line(payment, cancelled) {
  const { id, period, amount_cents: amount, iban_masked: iban, debit_on: day, state, reason, explanation, receipt } = payment;
  const item = byId("payment").content.firstElementChild.cloneNode(true);
  const [what, badge, when, why] = item.querySelectorAll("strong, .badge, .hint");
  const [link, button] = item.querySelectorAll("a, button");
  const named = ` ${cents(amount)} pour ${label(period)}`;
  what.textContent = `${cents(amount)}, ${label(period)}`;
  badge.textContent = STATES[state][0];
  badge.classList.toggle("bad", state === "returned");
  when.textContent = `${STATES[state][1]} ${longDay(day)}, compte ${iban}`;
  why.textContent = explanation ?? WHY[reason] ?? "";
  link.href = receipt;
  link.querySelector("span").textContent = `\u00a0:${named} (nouvel onglet)`;
  const until = payment.cancellable_until;
  if (until) button.addEventListener("click", () => confirm(id, named, until, cancelled));
  else button.remove();
  button.querySelector("span").textContent = named;
  return item;
}

let cancel;

function confirm(id, named, until, cancelled) {
  byId("cancelling-what").textContent = named.trim();
  byId("cancelling-until").textContent = `${longDay(until)} à ${hour(until)}`;
  byId("cancelling-failed").textContent = "";
  byId("cancelling").showModal();
  cancel = async () => {
    const { ok, message } = await me("DELETE", `/payments/${encodeURIComponent(id)}`);
    if (!ok) return (byId("cancelling-failed").textContent = message);
    byId("cancelling").close();
    cancelled();
  };
}

byId("cancel-payment").addEventListener("click", () => cancel());
byId("keep-payment").addEventListener("click", () => byId("cancelling").close());
