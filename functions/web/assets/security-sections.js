// The sections of « Sécurité »: the second factor, the passkeys, the open sessions. Each reads its own part:
// one that fails leaves the rest usable. What changes passkeys is loaded on request.

import { hour, longDay, shortDay } from "./dates.js";
import { me } from "./session.js";
import { inWords } from "./ways.js";

const FEW = 3; // recovery codes
const byId = (id) => document.getElementById(id);
const known = "PublicKeyCredential" in window;
const changes = () => import("./passkey-changes.js");

function words({ ok, message, data: { since, recovery_codes_left: left } }) {
  if (!ok) return ["", `La double vérification n’a pas pu être lue. ${message}`];
  if (!since) return ["Inactive", "Après votre mot de passe, un code de votre téléphone\u00a0: un mot de passe volé ne suffit plus."];
  const codes = `${left || "Aucun"} code${left > 1 ? "s" : ""} de secours`;
  return ["Active", `Depuis le ${longDay(since)}. ${codes}${left > FEW ? "" : "\u00a0: créez-en dix nouveaux."}`];
}

async function readSecondFactor() {
  const [state, more] = words(await me("GET", "/totp"));
  byId("second-factor-state").textContent = state;
  byId("second-factor-more").textContent = more;
}

async function readPasskeys() {
  byId("passkeys-failed").hidden = true;
  const answer = await me("GET", "/passkeys");
  if (answer.ok) {
    const { passkeys, most } = answer.data;
    byId("own-passkeys").replaceChildren(...passkeys.map(passkeyLine));
    byId("add-passkey").hidden = !known || passkeys.length >= most;
    byId("passkeys-unknown").hidden = known;
  } else {
    byId("passkeys-failed").hidden = false;
    byId("passkeys-failed-text").textContent = `Vos clés d’accès n’ont pas pu être chargées. ${answer.message}`;
  }
}

function passkeyLine(passkey) {
  const { name, created_at: added, last_used_at: used, copied } = passkey;
  const item = byId("passkey").content.firstElementChild.cloneNode(true);
  item.querySelector("strong").textContent = name;
  const last = used ? `utilisée le ${longDay(used)}` : "jamais utilisée";
  item.querySelector(".hint").textContent =
    `Ajoutée le ${longDay(added)}, ${last}${copied ? ", copiée par votre gestionnaire de clés" : ""}`;
  for (const button of item.querySelectorAll("button")) {
    button.querySelector("span").textContent = ` la clé d’accès\u00a0: ${name}`;
    button.addEventListener("click", () => changes().then(({ open }) => open(button.dataset.opens, passkey, readPasskeys), failed));
  }
  return item;
}

function failed() {
  byId("passkeys-status").textContent = "Vérifiez votre connexion à internet, puis réessayez.";
}

byId("add-passkey").addEventListener("click", () => changes().then(({ add }) => add(readPasskeys), failed));
byId("passkeys-retry").addEventListener("click", readPasskeys);

async function readSessions() {
  byId("sessions-failed").hidden = true;
  const answer = await me("GET", "/sessions");
  if (answer.ok) {
    const { sessions } = answer.data;
    sessions.sort((one, other) => other.current - one.current); // this one first, then the last active
    byId("open-sessions").replaceChildren(...sessions.map(sessionLine));
    byId("end-others").hidden = sessions.length < 2;
  } else {
    byId("sessions-failed").hidden = false;
    byId("sessions-failed-text").textContent = `Vos sessions n’ont pas pu être chargées. ${answer.message}`;
  }
}

function sessionLine({ id, device, created_at: start, last_seen_at: last, methods, current }) {
  const item = byId("session").content.firstElementChild.cloneNode(true);
  const button = item.querySelector("button");
  item.querySelector("strong").textContent = device;
  item.querySelector(".badge").hidden = !current;
  const opened = `${shortDay(start)} à ${hour(start)}`;
  const how = inWords(methods);
  item.querySelector(".hint").textContent = `Ouverte le ${opened}${how && ` par ${how}`}, active le ${shortDay(last)} à ${hour(last)}`;
  if (current) button.remove();
  button.querySelector("span").textContent = ` la session\u00a0: ${device}, ouverte le ${opened}`;
  button.addEventListener("click", () => close(`/${encodeURIComponent(id)}`, "La session est fermée."));
  return item;
}

async function close(path, done) {
  const status = byId("sessions-status");
  status.textContent = "Fermeture en cours…";
  const answer = await me("DELETE", `/sessions${path}`);
  status.textContent = answer.ok || answer.status === 404 ? done : answer.message;
  byId("sessions-title").focus();
  readSessions();
}

byId("end-others").addEventListener("click", () => close("", "Vos autres sessions sont fermées."));
byId("sessions-retry").addEventListener("click", readSessions);
readSecondFactor();
readPasskeys();
readSessions();
