import { call } from "./api.js";
import { keep } from "./draft.js";
import { wire } from "./form.js";
import { forget, note, recall, remember } from "./memory.js";

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

const login = document.getElementById("login");
keep(login);
wire(login, {
  send: (values) => call("POST", "login", values),
  done({ status, data }, { identifier }) {
    if (status !== 202) return open(identifier);
    secondStep().then(({ ask }) => ask(data.ticket, () => open(identifier)));
    return "";
  },
});
const secondStep = () => import("./second-step.js");

function open(identifier) {
  const next = recall("next");
  if (identifier !== recall("holder")) forget("draft"); // typed in the space of another person
  forget("sign-up", "sent", "token", "next");
  remember("holder", identifier);
  note();
  location.assign(/^\/gerer\b/.test(next) ? next : "/gerer");
}
if (location.hash) import("./provider.js").then(({ back }) => back(() => open(recall("holder"))), () => {});
const provider = document.getElementById("provider");
provider?.addEventListener("click", () => {
  const next = recall("next");
  forget("draft", "holder"); // who comes back may be another person
  if (next) provider.search = `?to=${next}`;
});
import("./use-passkey.js").then(({ start }) => start(open)).catch(() => {});
import("./identifiers.js").catch(() => {}); // it comes second
