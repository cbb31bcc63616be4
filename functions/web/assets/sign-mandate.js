import { wire } from "./form.js";
import { groupIban } from "./iban.js";
import { remember } from "./memory.js";
import { me } from "./session.js";

// What the mandate is to pay, a period or an instalment: its page is where to go back to.
const paying = /^\?pour=(PLAN-\d{3}-\d\d|\d{4}-(?:\d\d|Q\d))$/.exec(location.search)?.[1];
const page = paying?.startsWith("PLAN") ? "/gerer/delais-de-paiement" : `/gerer/echeances/${paying}`;
const back = paying ? `${page}#payer` : "/gerer/moyens-de-paiement";
document.getElementById("cancel").href = back;
const form = document.getElementById("sign");
groupIban(form.elements.iban);
wire(form, {
  send: (values) => me("POST", "/sepa-mandates", values),
  done({ data: { rum, scheme } }) {
    const next = scheme === "b2b" ? " Imprimez-le et remettez-le à votre banque." : "";
    remember("done", `Le mandat ${rum} est signé.${next}`);
    location.assign(back);
  },
});

// Who is not logged in is led to the login before filling anything in; the session is watched from now on.
me("GET");
