import { longDay } from "./dates.js";
import { wire } from "./form.js";
import { forget, onNewLink, recall, remember, takeToken } from "./memory.js";
import { leave, me } from "./session.js";

// Key under which the token that confirms a new address is stored, so that it survives a login.
const LINK = "email-change";
const byId = (id) => document.getElementById(id);

function show(profile) {
  const values = {
    ...profile,
    mobile_phone: profile.mobile_phone_shown,
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

/** Shows what was done at the top and moves the focus there; returns "", so that the form shows nothing. */
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
    // The parts of the page were hidden until now.
    byId(location.hash.slice(1))?.scrollIntoView();
  } else {
    fail(`Votre compte n’a pas pu être chargé. ${answer.message}`);
  }
}

function fail(sentence) {
  byId("failed").hidden = false;
  byId("failed-text").textContent = sentence;
}

/** Clears and closes a form that succeeded. */
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
    return finish(byId("new-email"), `Un courriel part à ${data.email_masked}, sauf si plusieurs viennent d’être demandés.`);
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

function openLink() {
  const token = takeToken(LINK);
  const done = (sentence) => {
    read();
    return announce(sentence);
  };
  if (token) import("./confirm-email.js").then(({ offer }) => offer({ key: LINK, token, done }), () => fail("Rechargez la page pour confirmer votre adresse."));
}

byId("reload").addEventListener("click", read);
const told = recall("done");
forget("done");
if (told) announce(told);
onNewLink(openLink);
openLink();
read();
// Loaded last: it is further down the page.
import("./sessions.js").catch(() => {});
import("./email.js").catch(() => {});
