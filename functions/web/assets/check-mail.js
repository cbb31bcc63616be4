import { call } from "./api.js";
import { countDown, left } from "./countdown.js";
import { wire } from "./form.js";
import { recall, remember } from "./memory.js";

const sent = recall("sent");
const bounces = document.getElementById("bounces");
const form = document.getElementById("resend");
const pause = () => (sent.at ?? 0) + form.dataset.pause * 1000;
const count = () => countDown(document.getElementById("pause"), pause());
document.getElementById(sent ? "sent" : "nothing").hidden = false;
if (sent) document.getElementById("address").textContent = sent.email_masked ?? sent.email;
wire(form, {
  send: () => (left(pause()) ? { ok: true, early: true } : call("POST", "signup/resend", { email: sent.email, registration: sent.registration })),
  done({ early }) {
    if (early) return "Un courriel vient de partir. Attendez la fin du décompte pour en demander un autre.";
    bounces.hidden = true;
    sent.at = Date.now();
    remember("sent", sent);
    count();
    return "Votre demande est enregistrée. Un courriel part, sauf si plusieurs ont été demandés ces dernières heures.";
  },
});

if (sent) count();

// The mail may have bounced since it was sent: each visit asks the API.
if (sent?.registration) {
  const { ok, data } = await call("POST", "signup/delivery", { registration: sent.registration });
  if (ok && !data.receives) bounces.hidden = false;
}
