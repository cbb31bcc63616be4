// « Mes délais de paiement »: the plan that runs, or a proposal that follows what one chooses, to sign.

import { longDay } from "./dates.js";
import { me } from "./session.js";

const byId = (id) => document.getElementById(id);

async function read() {
  byId("failed").hidden = true;
  byId("loading").hidden = false;
  const [listed, balance] = await Promise.all([me("GET", "/plans"), me("GET", "/balance")]);
  byId("loading").hidden = true;
  const failed = [listed, balance].find(({ ok }) => !ok);
  byId("ready").hidden = Boolean(failed);
  if (failed) return fail(failed.message, failed.status);
  try {
    await show(listed.data.plans, balance.data);
  } catch {
    fail("La page n’a pas pu être chargée en entier. Réessayez.");
  }
}

function fail(message, status) {
  byId("failed").hidden = false;
  byId("failed-text").textContent = message;
  byId("reload").hidden = status === 403;
}

async function show(plans, { due }) {
  const now = plans.find(({ state }) => state === "running" || state === "submitted");
  byId("now").hidden = !now;
  byId("ask").hidden = Boolean(now) || !due.length;
  byId("nothing").hidden = Boolean(now) || due.length > 0;
  if (plans.length) {
    const { card, line } = await import("./plan-shown.js");
    byId("plan").replaceChildren(...(now ? card(now) : []));
    const before = plans.filter((plan) => plan !== now);
    byId("before").hidden = !before.length;
    byId("plans").replaceChildren(...before.map(line));
  }
  const next = now?.state === "running" && now.instalments.find((each) => each.paid_cents < each.amount_cents);
  if (next) (await import("./pay.js")).show(next.period, again);
  if (!now && due.length) (await import("./plan-asked.js")).offer(due, signed);
}

/** Says what was done about an instalment, once the plan is read anew. */
async function again(done) {
  await read();
  if (done) say(done);
}

function say(sentence) {
  byId("done").hidden = false;
  byId("done").textContent = sentence;
  byId("done").focus();
}

function signed({ state, instalments }) {
  say(
    state === "running"
      ? `Votre délai de paiement est accordé. Première échéance le ${longDay(instalments[0].due_on)}, avant midi.`
      : "Votre demande est transmise. La réponse vous parvient par courriel et dans votre fil d’activité, sous quinze jours.",
  );
  read();
}

byId("reload").addEventListener("click", read);
read();
