import { call } from "./api.js";
import { keep } from "./draft.js";
import { wire } from "./form.js";
import { forget, recall, remember } from "./memory.js";
import { wireNumbers } from "./numbers.js";

const DIFFERENT = "Les deux adresses courriel sont différentes.";
const form = document.getElementById("sign-up");
const bare = (address) => address.replace(/[\s\p{Cf}]/gu, "").toLowerCase();
const same = (one, other) => bare(one) === bare(other);

keep(form, recall("sign-up"));
wireNumbers(form);

wire(form, {
  together: true,
  check: ({ email, email_confirmation }) =>
    same(email, email_confirmation) ? [] : [{ field: "email_confirmation", detail: DIFFERENT }],
  send: (values) => call("POST", "signup", values),
  done({ data }, values) {
    remember("sign-up", values);
    remember("sent", { email: values.email, ...data, at: Date.now() });
    location.assign("/verifiez-vos-courriels");
  },
});

import("./email.js").catch(() => {});
document.getElementById("cancel").addEventListener("click", () => forget("sign-up", "sent", "draft"));
