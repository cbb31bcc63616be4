import { call } from "./api.js";
import { wire } from "./form.js";
import { forget, onNewLink, takeToken } from "./memory.js";
import { checkPassword } from "./password.js";
import { ended, show } from "./states.js";

const checking = document.getElementById("checking");
let token;

async function open() {
  token = takeToken("recovery");
  if (!token) {
    show("missing");
    return;
  }
  show("checking");
  checking.textContent = "Vérification du lien… Merci de patienter.";
  const answer = await call("POST", "password-recovery/link", { token });
  checking.textContent = "";
  if (!refused(answer)) show("form"); // whatever else failed may work when the password is sent
}

function refused(answer) {
  if (answer.ok || !ended(answer)) return false;
  forget("recovery");
  return true;
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
  refused,
});
onNewLink(open);
open();
