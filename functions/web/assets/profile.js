import { announce as say } from "./announce.js";
import { longDay } from "./dates.js";
import { forget, onNewLink, recall, takeToken } from "./memory.js";
import { me } from "./session.js";
import { inWords } from "./ways.js";

// Key under which the token that confirms a new address is stored, so that it survives a login.
const LINK = "email-change";
const byId = (id) => document.getElementById(id);

// What is said beside a number that another account has too.
const WAITING = {
  claimed: " (en attente de confirmation)",
  disputed: " (en cours de vérification)",
};
const claimed = (number, status) => number && number + (WAITING[status] ?? "");

function show(profile) {
  const values = {
    ...profile,
    nir_masked: claimed(profile.nir_masked, profile.nir_status),
    siret: claimed(
      profile.siret?.replace(/(...)(...)(...)/, "$1\u00a0$2\u00a0$3\u00a0"),
      profile.siret_status,
    ),
    mobile_phone: profile.mobile_phone_shown,
    ways: inWords(profile.ways).replace(/^./, (first) => first.toUpperCase()) || "Aucune",
    created_day: longDay(profile.created_at),
    deletion_day: profile.deletion_at && longDay(profile.deletion_at),
  };
  for (const place of document.querySelectorAll("[data-fill]")) {
    place.textContent = values[place.dataset.fill] ?? place.textContent;
  }
  byId("agent").hidden = !profile.is_agent;
  byId("scheduled").hidden = !profile.deletion_at;
  byId("suppression").hidden = !!profile.deletion_at;
  if (profile.deletion_at) import("./keep.js").then(({ offer }) => offer(kept), () => {});
  byId("account").hidden = false;
}

const announce = (sentence) => say(byId("done"), sentence);

function kept(profile) {
  show(profile);
  announce("Votre compte est conservé.");
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
import("./export.js").catch(() => {}); // it is further down the page
