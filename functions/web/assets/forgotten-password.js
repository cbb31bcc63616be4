import { call } from "./api.js";
import { countDown } from "./countdown.js";
import { keep } from "./draft.js";
import { wire } from "./form.js";
import { show } from "./states.js";

const form = document.getElementById("recovery");
keep(form);
wire(form, {
  send: (values) => call("POST", "password-recovery", values),
  done() {
    show("sent", "moved");
    const pause = document.getElementById("pause");
    countDown(pause, Date.now() + pause.dataset.pause * 1000);
    return "";
  },
});
document.getElementById("again").addEventListener("click", () => {
  show("form");
  document.getElementById("identifier").focus();
});
