import { longDay } from "./dates.js";
import { wire } from "./form.js";
import { forget, onNewLink, recall, remember, takeToken } from "./memory.js";
import { leave, me } from "./session.js";

const LINK = "email-change"; // the link that confirms a new address, kept over a login
const byId = (id) => document.getElementById(id);

function phone(number) {
  return number.replace(/^\+33(\d)/, "0$1").replace(/(\d{2})(?=(\d{2})+$)/g, "$1\u00a0");
}

function show(profile) {
  const values = {
    ...profile,
    mobile_phone: phone(profile.mobile_phone),
    created_day: longDay(profile.created_at),
    deletion_day: profile.deletion_at && longDay(profile.deletion_at),
  };
  for (const place of document.querySelectorAll("[data-fill]")) {
    place.textContent = values[place.dataset.fill] ?? place.textContent;
  }
  byId("agent").hidden = !profile.is_agent;
  byId("bouncing").hidden = profile.email_receives;
  byId("unconfirmed").hidden = !profile.new_email_masked;
  byId("scheduled").hidden = !profile.deletion_at;
  byId("unscheduled").hidden = !!profile.deletion_at;
  byId("account").hidden = false;
}

/** Says what was done, at the top, where the reader is taken: the form that did it says nothing more. */
function announce(sentence) {
  const done = byId("done");
  done.hidden = false;
  done.textContent = sentence;
  done.focus();
  return "";
}

async function read() {
  byId("failed").hidden = true;
  byId("loading").textContent = "Chargement de votre compte…";
  const answer = await me("GET");
  byId("loading").textContent = "";
  if (answer.ok) {
    show(answer.data);
    byId(location.hash.slice(1))?.scrollIntoView(); // only now has the page its parts
  } else {
    byId("failed").hidden = false;
    byId("failed-text").textContent = `Votre compte n’a pas pu être chargé. ${answer.message}`;
  }
}

/** Puts away a form that has done its work. */
function finish(form, sentence) {
  form.reset();
  form.closest("details").open = false;
  return announce(sentence);
}

wire(byId("phone"), {
  send: (values) => me("PATCH", "", values),
  done({ data }) {
    show(data);
    return finish(byId("phone"), "Votre téléphone mobile est modifié.");
  },
});
wire(byId("new-email"), {
  send: (values) => me("PUT", "/email", values),
  done({ data }) {
    read();
    return finish(byId("new-email"), `Un courriel part à ${data.email_masked}. Ouvrez son lien pour confirmer l’adresse.`);
  },
});
wire(byId("export"), {
  send: () => me("GET", "/export"),
  done({ data }) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
    link.download = "mon-compte.json";
    link.click();
    URL.revokeObjectURL(link.href);
    return "Le fichier mon-compte.json est téléchargé.";
  },
});
wire(byId("delete"), {
  send: () => me("DELETE"),
  done({ data }) {
    remember("deletion-day", longDay(data.deletion_at));
    leave("deletion");
  },
});
wire(byId("keep"), {
  send: () => me("PATCH", "", { deletion_at: null }),
  done({ data }) {
    show(data);
    return announce("Votre compte est conservé.");
  },
});

let token;
function openLink() {
  token = takeToken(LINK);
  byId("confirmation").hidden = !token;
  byId("confirm-email").hidden = false;
}
wire(byId("confirm-email"), {
  send: () => me("POST", "/email/confirmation", { token }),
  done() {
    forget(LINK);
    byId("confirmation").hidden = true;
    read();
    document.dispatchEvent(new Event("sessions-ended"));
    return announce("Votre nouvelle adresse courriel est confirmée. Utilisez-la désormais pour vous connecter.");
  },
  refused({ status }) {
    if (![404, 409, 410].includes(status)) return false;
    forget(LINK);
    byId("confirm-email").hidden = true;
    byId(status === 409 ? "change-taken" : "change-expired").hidden = false;
    byId("confirmation-title").focus();
    return true;
  },
});

byId("reload").addEventListener("click", read);
const told = recall("done");
forget("done");
if (told) announce(told);
onNewLink(openLink);
openLink();
read();
import("./sessions.js").catch(() => {}); // further down the page
