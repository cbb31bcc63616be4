// Who comes from a provider without an account that it opens: links one, or signs up.

import { call } from "./api.js";
import { wire } from "./form.js";
import { forget, note, recall, remember, takeToken } from "./memory.js";
import { show } from "./states.js";

const byId = (id) => document.getElementById(id);
const NAMES = { last_name: "Nom", first_name: "Prénom", email: "Courriel", mobile_phone: "Téléphone mobile", siret: "Siret" };
const ticket = takeToken("identity");
let provider;

async function read() {
  byId("failed").hidden = true;
  byId("loading").textContent = "Chargement…";
  const known = recall("claims"); // given once: a reload shows them again
  const answer = ticket && known?.ticket === ticket ? { ok: true, data: known } : await call("POST", "sso/identity", { ticket: ticket ?? "" });
  byId("loading").textContent = "";
  if (answer.ok) return tell(answer.data);
  if (answer.slug === "provider-expired") return show("ended");
  byId("failed").hidden = false;
  byId("failed-text").textContent = answer.message;
}

function tell(claims) {
  remember("claims", { ...claims, ticket });
  provider = claims.provider;
  const name = [claims.first_name, claims.last_name].filter(Boolean).join(" ");
  byId("who").textContent = name && `\u00a0: ${name}`;
  byId("claims").replaceChildren(...Object.keys(NAMES).filter((field) => claims[field]).map((field) => row(NAMES[field], claims[field])));
  show("known");
}

function row(term, value) {
  const line = document.createElement("div");
  for (const [kind, text] of [["dt", term], ["dd", value]]) {
    const part = document.createElement(kind);
    part.textContent = text;
    line.append(part);
  }
  return line;
}

async function link(identifier) {
  note();
  remember("holder", identifier);
  const answer = await call("POST", "me/identities", { ticket });
  if (answer.slug === "provider-expired") return show("ended", "moved");
  if (!answer.ok) return (byId("link-failed").textContent = answer.message);
  forget("claims", "identity", "draft", "sign-up");
  remember("done", `Vous pouvez maintenant vous connecter avec ${provider}.`);
  location.assign("/gerer/mon-compte/securite");
}

wire(byId("login"), {
  send: ({ identifier, password }) => call("POST", "login", { identifier, password }),
  done({ status, data }, { identifier }) {
    if (status === 202) import("./second-step.js").then(({ ask }) => ask(data.ticket, () => (link(identifier), "")));
    else link(identifier);
    return "";
  },
});

byId("create").addEventListener("click", () => {
  const { last_name, first_name, email, mobile_phone, siret } = recall("claims");
  forget("draft", "claims", "identity");
  remember("sign-up", { last_name, first_name, email, email_confirmation: email, mobile_phone, ...(siret && { siret }) });
  location.assign("/creer-mon-compte");
});
byId("reload").addEventListener("click", read);
read();
