// The section « Clés d’accès » of « Sécurité »: lists the passkeys. What changes them is loaded on request.

import { longDay } from "./dates.js";
import { me } from "./session.js";

const byId = (id) => document.getElementById(id);
const known = "PublicKeyCredential" in window;
const changes = () => import("./passkey-changes.js");

async function read() {
  byId("passkeys-failed").hidden = true;
  const answer = await me("GET", "/passkeys");
  if (answer.ok) {
    const { passkeys, most } = answer.data;
    byId("own-passkeys").replaceChildren(...passkeys.map(line));
    byId("add-passkey").hidden = !known || passkeys.length >= most;
    byId("passkeys-unknown").hidden = known;
  } else {
    byId("passkeys-failed").hidden = false;
    byId("passkeys-failed-text").textContent = `Vos clés d’accès n’ont pas pu être chargées. ${answer.message}`;
  }
}

function line(passkey) {
  const { name, created_at: added, last_used_at: used, copied } = passkey;
  const item = byId("passkey").content.firstElementChild.cloneNode(true);
  item.querySelector("strong").textContent = name;
  const last = used ? `utilisée le ${longDay(used)}` : "jamais utilisée";
  item.querySelector(".hint").textContent =
    `Ajoutée le ${longDay(added)}, ${last}${copied ? ", copiée par votre gestionnaire de clés" : ""}`;
  for (const button of item.querySelectorAll("button")) {
    button.querySelector("span").textContent = ` la clé d’accès\u00a0: ${name}`;
    button.addEventListener("click", () => changes().then(({ open }) => open(button.dataset.opens, passkey, read), failed));
  }
  return item;
}

function failed() {
  byId("passkeys-status").textContent = "Vérifiez votre connexion à internet, puis réessayez.";
}

byId("add-passkey").addEventListener("click", () => changes().then(({ add }) => add(read), failed));
byId("passkeys-retry").addEventListener("click", read);
read();
