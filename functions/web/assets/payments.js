// What is owed: the balance, what is due, to come, on its way. entries.js and paid.js show the rest.

import { longDay } from "./dates.js";
import { cents, label } from "./money.js";
import { page, spoken } from "./periods.js";
import { me } from "./session.js";

const byId = (id) => document.getElementById(id);

async function read() {
  byId("failed").hidden = true;
  byId("loading").hidden = false;
  const answer = await me("GET", "/balance");
  byId("loading").hidden = true;
  byId("ready").hidden = !answer.ok;
  if (answer.ok) return show(answer.data);
  byId("failed").hidden = false;
  byId("failed-text").textContent = answer.message;
  byId("reload").hidden = answer.status === 403;
}

function show(balance) {
  const { balance_cents: owed, due, upcoming, in_progress: ordered } = balance;
  byId("balance").textContent = owed > 0 ? `${cents(owed)} à payer` : owed < 0 ? `${cents(-owed)} en votre faveur` : cents(0);
  byId("balance-about").textContent =
    owed > 0 ? "L’échéance est passée\u00a0: sans paiement, des majorations s’y ajoutent." : owed < 0 ? "Cet avoir se déduit de ce que vous devrez ensuite." : "Vous êtes à jour.";
  const codes = new Set(ordered.map(({ period }) => period));
  fill("du", due, (item) => owing(item, "Dû depuis le", codes));
  fill("a-venir", upcoming, (item) => owing(item, "Au plus tard le", codes));
  fill("en-cours", ordered, (item) => row(label(item.period), cents(item.amount_cents), `Débité le ${longDay(item.debit_on)}`));
  import("./entries.js").then((entries) => entries.show(balance), () => {});
  import("./paid.js").then((paid) => paid.show(read), () => {});
}

function fill(id, items, line) {
  byId(id).hidden = !items.length;
  byId(id).querySelector("ul").replaceChildren(...items.map(line));
}

function owing(item, by, ordered) {
  const { period, label: name, due_on: due, principal_cents: principal, surcharges_cents: surcharges, total_cents: total } = item;
  const added = principal ? `, dont ${cents(surcharges)} de majorations et pénalités` : ", en pénalités";
  const part = surcharges ? added : "";
  const made = row(name, cents(total), `${by} ${longDay(due)}, midi${part}`);
  const link = made.querySelector("a");
  link.href = period.startsWith("PLAN") ? "/gerer/delais-de-paiement" : `${page({ code: period })}#payer`;
  link.textContent = principal && !ordered.has(period) ? "Payer" : "Voir"; // a penalty alone is of a period to declare
  link.append(spoken(` ${name}`));
  return made;
}

function row(name, amount, hint) {
  const made = byId("owed").content.firstElementChild.cloneNode(true);
  made.querySelector("strong").textContent = amount;
  made.querySelector("span").textContent = name;
  made.querySelector(".hint").textContent = hint;
  return made;
}

byId("reload").addEventListener("click", read);
read();
