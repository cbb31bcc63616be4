// The due dates: a list first, then a calendar; year.js adds the figures of the year.

import { longDay } from "./dates.js";
import { by, canDeclare, element, euros, isPast, LATE, page, spoken, STATES } from "./periods.js";
import { me } from "./session.js";

const PAYABLE = ["declared", "due-unpaid", "payment-returned"];
const byId = (id) => document.getElementById(id);
const month = new Intl.DateTimeFormat("fr-FR", { month: "long", year: "numeric", timeZone: "UTC" });

async function load() {
  byId("failed").hidden = true;
  byId("loading").hidden = false;
  const [listed, business] = await Promise.all([me("GET", "/periods"), me("GET", "/business")]);
  byId("loading").hidden = true;
  const failed = [listed, business].find(({ ok }) => !ok);
  byId("ready").hidden = Boolean(failed);
  if (failed) {
    byId("failed").hidden = false;
    byId("failed-text").textContent = failed.message;
    byId("reload").hidden = failed.status === 403;
    return;
  }
  list(listed.data.periods);
  const dates = listed.data.periods.filter(isToCome).map(toDo);
  calendar(dates);
  if (listed.data.periods.some(({ state }) => state === "in-plan")) addInstalments(dates);
  import("./year.js").then(({ show }) => show(listed.data.periods, business.data), () => {});
  byId(location.hash.slice(1))?.scrollIntoView();
}

function list(periods) {
  const groups = {
    "a-regulariser": periods.filter(({ state }) => LATE.includes(state)),
    "a-declarer": periods.filter(({ state }) => state === "open"),
    "a-venir": periods.filter(({ state }) => state === "upcoming"),
    declarees: periods.filter(({ amounts, state }) => amounts && !LATE.includes(state)).reverse(),
  };
  for (const [id, members] of Object.entries(groups)) {
    byId(id).hidden = !members.length;
    byId(id).querySelector("ul").replaceChildren(...members.map(line));
  }
  byId("nothing").hidden = periods.length > 0;
}

function line(period) {
  const { label, state, amounts, due_on: due, opens_on: opens } = period;
  const item = byId("line").content.firstElementChild.cloneNode(true);
  const [name, badge, hint] = item.querySelectorAll("strong, .badge, .hint");
  const link = item.querySelector("a");
  name.textContent = label;
  badge.textContent = STATES[state];
  badge.classList.toggle("bad", LATE.includes(state));
  badge.hidden = state === "upcoming" || state === "open";
  if (state === "upcoming") hint.textContent = `À déclarer du ${longDay(opens)} au ${longDay(due)}, midi`;
  else if (amounts) hint.textContent = `${euros(amounts.total)} · échéance du ${longDay(due)}, midi`;
  else hint.textContent = by(period);
  const toPay = amounts?.total && PAYABLE.includes(state);
  link.href = `${page(period)}${toPay ? "#payer" : ""}`;
  link.textContent = canDeclare(period) ? "Déclarer" : toPay ? "Payer" : "Voir";
  link.append(spoken(` ${label}`));
  if (state === "upcoming") link.remove();
  return item;
}

const isToCome = ({ due_on: due, state }) => ["upcoming", "open", "declared"].includes(state) && !isPast(due);
const toDo = ({ due_on: due, label, state }) => [due, `${state === "declared" ? "Payer" : "Déclarer"} ${label}`];

/** Adds the instalments of a plan of payment, in the order of their days. */
async function addInstalments(dates) {
  const { ok, data } = await me("GET", "/balance");
  if (!ok) return;
  const instalments = data.upcoming.filter(({ period }) => period.startsWith("PLAN"));
  calendar([...dates, ...instalments.map(({ due_on: due, label }) => [due, `Payer\u00a0: ${label}`])].sort());
}

/** Lists by month the days on which something is due from now on. */
function calendar(dates) {
  const months = new Map();
  for (const date of dates) {
    const name = month.format(new Date(date[0]));
    if (!months.has(name)) months.set(name, []);
    months.get(name).push(date);
  }
  byId("calendar").replaceChildren(...[...months].map(([name, days]) => box(name, days)));
  byId("calendrier").hidden = !months.size;
}

function box(name, days) {
  const item = document.createElement("li");
  const dates = document.createElement("ul");
  for (const [due, text] of days) {
    const day = document.createElement("li");
    const time = element("time", String(Number(due.slice(8))));
    time.dateTime = due;
    day.append(time, element("span", text));
    dates.append(day);
  }
  item.append(element("h3", name), dates);
  return item;
}

byId("reload").addEventListener("click", load);
load();
