// « Mes versements »: the payments debited in a year, each with its state, its receipt, its cancellation.

import { announce } from "./announce.js";
import { line } from "./payment-line.js";
import { me } from "./session.js";

const YEARS = 5;
const byId = (id) => document.getElementById(id);
const year = byId("year");
let changed;

/** Shows the payments of the year that is chosen; `then` is called after one was cancelled. */
export function show(then) {
  changed = then;
  if (!year.options.length) {
    const now = new Date().getFullYear();
    for (let each = now + 1; each > now - YEARS; each--) year.append(new Option(each, each, each === now, each === now));
  }
  read();
}

async function read() {
  byId("paid-failed").hidden = true;
  byId("paid-status").textContent = "Chargement…";
  const { ok, message, data } = await me("GET", `/payments?year=${year.value}`);
  byId("paid-status").textContent = "";
  byId("paid-failed").hidden = ok;
  byId("paid-failed-text").textContent = ok ? "" : `Vos versements n’ont pas pu être chargés. ${message}`;
  byId("payments").replaceChildren(...(ok ? data.payments : []).map((each) => line(each, cancelled)));
  byId("no-payment").hidden = !ok || data.payments.length > 0;
}

function cancelled() {
  changed();
  announce(byId("done"), "Le prélèvement est annulé.");
}

year.addEventListener("change", read);
byId("paid-retry").addEventListener("click", read);
