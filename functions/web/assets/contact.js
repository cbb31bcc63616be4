import { call } from "./api.js";
import { keep } from "./draft.js";
import { wire } from "./form.js";
import { show } from "./states.js";

import("./email.js").catch(() => {});
const form = document.getElementById("contact");
keep(form);
wire(form, {
  together: true,
  send: (values) => call("POST", "contact", values),
  done({ data }) {
    document.getElementById("ticket").textContent = data.ticket;
    show("sent", "moved");
    return "";
  },
});
