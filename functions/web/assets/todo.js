// « À faire »: what to declare and to pay first, by when, how much.

import { longDay } from "./dates.js";
import { away, by, canDeclare, euros, page, spoken } from "./periods.js";
import { me } from "./session.js";

const byId = (id) => document.getElementById(id);
const SHOWN = 3; // tasks; the others are on the page of due dates
const cents = (amount) => euros(amount / 100);

/** Shows what can be declared and paid now. */
export async function show() {
  byId("a-faire").hidden = false;
  byId("todo-failed").hidden = true;
  byId("todo-status").textContent = "Chargement de vos échéances…";
  const [answer, balance] = await Promise.all([me("GET", "/periods"), me("GET", "/balance")]);
  byId("todo-status").textContent = "";
  if (answer.ok) return fill(answer.data.periods, balance);
  if (answer.status === 403) return (byId("todo-next").textContent = answer.message); // nothing is known of the business
  byId("todo-failed").hidden = false;
  byId("todo-failed-text").textContent = `Vos échéances n’ont pas pu être chargées. ${answer.message}`;
}

function fill(periods, { ok, data, message }) {
  const due = periods.filter(canDeclare);
  const last = periods.filter(({ amounts }) => amounts).at(-1);
  const owed = ok ? toPay(data, due) : [];
  const tasks = [...owed, ...due.map((each) => declaration(each, last))];
  tasks.sort((one, other) => other.late - one.late || one.day.localeCompare(other.day)); // what is late, the oldest first
  byId("todo").replaceChildren(...tasks.slice(0, SHOWN).map(task));
  const said = ok ? balance(data) : `Votre solde n’a pas pu être chargé. ${message}`;
  byId("todo-next").textContent = `${next(periods, due, tasks.length)} ${said}`;
  badge("declare-and-pay", periods.filter(({ state }) => state === "overdue-undeclared").length, "à régulariser");
  badge("payments", owed.filter(({ late }) => late).length, "à payer");
}

function badge(service, count, words) {
  const place = document.querySelector(`[data-service='${service}'] .badge`);
  place.hidden = !count;
  place.classList.add("bad");
  place.textContent = `${count} ${words}`;
}

function declaration(period, last) {
  return {
    late: period.state === "overdue-undeclared",
    day: period.due_on,
    title: `Déclarer ${period.label}`,
    by: by(period),
    hint: last ? `Pour ${last.label}, vos cotisations étaient de ${euros(last.amounts.total)}.` : "",
    links: [["Déclarer", page(period)], ["Déclarer 0\u00a0€", `${page(period)}#zero`]],
    about: period.label,
  };
}

/** Returns what is due or comes, and neither an order is to pay nor a declaration comes first. */
function toPay({ due, upcoming, in_progress: ordered }, undeclared) {
  const codes = [...ordered.map(({ period }) => period), ...undeclared.map(({ code }) => code)];
  const tasks = [due, upcoming].map((items, later) =>
    items.filter(({ period }) => !codes.includes(period)).map(({ period, label, due_on: day, total_cents: total }) => ({
      late: !later,
      day,
      title: `Payer ${label}`,
      by: later ? `Au plus tard le ${longDay(day)}, midi\u00a0· ${away(day)}` : `C’était à payer avant le ${longDay(day)}, midi`,
      hint: `${cents(total)} à payer.`,
      links: [["Payer", period.startsWith("PLAN") ? "/gerer/delais-de-paiement" : `${page({ code: period })}#payer`]],
      about: label,
    })),
  );
  return tasks.flat();
}

function balance({ balance_cents: owed }) {
  if (owed > 0) return `Solde\u00a0: ${cents(owed)} à payer.`;
  return owed < 0 ? `Solde\u00a0: ${cents(-owed)} en votre faveur.` : `Solde\u00a0: ${cents(0)}.`;
}

function task({ late, title, by: when, hint, links, about }) {
  const item = byId("task").content.firstElementChild.cloneNode(true);
  item.classList.toggle("late", late);
  item.querySelector("h3").textContent = title;
  item.querySelector(".by").textContent = when;
  item.querySelector(".hint").textContent = hint;
  for (const [place, link] of item.querySelectorAll("a").entries()) {
    if (!links[place]) {
      link.remove();
      continue;
    }
    [link.textContent, link.href] = links[place];
    link.append(spoken(` pour ${about}`));
  }
  return item;
}

function next(periods, due, count) {
  if (count > SHOWN) return `Et ${count - SHOWN} autres\u00a0: voir le calendrier et le solde.`;
  const coming = periods.find(({ state }) => state === "upcoming");
  if (!coming) return due.length ? "" : "Rien à déclarer pour le moment.";
  const when = `${coming.label}, à déclarer du ${longDay(coming.opens_on)} au ${longDay(coming.due_on)}, midi`;
  return due.length ? `Ensuite\u00a0: ${when}.` : `Rien à déclarer aujourd’hui. Prochaine échéance ${away(coming.opens_on)}\u00a0: ${when}.`;
}

byId("todo-retry").addEventListener("click", show);
