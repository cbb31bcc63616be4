// A plan of payment as it would be: computed anew while one chooses, then signed.

import { wire } from "./form.js";
import { cents } from "./money.js";
import { element } from "./periods.js";
import { table } from "./plan-table.js";
import { me } from "./session.js";

const PAUSE = 400; // milliseconds without a key before the proposal is asked
const DAY = 86_400_000;
const WITHIN = 31; // days, of the first instalment
const byId = (id) => document.getElementById(id);
const form = byId("plan-form");
const { first_on: first } = form.elements;
const paris = new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Paris" });
let signed;
let typing;
let asked = 0;

/** Offers a plan of what is due; calls `then` with the one that is signed. */
export function offer(due, then) {
  signed = then;
  const total = due.reduce((sum, { total_cents: each }) => sum + each, 0);
  byId("owed").textContent = cents(total);
  byId("covers").replaceChildren(...due.map(({ label, total_cents: each }) => element("li", `${label}\u00a0: ${cents(each)}`)));
  const [soonest, latest] = [1, WITHIN].map((days) => paris.format(Date.now() + days * DAY));
  Object.assign(first, { min: soonest, max: latest });
  first.value ||= latest;
  propose();
}

function body({ instalments, first_on: on, reason }) {
  return { instalments: Number(instalments), first_on: on, reason };
}

async function propose() {
  const { instalments, reason } = form.elements;
  const mine = ++asked;
  if (!first.value) return;
  const answer = await me("POST", "/plans/proposals", body({ instalments: instalments.value, first_on: first.value, reason: reason.value.trim() || "Proposition" }));
  if (mine !== asked) return; // something else was chosen meanwhile
  byId("proposal").hidden = !answer.ok;
  byId("proposal-failed").textContent = answer.ok ? "" : answer.errors.map(({ detail }) => detail).join(" ") || answer.message;
  byId("missing").hidden = answer.slug !== "declaration-missing";
  if (!answer.ok) return;
  const { agreed_at_once: agreed, remitted_cents: remitted, instalments: parts } = answer.data;
  byId("proposal-table").replaceChildren(table(parts));
  const kept = remitted ? ` ${cents(remitted)} de majorations vous sont remises si vous le respectez.` : "";
  byId("proposal-about").textContent = (agreed ? "Accordé dès votre signature." : "L’Urssaf répond sous quinze jours.") + kept;
  byId("proposal-status").textContent = `${parts.length} échéance${parts.length > 1 ? "s" : ""}, la première de ${cents(parts[0].amount_cents)}.`;
}

wire(form, {
  send: (values) => me("POST", "/plans", body(values)),
  done({ data }) {
    signed(data);
    return "";
  },
});

form.addEventListener("input", ({ target }) => {
  if (target.name === "reason") return;
  clearTimeout(typing);
  typing = setTimeout(propose, PAUSE);
});
