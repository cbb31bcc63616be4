// The section of « Sécurité » about the identities at a provider that open the account.

import { longDay } from "./dates.js";
import { recall } from "./memory.js";
import { me } from "./session.js";

const byId = (id) => document.getElementById(id);
const START = "/api/sso/start?intent=link&to=/gerer/mon-compte/securite";

async function read() {
  const { ok, message, data } = await me("GET", "/identities");
  byId("identities-failed").textContent = ok ? "" : `Cette partie n’a pas pu être lue. ${message}`;
  if (!ok) return;
  byId("identities").replaceChildren(...data.identities.map(line));
  byId("identities").hidden = !data.identities.length;
  byId("no-identity").hidden = data.identities.length > 0 || !data.provider;
}

function line({ id, provider, linked_at: since, last_used_at: used }) {
  const item = byId("identity").content.firstElementChild.cloneNode(true);
  item.querySelector("strong").textContent = `${provider} ouvre votre compte`;
  item.querySelector(".hint").textContent = `Associé le ${longDay(since)}, ` + (used ? `utilisé le ${longDay(used)}` : "jamais utilisé");
  const button = item.querySelector("button");
  button.querySelector("span").textContent = ` ${provider}`;
  button.addEventListener("click", () => remove(id, provider));
  return item;
}

async function remove(id, provider) {
  const { ok, message } = await me("DELETE", `/identities/${encodeURIComponent(id)}`);
  byId("identities-failed").textContent = ok ? "" : message;
  if (!ok) return;
  byId("identities-status").textContent = `${provider} n’ouvre plus votre compte, et vos autres sessions sont fermées.`;
  byId("identites-title").focus();
  read();
}

document.querySelector("#no-identity a").href = START;
if (location.hash || recall("identity")) import("./link-identity.js").then(({ offer }) => offer(read), () => {});
read();
