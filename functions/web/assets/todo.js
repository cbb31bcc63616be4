// « À faire »: what to declare first, by when, how much.

import { longDay } from "./dates.js";
import { away, by, canDeclare, euros, page, spoken } from "./periods.js";
import { me } from "./session.js";

const byId = (id) => document.getElementById(id);
const SHOWN = 3; // tasks; the others are on the page of due dates

/** Shows what can be declared now. */
export async function show() {
  byId("a-faire").hidden = false;
  byId("todo-failed").hidden = true;
  byId("todo-status").textContent = "Chargement de vos échéances…";
  const answer = await me("GET", "/periods");
  byId("todo-status").textContent = "";
  if (answer.ok) return fill(answer.data.periods);
  if (answer.status === 403) return (byId("todo-next").textContent = answer.message); // nothing is known of the business
  byId("todo-failed").hidden = false;
  byId("todo-failed-text").textContent = `Vos échéances n’ont pas pu être chargées. ${answer.message}`;
}

function fill(periods) {
  const due = periods.filter(canDeclare);
  const last = periods.filter(({ amounts }) => amounts).at(-1);
  byId("todo").replaceChildren(...due.slice(0, SHOWN).map((each) => task(each, last)));
  byId("todo-next").textContent = next(periods, due);
  const late = periods.filter(({ state }) => state === "overdue-undeclared").length;
  const badge = document.querySelector("[data-service='declare-and-pay'] .badge");
  badge.hidden = !late;
  badge.classList.add("bad");
  badge.textContent = `${late} à régulariser`;
}

function task(period, last) {
  const item = byId("task").content.firstElementChild.cloneNode(true);
  const [declare, zero] = item.querySelectorAll("a");
  item.classList.toggle("late", period.state === "overdue-undeclared");
  item.querySelector("h3").textContent = `Déclarer ${period.label}`;
  item.querySelector(".by").textContent = by(period);
  item.querySelector(".hint").textContent = last ? `Pour ${last.label}, vos cotisations étaient de ${euros(last.amounts.total)}.` : "";
  declare.href = page(period);
  zero.href = `${page(period)}#zero`;
  for (const link of [declare, zero]) link.append(spoken(` pour ${period.label}`));
  return item;
}

function next(periods, due) {
  if (due.length > SHOWN) return `Et ${due.length - SHOWN} autres échéances\u00a0: voir le calendrier.`;
  const coming = periods.find(({ state }) => state === "upcoming");
  if (!coming) return due.length ? "" : "Rien à déclarer pour le moment.";
  const when = `${coming.label}, à déclarer du ${longDay(coming.opens_on)} au ${longDay(coming.due_on)}, midi`;
  return due.length ? `Ensuite\u00a0: ${when}.` : `Rien à déclarer aujourd’hui. Prochaine échéance ${away(coming.opens_on)}\u00a0: ${when}.`;
}

byId("todo-retry").addEventListener("click", show);
