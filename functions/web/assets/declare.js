// The declaration of a period: what was received, then what it costs, to check before it is sent.

import { call } from "./api.js";
import { read, wire } from "./form.js";
import { by, code, euros, path, percent } from "./periods.js";
import { me } from "./session.js";
import { show } from "./states.js";

const byId = (id) => document.getElementById(id);
const form = byId("turnover");
const MOST = 9_999_999;
const PAUSE = 400; // milliseconds without a key before the estimate is asked
const UNSHOWN = "Le détail ne peut pas s’afficher. Vérifiez votre connexion à internet, puis réessayez.";
let table;
let period;
let business;
let declared;
let estimated;
let typing;
let asked = 0;

/** Shows the lines: those of the account's activities are open. Calls `then` with what was declared. */
export function ask(of, whose, then, moved) {
  [period, business, declared] = [of, whose, then];
  byId("by").hidden = false;
  byId("by").textContent = by(period);
  for (const place of document.querySelectorAll("[data-line]")) {
    const name = place.dataset.line;
    const ours = period.activities.includes(name);
    byId(name).disabled = !ours;
    if (ours) place.hidden = false;
    else byId(`${name}-due`).textContent = "Pas dans votre activité. Pour l’ajouter, modifiez-la au guichet unique.";
    const line = period.amounts?.lines.find(({ category }) => category === name);
    if (line) byId(name).value = String(line.turnover);
  }
  show("form", moved);
  if (location.hash === "#zero") {
    history.replaceState(null, "", location.pathname);
    nothing();
  } else run();
}

/** Returns whole euros of what was typed, or NaN: spaces and « € » are dropped, cents rounded. */
function whole(text) {
  const typed = text.replace(/[\s\u00a0\u202f€]/g, "").replace(",", ".");
  return /^\d+(\.\d{1,2})?$/.test(typed) ? Math.floor(Number(typed) + 0.5) : NaN;
}

function values() {
  const typed = Object.entries(read(form)).filter(([, text]) => text !== null);
  return Object.fromEntries(typed.map(([name, text]) => [name, text.trim() ? whole(text) : null]));
}

const isGood = (value) => value >= 0 && value <= MOST;

function check() {
  return Object.entries(values()).flatMap(([field, value]) => {
    if (value === null || isGood(value)) return [];
    const range = value > MOST ? "au plus 9\u202f999\u202f999\u00a0€" : "des chiffres, sans lettres";
    return [{ field, detail: `${byId(field).labels[0].textContent}\u00a0: saisissez un montant en euros, ${range}.` }];
  });
}

function estimate(turnover) {
  const { nature, territory, started_on, flat_tax } = business;
  return call("POST", "estimates", { period: code, nature, territory, started_on, acre: period.acre, flat_tax, turnover });
}

/** Asks what is typed so far costs, and says it. */
async function run() {
  const typed = Object.entries(values()).map(([name, value]) => [name, isGood(value) ? (value ?? 0) : 0]);
  const mine = ++asked;
  const answer = await estimate(Object.fromEntries(typed));
  if (mine !== asked) return; // something else was typed meanwhile
  for (const { category, rate, contributions, turnover } of answer.data.lines ?? []) {
    const due = turnover ? `, soit ${euros(contributions)} de cotisations` : "";
    byId(`${category}-due`).textContent = `Taux\u00a0: ${percent(rate)}${due}`;
  }
  byId("running").textContent = answer.ok ? `À payer, taxes comprises\u00a0: ${euros(answer.data.total)}` : "";
  byId("running-status").textContent = byId("running").textContent;
}

function nothing() {
  for (const input of form.elements) if (input.name && !input.disabled) input.value = "0";
  form.requestSubmit();
}

wire(form, {
  check,
  async send() {
    const answer = await estimate(values());
    for (const error of answer.errors ?? []) error.field = error.field.replace("turnover.", "");
    table = await import("./amounts.js").catch(() => false);
    return table ? answer : { message: UNSHOWN, errors: [] };
  },
  done({ data }) {
    estimated = data;
    table.fill(byId("to-declare"), data);
    show("check", "moved");
    return "";
  },
});

wire(byId("declare"), {
  send() {
    const turnover = Object.fromEntries(estimated.lines.map((line) => [line.category, line.turnover]));
    return me("PUT", `${path}/declaration`, { turnover, expected_version: period.version });
  },
  done({ data }) {
    declared(data);
    return "";
  },
  refused({ slug }) {
    if (slug === "stale-version") reopen();
    return slug === "stale-version";
  },
});

/** Shows what another tab declared meanwhile, to correct if it is wrong. */
async function reopen() {
  const answer = await me("GET", path);
  if (!answer.ok) return;
  byId("changed").hidden = false;
  ask(answer.data, business, declared, "moved");
}

form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(run, PAUSE);
});
form.addEventListener("change", ({ target }) => {
  if (isGood(whole(target.value))) target.value = new Intl.NumberFormat("fr-FR").format(whole(target.value));
});
byId("nothing").addEventListener("click", nothing);
byId("change").addEventListener("click", () => show("form", "moved"));
