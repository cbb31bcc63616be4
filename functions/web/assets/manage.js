import { announce } from "./announce.js";
import { hour, longDay, shortDay } from "./dates.js";
import { me } from "./session.js";

const [feed, entry, empty, failure, all, more, status, previous, failed] = [
  "feed", "entry", "empty", "failure", "all", "more", "feed-status", "previous-login", "failed",
].map((id) => document.getElementById(id));
const QUIET = "new-device";
const FIRST = 3; // entries shown before « Voir tout le fil »
let cursor;
let loading = false;

const REASONS = {
  "affiliation-pending": "S’ouvrira quand votre affiliation sera confirmée.",
  "affiliation-rejected": "Fermé\u00a0: votre demande d’affiliation a été refusée.",
  "business-unknown": "S’ouvrira quand nous connaîtrons votre activité.",
};

const ACTIONS = {
  "affiliation-confirmed": ["/gerer/echeances", "Voir mes échéances"],
  "affiliation-rejected": ["/creer", "Corriger ma déclaration"],
  "new-device": ["/gerer/mon-compte/securite#sessions", "Voir les sessions ouvertes"],
  "mail-bouncing": ["/gerer/mon-compte/courriel", "Changer mon adresse courriel"],
  "payment-returned": ["/gerer/paiements", "Voir mes paiements"],
  "number-lost": ["/nous-contacter", "Nous contacter"],
  "password-changed": ["/gerer/mon-compte/securite", "Voir ma sécurité"],
};

function say(id, text) {
  const place = document.getElementById(id);
  place.hidden = !text;
  if (text) place.querySelector("strong").textContent = text;
}

function tell(profile) {
  const { affiliation } = profile;
  say("greeting", `${profile.first_name} ${profile.last_name}`);
  say("deletion", profile.deletion_at && longDay(profile.deletion_at));
  if (profile.deletion_at) import("./keep.js").then(({ offer }) => offer(kept), () => {});
  document.getElementById("bouncing").hidden = profile.email_receives;
  say("unconfirmed", profile.new_email_masked);
  for (const { id, open, reason } of profile.services) {
    const tile = document.querySelector(`[data-service="${CSS.escape(id)}"]`);
    if (!tile) continue;
    tile.classList.toggle("closed", !open);
    tile.querySelector(".badge").hidden = open;
    for (const link of tile.querySelectorAll("a")) {
      if (open) link.href = link.dataset.href;
      else link.removeAttribute("href");
    }
    const note = tile.querySelector(".hint");
    note.textContent = open ? note.dataset.open : (REASONS[reason] ?? "Fermé pour le moment.");
  }
  const next = affiliation.status === "confirmed" ? import("./todo.js") : import("./tracking.js");
  next.then(({ show }) => show(profile), () => {});
}

async function read() {
  failed.hidden = true;
  const answer = await me("GET");
  if (answer.ok) {
    tell(answer.data);
  } else {
    failed.hidden = false;
    document.getElementById("failed-text").textContent = `L’état de vos services n’a pas pu être chargé. ${answer.message}`;
  }
}

function item({ at, kind, title, body }) {
  const line = entry.content.firstElementChild.cloneNode(true);
  line.dataset.kind = kind;
  line.querySelector("time").dateTime = at;
  line.querySelector("time").textContent = `${longDay(at)} – ${hour(at)}`;
  line.querySelector("h3").textContent = title;
  line.querySelector(".body").textContent = body ?? "";
  const [href, label] = ACTIONS[kind] ?? [];
  if (href) {
    const link = line.querySelector(".go a");
    link.href = href;
    link.textContent = label;
    link.parentElement.hidden = false;
  }
  return line;
}

/** Adds a login from a new device to the line of those just after it: they never drown the rest. */
function group(line, next) {
  let several = line.querySelector("details");
  if (!several) {
    several = document.getElementById("several").content.firstElementChild.cloneNode(true);
    several.querySelector("ol").append(member(line));
    line.querySelector(".body").replaceWith(several);
  }
  const list = several.querySelector("ol");
  list.append(member(next));
  line.querySelector("h3").textContent = `${list.children.length}\u00a0connexions depuis de nouveaux appareils`;
}

function member(line) {
  const one = document.createElement("li");
  one.textContent = `${line.querySelector("time").textContent}\u00a0: ${line.querySelector(".body").textContent}`;
  return one;
}

/** Shows the account that is not deleted, and the feed from its start. */
function kept(profile) {
  tell(profile);
  announce(document.getElementById("kept"), "Votre compte est conservé.");
  cursor = undefined;
  feed.classList.add("short");
  load();
}

async function load() {
  if (loading) return;
  loading = true;
  failure.hidden = true;
  status.textContent = "Chargement du fil d’activité…";
  const answer = await me("GET", `/activity${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`);
  loading = false;
  status.textContent = "";
  if (answer.ok) {
    add(answer.data);
  } else {
    more.hidden = true;
    failure.hidden = false;
    document.getElementById("failure-text").textContent = `Le fil d’activité n’a pas pu être chargé. ${answer.message}`;
  }
}

function add({ entries, next_cursor, previous_login_at: before }) {
  if (!cursor) {
    previous.textContent = before
      ? `Dernière connexion le ${shortDay(before)} à ${hour(before)}`
      : "C’est votre première connexion.";
    feed.replaceChildren();
  }
  const older = feed.children.length;
  for (const line of entries.map(item)) {
    const last = feed.lastElementChild;
    if (line.dataset.kind === QUIET && last?.dataset.kind === QUIET) group(last, line);
    else feed.append(line);
  }
  empty.hidden = feed.children.length > 0;
  if (cursor) (feed.children[older] ?? feed.lastElementChild).querySelector("h3").focus();
  cursor = next_cursor;
  shorten(feed.matches(".short") && (cursor || feed.children.length > FIRST));
}

/** Shows the first entries alone, with a button for the rest, or all of them. */
function shorten(yes) {
  feed.classList.toggle("short", Boolean(yes));
  all.hidden = !yes;
  more.hidden = Boolean(yes) || !cursor;
}

all.addEventListener("click", () => {
  shorten(false);
  (feed.children[FIRST] ?? feed.lastElementChild).querySelector("h3").focus();
});
more.addEventListener("click", load);
document.getElementById("retry").addEventListener("click", load);
document.getElementById("reload").addEventListener("click", read);

read();
load();
