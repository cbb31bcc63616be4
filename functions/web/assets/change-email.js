import { keep } from "./draft.js";
import { wire } from "./form.js";
import { remember } from "./memory.js";
import { me } from "./session.js";

const form = document.getElementById("new-email");
keep(form);
wire(form, {
  together: true,
  check: ({ email, email_confirmation: again }) =>
    email.trim().toLowerCase() === again.trim().toLowerCase() ? [] : [{ field: "email_confirmation", detail: "Les deux adresses courriel sont différentes." }],
  send: (values) => me("PUT", "/email", values),
  done({ data }) {
    remember("done", `Un courriel part à ${data.email_masked}, sauf si plusieurs viennent d’être demandés.`);
    location.assign("/gerer/mon-compte/securite");
  },
});

import("./email.js").catch(() => {});

// Who is not logged in is led to the login before filling anything in; the session is watched from now on.
me("GET");
