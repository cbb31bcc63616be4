import { wire } from "./form.js";
import { remember } from "./memory.js";
import { me } from "./session.js";

wire(document.getElementById("new-email"), {
  send: (values) => me("PUT", "/email", values),
  done({ data }) {
    remember("done", `Un courriel part à ${data.email_masked}, sauf si plusieurs viennent d’être demandés.`);
    location.assign("/gerer/mon-compte");
  },
});

import("./email.js").catch(() => {});
