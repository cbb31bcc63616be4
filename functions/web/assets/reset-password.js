import { call } from "./api.js";
import { wire } from "./form.js";
import { forget, onNewLink, takeToken } from "./memory.js";
import { checkPassword } from "./password.js";
import { ended, show } from "./states.js";

let token;

function open() {
  token = takeToken("recovery");
  show(token ? "form" : "missing");
}

wire(document.getElementById("password-form"), {
  together: true,
  check: checkPassword,
  send: (values) => call("PUT", "password", { token, ...values }),
  done() {
    forget("recovery");
    const go = () => location.replace("/mot-de-passe-enregistre");
    import("./leaving.js").then(({ tellTabs }) => tellTabs(), go).then(go); // the new password ended every session
  },
  refused(answer) {
    if (!ended(answer)) return false;
    forget("recovery");
    return true;
  },
});
onNewLink(open);
open();
