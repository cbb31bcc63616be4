// Has a person confirm who they are, before an action that could be used to take over an account.

import { call } from "./api.js";
import { wire } from "./form.js";
import { remember } from "./memory.js";

const KEPT = "Rien n’a changé\u00a0: vous n’avez pas confirmé que c’est vous.";

/**
 * The ways to confirm, as they are offered to who has them: `name` is that of `ways` of `GET /api/me`.
 * All but the password have a `label`, that of their button, and `ask(account)`, called by a click on
 * it, which resolves to an answer as `call` gives one, or to nothing when the person gave up.
 */
const WAYS = [
  { name: "password" },
  { name: "passkey", label: "Utiliser une clé d’accès", ask: () => import("./passkey-login.js").then(({ signIn }) => signIn(true)) },
];
const provider = document.documentElement.dataset.provider;
if (provider) WAYS.push({ name: "sso", label: `Avec ${provider}`, ask: leave });

const byId = (id) => document.getElementById(id);
const dialog = byId("confirm");
const form = byId("reauthentication");
const password = byId("current_password");
let account;
let settle;

/** Asks for a proof; resolves to nothing when it was given, to what to show when the person cancels. */
export async function confirm() {
  const answer = await call("GET", "me");
  if (!answer.ok) return { message: answer.message };
  account = answer.data;
  const offered = WAYS.filter(({ name }) => account.ways.includes(name));
  if (!offered.length) return { message: "Déconnectez-vous, puis reconnectez-vous pour continuer." };
  const others = offered.filter(({ ask }) => ask);
  const typed = others.length < offered.length;
  byId("holder").value = account.email;
  form.hidden = !typed;
  byId("or").hidden = !typed;
  byId("no-password").hidden = typed;
  byId("other-ways").hidden = !others.length;
  byId("way-buttons").replaceChildren(...others.map(button));
  dialog.returnValue = "";
  dialog.showModal();
  (typed ? password : byId("way-buttons").firstElementChild).focus();
  return new Promise((resolve) => {
    settle = resolve;
  });
}

function button({ label, ask }) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = form.hidden ? "button" : "button second";
  made.textContent = label;
  made.addEventListener("click", async () => {
    byId("way-failed").textContent = "";
    made.disabled = true;
    const answer = await ask(account);
    made.disabled = false;
    if (answer?.ok) confirmed();
    else byId("way-failed").textContent = answer?.message ?? "";
  });
  return made;
}

/** Leaves for the provider, which asks again; it leads back to this page. Never resolves. */
function leave() {
  remember("next", location.pathname); // if a code is due
  location.assign(`/api/sso/start?intent=confirm&to=${location.pathname}`);
  return new Promise(() => {});
}

function confirmed() {
  dialog.close("confirmed");
  return "";
}

wire(form, {
  send: ({ current_password: typed }) => call("POST", "login", { identifier: account.email, password: typed }),
  done({ status, data }) {
    if (status !== 202) return confirmed();
    import("./second-step.js").then(({ ask }) => ask(data.ticket, confirmed));
    return "";
  },
  refused(answer) {
    if (answer.slug !== "invalid-credentials") return false;
    answer.errors = [{ field: "current_password", detail: "Ce n’est pas le mot de passe de votre compte." }];
    return false;
  },
});
dialog.addEventListener("close", () => {
  form.reset();
  form.parentElement.hidden = false;
  byId("second-step").hidden = true;
  settle(dialog.returnValue ? undefined : { message: KEPT });
});
for (const cancel of dialog.querySelectorAll("[data-cancel]")) cancel.addEventListener("click", () => dialog.close());
