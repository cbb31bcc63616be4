import { call } from "./api.js";
import { wire } from "./form.js";
import { show } from "./states.js";

wire(document.getElementById("recovery"), {
  send: (values) => call("POST", "password-recovery", values),
  done() {
    show("sent", "moved");
    return "";
  },
});
document.getElementById("again").addEventListener("click", () => {
  show("form");
  document.getElementById("identifier").focus();
});
