// Back from the provider: whose identity it is, before it opens the account.

import { call } from "./api.js";
import { wire } from "./form.js";
import { forget, recall, remember, takeToken } from "./memory.js";
import { me } from "./session.js";

const byId = (id) => document.getElementById(id);
let ticket;
let then;

/** Offers to link the identity of the ticket in the fragment; calls `done` once it is. */
export async function offer(done) {
  ticket = takeToken("identity");
  if (!ticket) return;
  then = done;
  const known = recall("claims"); // given once
  const { ok, data } = known?.ticket === ticket ? { ok: true, data: known } : await call("POST", "sso/identity", { ticket });
  if (!ok) return gone();
  remember("claims", { ...data, ticket });
  const name = [data.first_name, data.last_name].filter(Boolean).join(" ");
  byId("link-who").textContent = name && `, au nom de ${name}`;
  byId("link-offer").hidden = false;
  byId("identites-title").scrollIntoView();
  byId("identites-title").focus();
}

function gone() {
  forget("identity", "claims");
  byId("link-offer").hidden = true;
}

wire(byId("link-identity"), {
  send: () => me("POST", "/identities", { ticket }),
  done() {
    gone();
    byId("identities-status").textContent = "C’est associé\u00a0: vous pouvez vous connecter ainsi.";
    then();
    return "";
  },
});
byId("link-no").addEventListener("click", gone);
