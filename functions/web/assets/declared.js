// What was declared for a period: its cost, its versions with their receipts, until when it can change.

import { fill as fillTable } from "./amounts.js";
import { hour, longDay, shortDay } from "./dates.js";
import { euros, isPast, LATE, path, STATES } from "./periods.js";
import { me } from "./session.js";
import { fill, show as open } from "./states.js";

const byId = (id) => document.getElementById(id);
let correct;

/** Shows the declaration of a period; `moved` when it was just made. `change` opens its correction. */
export function show(period, change, moved, done) {
  correct = change;
  const { amounts, versions, state, version, due_on: due } = period;
  const day = `le ${longDay(due)}, midi`;
  byId("by").hidden = true;
  byId("saved").hidden = !moved;
  byId("state").textContent = said(amounts, state, day);
  byId("in-plan").hidden = state !== "in-plan";
  pay(period, done);
  fillTable(byId("declared"), amounts);
  byId("receipt").href = `/api/me${path}/receipt?version=${version}`;
  const changeable = !LATE.includes(state) && !isPast(due);
  byId("correct").hidden = !changeable;
  byId("until").textContent = changeable
    ? `Vous pouvez corriger jusqu’à l’échéance, ${day}${state === "payment-ordered" ? "\u00a0: cela annule le prélèvement demandé" : ""}. Après, écrivez à l’Urssaf.`
    : "La date limite est passée\u00a0: une correction se demande à l’Urssaf.";
  const { declared_at: at } = versions.find((each) => each.version === version);
  fill({ declared_on: `${longDay(at)} à ${hour(at)}` });
  byId("versions").hidden = versions.length < 2;
  byId("version-list").replaceChildren(...versions.toSorted((one, other) => other.version - one.version).map(line));
  open("done", moved);
}

function said({ total }, state, day) {
  if (!total) return "Rien à payer pour cette période.";
  if (LATE.includes(state)) return `${STATES[state]}\u00a0: l’échéance était ${day}.`;
  if (state === "declared") return `À payer au plus tard ${day}.`;
  return `${STATES[state]}.`;
}

/** Shows what is ordered and left to pay, and says what was done about it. */
async function pay(period, done) {
  const paying = await import("./pay.js").catch(() => false);
  if (paying) await paying.show(period.code, again, done);
}

/** Reads the period anew: what is to pay has changed. */
async function again(done) {
  const answer = await me("GET", path);
  if (answer.ok) show(answer.data, correct, undefined, done);
}

function line({ version, declared_at: at, amounts }) {
  const item = byId("version").content.firstElementChild.cloneNode(true);
  item.querySelector("strong").textContent = `Version ${version}`;
  item.querySelector(".hint").textContent = `le ${shortDay(at)} à ${hour(at)} – ${euros(amounts.total)}`;
  item.querySelector("a").href = `/api/me${path}/receipt?version=${version}`;
  item.querySelector("a span").textContent = ` de la version ${version}`;
  return item;
}

byId("correct").addEventListener("click", () => correct());
