import { call } from "./api.js";
import { wire } from "./form.js";
import { recall } from "./memory.js";

const sent = recall("sent");
const bounces = document.getElementById("bounces");
document.getElementById(sent ? "sent" : "nothing").hidden = false;
if (sent) document.getElementById("address").textContent = sent.email_masked ?? sent.email;
wire(document.getElementById("resend"), {
  send: () => call("POST", "signup/resend", { email: sent.email }),
  done() {
    bounces.hidden = true;
    return "C’est fait\u00a0: le courriel est renvoyé. S’il n’arrive pas, vous pourrez le redemander dans une minute environ.";
  },
  refused({ errors }) {
    if (!errors.some(({ code }) => code === "undeliverable")) return false;
    bounces.hidden = false;
    bounces.focus();
    return true;
  },
});

// The mail may have bounced since it was sent: each visit asks the API.
if (sent) {
  const { ok, data } = await call("POST", "signup/delivery", { email: sent.email });
  if (ok && !data.receives) bounces.hidden = false;
}
