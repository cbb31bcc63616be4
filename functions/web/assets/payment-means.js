import { announce } from "./announce.js";
import { longDay } from "./dates.js";
import { forget, recall } from "./memory.js";
import { me } from "./session.js";

const MOST = 3;
const PATH = "/sepa-mandates";
const TYPES = { core: "Personnel", b2b: "Interentreprises" };
const byId = (id) => document.getElementById(id);
const dialog = byId("revoking");
let revoking;

async function read() {
  byId("failed").hidden = true;
  byId("loading").textContent = "Chargement…";
  const answer = await me("GET", PATH);
  byId("loading").textContent = "";
  const closed = answer.slug === "services-closed";
  byId("closed").hidden = !closed;
  byId("means").hidden = !answer.ok;
  if (answer.ok) {
    show(answer.data.mandates);
  } else if (closed) {
    byId("closed").textContent = answer.message;
  } else {
    byId("failed").hidden = false;
    byId("failed-text").textContent = `Vos moyens de paiement n’ont pas pu être chargés. ${answer.message}`;
  }
}

function show(mandates) {
  byId("mandates").replaceChildren(...mandates.map(line));
  byId("none").hidden = mandates.length > 0;
  const full = mandates.length >= MOST;
  byId("full").hidden = !full;
  byId("add").hidden = full;
}

function line(mandate) {
  const { rum, scheme, holder, iban_masked: iban, signed_at: signed, pdf } = mandate;
  const item = byId("mandate").content.firstElementChild.cloneNode(true);
  const [who, what] = item.querySelectorAll(".hint");
  const link = item.querySelector("a");
  const button = item.querySelector("button");
  item.querySelector("strong").textContent = iban;
  item.querySelector(".badge").textContent = TYPES[scheme];
  who.textContent = `${holder}, signé le ${longDay(signed)}`;
  what.textContent = `Mandat ${rum}`;
  link.href = pdf;
  link.querySelector("span").textContent = ` le mandat ${rum} (nouvel onglet)`;
  button.querySelector("span").textContent = ` le mandat ${rum}`;
  button.addEventListener("click", () => {
    revoking = mandate;
    byId("revoked-account").textContent = iban;
    dialog.showModal();
  });
  return item;
}

async function revoke() {
  dialog.close();
  const status = byId("mandates-status");
  status.textContent = "Révocation en cours…";
  const answer = await me("DELETE", `${PATH}/${encodeURIComponent(revoking.rum)}`);
  status.textContent = answer.ok ? "" : answer.message;
  if (!answer.ok) return byId("mandates-title").focus();
  await read();
  announce(byId("done"), `Le mandat ${revoking.rum} est révoqué.`);
}

byId("revoke").addEventListener("click", revoke);
byId("keep").addEventListener("click", () => dialog.close());
byId("reload").addEventListener("click", read);
const told = recall("done");
forget("done");
if (told) announce(byId("done"), told);
read();
