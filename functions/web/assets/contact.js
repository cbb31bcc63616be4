import { call } from "./api.js";
import { wire } from "./form.js";
import { show } from "./states.js";

import("./email.js").catch(() => {});
wire(document.getElementById("contact"), {
  send: (values) => call("POST", "contact", values),
  done({ data }) {
    document.getElementById("ticket").textContent = data.ticket;
    show("sent", "moved");
    return "";
  },
});
