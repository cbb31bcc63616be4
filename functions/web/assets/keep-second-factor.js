import { call } from "./api.js";
import { wire } from "./form.js";
import { forget, onNewLink, takeToken } from "./memory.js";
import { ended, show } from "./states.js";

let token;

function open() {
  token = takeToken("keep");
  show(token ? "form" : "missing");
}

wire(document.getElementById("keep"), {
  send: () => call("POST", "second-factor-keep", { token }),
  done() {
    forget("keep");
    show("done", "moved");
    return "";
  },
  refused(answer) {
    if (!ended(answer)) return false;
    forget("keep");
    return true;
  },
});
onNewLink(open);
open();
