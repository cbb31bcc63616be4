import { call } from "./api.js";
import { wire } from "./form.js";
import { forget, note, recall, remember } from "./memory.js";
import { prefill, wireNumbers } from "./numbers.js";

const notice = document.querySelector(`[data-notice="${recall("notice")}"]`);
if (notice) {
  notice.hidden = false;
  notice.focus();
}
const day = recall("deletion-day");
if (day) document.getElementById("deletion-day").textContent = `\u00a0: il sera supprimé le ${day}`;
forget("notice", "deletion-day");

// Who is logged in is led to the space, unless the session ended without this browser's knowing.
if (document.documentElement.matches(".in")) {
  call("GET", "me").then(({ status }) => status === 401 && import("./leaving.js").then(({ tellTabs }) => tellTabs()));
}

wire(document.getElementById("login"), {
  send: (values) => call("POST", "login", values),
  done() {
    const next = recall("next");
    forget("sign-up", "sent", "token", "next");
    note();
    location.assign(/^\/gerer\b/.test(next) ? next : "/gerer");
  },
});

const identifiers = document.getElementById("identifiers");
wireNumbers(identifiers);
const known = recall("sign-up");
if (known) prefill(identifiers, known);
wire(identifiers, {
  send: (values) => call("POST", "signup/identifiers", values),
  done(_answer, values) {
    remember("sign-up", { ...known, ...values });
    location.assign("/creer-mon-compte");
  },
});
