// One period: reads it, and leads to what can be done with it now.

import { longDay } from "./dates.js";
import { canDeclare, path } from "./periods.js";
import { me } from "./session.js";
import { fill } from "./states.js";

const byId = (id) => document.getElementById(id);

async function load() {
  byId("failed").hidden = true;
  byId("loading").hidden = false;
  const [one, other] = await Promise.all([me("GET", path), me("GET", "/business")]);
  byId("loading").hidden = true;
  const failed = [one, other].find(({ ok }) => !ok);
  if (failed) {
    fail(failed.status === 404 ? "Cette échéance n’existe pas." : failed.message);
    byId("reload").hidden = failed.status === 404 || failed.status === 403;
    return;
  }
  const period = one.data;
  for (const place of document.querySelectorAll("[data-state]")) {
    place.dataset.title = `${place.dataset.title.split(" ")[0]} ${period.label}`;
  }
  fill({ span: `du ${longDay(period.starts_on)} au ${longDay(period.ends_on)}` });
  try {
    if (period.amounts) await declared(period, other.data);
    else if (canDeclare(period)) await ask(period, other.data);
    else (await import("./not-open.js")).show(period);
  } catch {
    fail("La page n’a pas pu être chargée en entier. Vérifiez votre connexion à internet, puis réessayez.");
  }
}

function fail(message) {
  byId("failed").hidden = false;
  byId("failed-text").textContent = message;
}

/** Shows the lines to fill in, then what was declared. */
async function ask(period, business, moved) {
  (await import("./declare.js")).ask(period, business, (now) => declared(now, business, "moved"), moved);
}

/** Shows what was declared, then the lines to correct it. */
async function declared(period, business, moved) {
  (await import("./declared.js")).show(period, () => ask(period, business, "moved"), moved);
}

byId("reload").addEventListener("click", load);
load();
