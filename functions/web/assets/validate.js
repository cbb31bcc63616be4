import { call } from "./api.js";
import { wire } from "./form.js";
import { forget, onNewLink, recall, takeToken } from "./memory.js";
import { checkPassword, know } from "./password.js";
import { ended, fill, show } from "./states.js";

const checking = document.getElementById("checking");
let token;

async function validate() {
  token = takeToken("token");
  if (!token) {
    show("missing");
    return;
  }
  show("checking");
  checking.textContent = "Vérification du lien… Merci de patienter.";
  const answer = await call("POST", "email-validation", { token });
  checking.textContent = "";
  if (answer.ok) {
    fill(answer.data);
    const { first_name, email_masked } = answer.data;
    const own = recall("sent")?.email_masked === email_masked; // another sign-up may be in this tab
    know({ ...(own && recall("sign-up")), first_name });
    show("form");
  } else if (!ended(answer)) {
    show("failed");
    document.getElementById("failed-text").textContent = answer.message;
  }
}

wire(document.getElementById("password-form"), {
  together: true,
  check: checkPassword,
  send: (values) => call("PUT", "password", { token, ...values }),
  done() {
    forget("token", "sign-up", "sent");
    location.replace("/mot-de-passe-enregistre");
  },
  refused: ended,
});

document.getElementById("username").value = recall("sent")?.email ?? "";
document.getElementById("retry").addEventListener("click", validate);
onNewLink(validate);
validate();
