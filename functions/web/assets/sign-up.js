import { call } from "./api.js";
import { wire } from "./form.js";
import { forget, recall, remember } from "./memory.js";
import { prefill, wireNumbers } from "./numbers.js";

const DIFFERENT = "Les deux adresses courriel sont différentes.";
const form = document.getElementById("sign-up");
const bare = (address) => address.replace(/[\s\p{Cf}]/gu, "").toLowerCase();
const same = (one, other) => bare(one) === bare(other);

wireNumbers(form);
const known = recall("sign-up");
if (known) prefill(form, known);

wire(form, {
  check: ({ email, email_confirmation }) =>
    same(email, email_confirmation) ? [] : [{ field: "email_confirmation", detail: DIFFERENT }],
  send: (values) => call("POST", "signup", values),
  done({ data }, values) {
    remember("sign-up", values);
    remember("sent", { email: values.email, email_masked: data.email_masked, at: Date.now() });
    location.assign("/verifiez-vos-courriels");
  },
});

import("./email.js").catch(() => {});
document.getElementById("cancel").addEventListener("click", () => forget("sign-up", "sent"));
