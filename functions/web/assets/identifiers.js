// « Je n’ai pas encore de compte »: the numbers, passed on to « Créer mon compte ».

import { call } from "./api.js";
import { keep } from "./draft.js";
import { wire } from "./form.js";
import { recall, remember } from "./memory.js";
import { wireNumbers } from "./numbers.js";

const identifiers = document.getElementById("identifiers");
const known = recall("sign-up");
keep(identifiers, known);
wireNumbers(identifiers);
wire(identifiers, {
  together: true,
  send: (values) => call("POST", "signup/identifiers", values),
  done(_answer, values) {
    const drafts = recall("draft");
    remember("sign-up", { ...known, ...drafts?.["sign-up"], ...values });
    remember("draft", { ...drafts, "sign-up": undefined });
    location.assign("/creer-mon-compte");
  },
});
