// Paying a period or an instalment: what was ordered, and an order with a mandate, or signing one.

import { announce } from "./announce.js";
import { longDay } from "./dates.js";
import { wire } from "./form.js";
import { forget, recall, remember } from "./memory.js";
import { cents } from "./money.js";
import { line } from "./payment-line.js";
import { hint } from "./periods.js";
import { me } from "./session.js";

const ATTEMPT = "order"; // kept until the API answers: sent again, it orders once
const UNDER_WAY = ["ordered", "sent"];
const byId = (id) => document.getElementById(id);
const form = byId("pay");
let code;
let left;
let again;

/** Shows what is ordered and left of a period, says what was `done`; calls `then` once that changed. */
export async function show(of, then, done = recall("done")) {
  [code, again] = [of, then];
  const answers = await Promise.all(["/balance", "/payments", "/sepa-mandates"].map((each) => me("GET", each)));
  const [owed, ordered, signed] = answers;
  const failed = answers.find(({ ok }) => !ok);
  byId("payer").hidden = false;
  byId("paying-failed").textContent = failed ? `Vos paiements n’ont pas pu être chargés. ${failed.message}` : "";
  byId("paying-again").hidden = !failed;
  if (failed) return;
  const payments = ordered.data.payments.filter((each) => each.period === code);
  byId("payments").replaceChildren(...payments.map((each) => line(each, cancelled)));
  const under = payments.filter((each) => UNDER_WAY.includes(each.state)).reduce((sum, each) => sum + each.amount_cents, 0);
  const { due, upcoming } = owed.data;
  const item = [...due, ...upcoming].find(({ period }) => period === code);
  left = item ? item.total_cents - under : 0;
  const { mandates } = signed.data;
  byId("payer").hidden = left <= 0 && !payments.length;
  form.hidden = left <= 0 || !mandates.length;
  byId("no-account").hidden = left <= 0 || mandates.length > 0;
  byId("sign").href = `/gerer/moyens-de-paiement/ajouter?pour=${code}`;
  const when = due.includes(item) ? "le premier jour possible" : `le ${longDay(item?.due_on ?? 0)}, jour de l’échéance`;
  byId("debit").textContent = `${cents(left)} seront débités ${when}. Vous pourrez annuler jusqu’à midi la veille.`;
  byId("accounts").replaceChildren(byId("accounts").firstElementChild, ...mandates.map(account));
  form.querySelector("[type=submit]").textContent = `Payer ${cents(left)}`;
  forget("done"); // of a mandate that was just signed
  if (done) announce(byId("paid"), done);
  else if (location.hash === "#payer") byId("payer").scrollIntoView();
}

function account({ rum, iban_masked: iban, holder }, place) {
  const made = byId("account").content.firstElementChild.cloneNode(true);
  const [input, label] = made.children;
  Object.assign(input, { id: `rum-${place}`, value: rum, checked: !place });
  label.htmlFor = input.id;
  label.textContent = `Compte ${iban}`;
  label.append(hint(`${holder}, mandat ${rum}`));
  return made;
}

/** Returns the key of an order: the same as long as it is not known whether it was heard. */
function keyOf(order) {
  const kept = recall(ATTEMPT);
  if (kept?.order === JSON.stringify(order)) return kept.key;
  const key = crypto.randomUUID();
  remember(ATTEMPT, { order: JSON.stringify(order), key });
  return key;
}

function cancelled() {
  again("Le prélèvement est annulé. Le montant reste dû.");
}

wire(form, {
  send({ rum }) {
    const order = { rum, amount_cents: left };
    return me("POST", `/periods/${code}/payments`, order, { "Idempotency-Key": keyOf({ ...order, code }) });
  },
  done({ data }) {
    forget(ATTEMPT);
    again(`C’est demandé\u00a0: ${cents(data.amount_cents)} seront débités le ${longDay(data.debit_on)}. Cette démonstration ne prélève rien.`);
    return "";
  },
  refused({ status, slug, message }) {
    if (status && status < 500) forget(ATTEMPT);
    const known = ["already-ordered", "nothing-due"].includes(slug);
    if (known) again(message); // another tab was faster: its order is shown
    return known;
  },
});

byId("paying-retry").addEventListener("click", () => again());
