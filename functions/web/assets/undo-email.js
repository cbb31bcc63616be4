import { call } from "./api.js";
import { wire } from "./form.js";
import { forget, onNewLink, remember, takeToken } from "./memory.js";
import { ended, show } from "./states.js";

let token;

function open() {
  token = takeToken("undo");
  show(token ? "form" : "missing");
}

wire(document.getElementById("undo"), {
  send: () => call("POST", "email-undo", { token }),
  done() {
    forget("undo");
    remember("recovery", token); // the link that undid the change sets the new password
    import("./leaving.js").then(({ tellTabs }) => tellTabs(), () => {});
    show("done", "moved");
    return "";
  },
  refused(answer) {
    if (!ended(answer)) return false;
    forget("undo");
    return true;
  },
});
onNewLink(open);
open();
