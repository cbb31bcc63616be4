// What changes the passkeys of « Sécurité »: one is added, renamed, removed.

import { wire } from "./form.js";
import { me } from "./session.js";
import { make } from "./webauthn.js";

const NOTHING = "Aucune clé d’accès n’a été ajoutée.";
const KNOWN = "Cet appareil a déjà une clé d’accès de votre compte.";
const byId = (id) => document.getElementById(id);
const status = byId("passkeys-status");
const button = byId("add-passkey");
let chosen;
let read;

/** Has the browser make a passkey, and adds it; `then` reads the list again. */
export async function add(then) {
  if (button.matches(".busy")) return;
  button.classList.add("busy");
  status.textContent = "Suivez les instructions de votre navigateur…";
  status.textContent = await added();
  button.classList.remove("busy");
  then();
}

async function added() {
  const asked = await me("POST", "/passkeys/options");
  if (!asked.ok) return asked.message;
  const { credential, name } = await make(asked.data.public_key);
  if (!credential) return name === "InvalidStateError" ? KNOWN : NOTHING;
  const answer = await me("POST", "/passkeys", { credential });
  if (answer.ok) return "La clé d’accès est ajoutée. Un courriel vous le confirme.";
  return answer.errors[0]?.detail ?? answer.message;
}

/** Opens the dialog that renames or removes a passkey; `then` reads the list again. */
export function open(dialog, { id, name }, then) {
  chosen = id;
  read = then;
  status.textContent = "";
  byId("name").value = name;
  byId("removed-name").textContent = name;
  byId(dialog).showModal();
}

function form(id, dialog, send, sentence) {
  wire(byId(id), {
    send,
    done() {
      byId(dialog).close();
      status.textContent = sentence;
      byId("passkeys-title").focus();
      read();
      return "";
    },
  });
  byId(dialog).querySelector("[data-close]").addEventListener("click", () => byId(dialog).close());
}

const path = () => `/passkeys/${encodeURIComponent(chosen)}`;
form("rename-passkey", "renaming", (values) => me("PATCH", path(), values), "La clé d’accès a un nouveau nom.");
form("remove-passkey", "removing", () => me("DELETE", path()), "La clé d’accès est retirée. Vos autres sessions sont fermées.");
