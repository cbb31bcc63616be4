// The estimate: asked of the API while one types; estimate-shown.js shows what it answers.

import { call } from "./api.js";

const PAUSE_MS = 400;
const MOST = 9_999_999;
const LINES = ["sales", "commercial_services", "other_services", "furnished_tourism"];
const RATES_UNKNOWN = "Les taux de cette période, de ce territoire ou de cette activité ne sont pas connus ici\u00a0: plutôt que de deviner, rien n’est calculé.";
const UNSHOWN = "L’estimation ne peut pas s’afficher. Vérifiez votre connexion à internet, puis réessayez.";

const byId = (id) => document.getElementById(id);
const form = byId("estimate");
const fields = form.elements;
const result = byId("result");
const first = byId("waiting").textContent;
const number = new Intl.NumberFormat("fr-FR");
const month = new Intl.DateTimeFormat("fr-FR", { month: "long", year: "numeric", timeZone: "UTC" });
const digits = (text) => text.replace(/[\s€]/g, "");

/** Fills the list of periods, from two years ago to half a year ahead; the last one over is chosen. */
function listPeriods() {
  const size = fields.periodicity.value === "monthly" ? 1 : 3;
  const chosen = fields.period.value;
  const now = new Date();
  const current = Math.floor((now.getFullYear() * 12 + now.getMonth()) / size);
  const options = [];
  for (let at = current + 6 / size; at >= current - 24 / size; at--) {
    const year = Math.floor((at * size) / 12);
    const start = new Date(Date.UTC(year, (at * size) % 12));
    const quarter = start.getUTCMonth() / 3 + 1;
    const code = size === 1 ? start.toISOString().slice(0, 7) : `${year}-Q${quarter}`;
    const label = size === 1 ? month.format(start) : `${quarter}${quarter === 1 ? "er" : "e"} trimestre ${year}`;
    options.push(new Option(label, code, at === current - 1, at === current - 1));
  }
  fields.period.replaceChildren(...options);
  if (options.some(({ value }) => value === chosen)) fields.period.value = chosen;
}

function firstDay(code) {
  const [year, rest] = code.split("-");
  return `${year}-${rest[0] === "Q" ? String(rest[1] * 3 - 2).padStart(2, "0") : rest}-01`;
}

/** Returns a day as the API writes it, « » when empty, nothing when it is not a whole day that exists. */
function readDay(text) {
  const [day, month, year] = text.split(/[\s./-]+/).filter(Boolean).map(Number);
  if (!day) return text.trim() && undefined;
  const date = new Date(Date.UTC(year, month - 1, day));
  const exists = year >= 1900 && year < 2100 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? date.toISOString().slice(0, 10) : undefined;
}

function mark(name, detail) {
  byId(`${name}-error`).textContent = detail;
  if (detail) fields[name].setAttribute("aria-invalid", "true");
  else fields[name].removeAttribute("aria-invalid");
}

/** Returns the turnover of the lines that are not empty, or nothing when one is wrong; marks it. */
function readTurnover() {
  const turnover = {};
  let wrong = false;
  for (const name of LINES) {
    const text = digits(fields[name].value);
    const large = Number(text) > MOST && `${number.format(MOST)}\u00a0€ au plus par ligne.`;
    const detail = /^\d*$/.test(text) ? large || "" : "Écrivez des euros entiers, en chiffres.";
    mark(name, detail);
    wrong ||= Boolean(detail);
    if (text) turnover[name] = Number(text);
  }
  return wrong ? undefined : turnover;
}

/** Returns what to ask, or what is missing, in words. */
function read() {
  const { period, nature, territory, started_on: start, acre, flat_tax: flat } = fields;
  const started = readDay(start.value);
  const turnover = readTurnover();
  const left = start !== document.activeElement; // a day that is being typed is not wrong yet
  mark("started_on", started === undefined && left ? "Indiquez une date qui existe\u00a0: jour, mois, année." : "");
  if (!turnover) return { missing: "Corrigez le montant signalé." };
  if (!Object.keys(turnover).length) return { missing: first };
  if (started === undefined || (!started && (acre.checked || territory.value === "drom")))
    return { missing: "Indiquez le début de l’activité\u00a0: les taux en dépendent." };
  return {
    asked: {
      period: period.value,
      nature: nature.value,
      territory: territory.value,
      started_on: started || firstDay(period.value),
      acre: acre.checked,
      flat_tax: flat.checked,
      turnover,
    },
  };
}

let turn = 0;
let last = JSON.stringify(first);
let shown;

async function estimate() {
  const { asked, missing } = read();
  const text = JSON.stringify(asked ?? missing);
  if (text === last) return;
  last = text;
  const mine = ++turn;
  const state = asked ? await ask(asked) : { missing };
  if (mine !== turn) return; // more was typed meanwhile
  result.classList.remove("busy");
  if (state.problem) last = ""; // the same may be asked again
  state.first = missing === first;
  shown ??= import("./estimate-shown.js");
  await shown.then(({ show }) => show(state), lost);
}

async function ask(asked) {
  result.classList.add("busy");
  const answer = await call("POST", "estimates", asked);
  if (!answer.ok) return refused(answer);
  // Without Acre too, to say what it saves.
  const full = answer.data.acre && (await call("POST", "estimates", { ...asked, acre: false }));
  return { found: answer.data, full: full && full.ok && full.data, asked, period: fields.period.selectedOptions[0].textContent };
}

function refused({ errors, slug, message }) {
  for (const { field, detail } of errors) {
    const name = field.split(".").pop();
    if (byId(`${name}-error`)) mark(name, detail);
  }
  return { problem: slug === "rates-unknown" ? RATES_UNKNOWN : errors.map(({ detail }) => detail).join(" ") || message };
}

function lost() {
  shown = undefined;
  last = "";
  byId("problem").textContent = UNSHOWN;
  byId("problem").hidden = false;
}

let pause;
form.addEventListener("input", ({ target }) => {
  if (target.name === "periodicity") listPeriods();
  clearTimeout(pause);
  pause = setTimeout(estimate, PAUSE_MS);
});
form.addEventListener("focusout", ({ target }) => {
  const text = LINES.includes(target.name) && digits(target.value);
  if (text && /^\d+$/.test(text)) target.value = number.format(text);
  if (target !== fields.started_on) return;
  const day = readDay(target.value);
  if (day) target.value = day.split("-").reverse().join("/");
  queueMicrotask(estimate);
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  form.classList.remove("busy"); // of early.js
  clearTimeout(pause);
  await estimate();
  result.focus();
  result.scrollIntoView({ block: "start" });
});
listPeriods();
estimate(); // the browser may have restored what was typed
