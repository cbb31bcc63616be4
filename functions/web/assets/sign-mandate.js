import { wire } from "./form.js";
import { groupIban } from "./iban.js";
import { remember } from "./memory.js";
import { me } from "./session.js";

const form = document.getElementById("sign");
groupIban(form.elements.iban);
wire(form, {
  send: (values) => me("POST", "/sepa-mandates", values),
  done({ data: { rum, scheme } }) {
    const next = scheme === "b2b" ? " Imprimez-le et remettez-le à votre banque." : "";
    remember("done", `Le mandat ${rum} est signé.${next}`);
    location.assign("/gerer/moyens-de-paiement");
  },
});

// Who is not logged in is led to the login before filling anything in; the session is watched from now on.
me("GET");
