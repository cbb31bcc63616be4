// Periods to declare, in words: what their states mean, by when, how much.

import { longDay } from "./dates.js";

const DAY = 86_400_000;
const today = new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Paris" });
const amount = new Intl.NumberFormat("fr-FR", { style: "currency", currency: "EUR", maximumFractionDigits: 2, trailingZeroDisplay: "stripIfInteger" });

/** The period that the address of the page names, and its address in the API. */
export const code = location.pathname.split("/").pop();
export const path = `/periods/${code}`;

/** Returns an amount in euros, such as « 1 234 € », with no-break spaces. */
export const euros = (value) => amount.format(value);

/** Returns a rate of the API, « 12.3 », as people write it: « 12,3 % ». */
export const percent = (rate) => `${rate.replace(".", ",")}\u00a0%`;

/** The words of each state; a state of `LATE` is to put right. */
export const STATES = {
  upcoming: "À venir",
  open: "À déclarer",
  declared: "Déclarée",
  settled: "Réglée",
  "payment-ordered": "Prélèvement demandé",
  "payment-sent": "Prélèvement en cours",
  "payment-returned": "Prélèvement rejeté",
  "due-unpaid": "Déclarée, non payée",
  "overdue-undeclared": "En retard",
  assessed: "Taxée d’office",
  "in-plan": "Dans un délai de paiement",
  void: "Sans objet",
};
export const LATE = ["overdue-undeclared", "due-unpaid", "payment-returned", "assessed"];

/** Returns whether a period can be declared now. */
export const canDeclare = ({ state, reason }) => state === "open" || (state === "overdue-undeclared" && reason !== "closed");

/** Returns the address of the page of a period. */
export const page = ({ code }) => `/gerer/echeances/${code}`;

function daysTo(day) {
  return Math.round((Date.parse(day) - Date.parse(today.format(new Date()))) / DAY);
}

/** Returns whether a day is before today, in Paris. */
export const isPast = (day) => daysTo(day) < 0;

/** Returns « dans 4 jours » for a day, from today in Paris. */
export function away(day) {
  const days = daysTo(day);
  if (days === 0) return "aujourd’hui";
  if (days === 1) return "demain";
  if (days === -1) return "depuis hier";
  const count = `${Math.abs(days)}\u00a0jours`;
  return days > 0 ? `dans ${count}` : `depuis ${count}`;
}

/** Returns by when a period is to be declared, in words. */
export function by({ due_on: due, state, reason }) {
  if (reason === "affiliation-late") return "Sans pénalité si vous déclarez dans les 30\u00a0jours de votre affiliation";
  const late = LATE.includes(state);
  return `${late ? "C’était à faire avant" : "Au plus tard"} le ${longDay(due)}, midi\u00a0· ${away(due)}`;
}

/** Returns an element with a text. */
export function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

/** Returns words that are less important. */
export function hint(text) {
  const made = element("span", ` ${text}`);
  made.className = "hint";
  return made;
}

/** Returns words that a screen reader adds. */
export function spoken(text) {
  const made = element("span", text);
  made.className = "spoken";
  return made;
}
