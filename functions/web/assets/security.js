import { announce } from "./announce.js";
import { longDay } from "./dates.js";
import { forget, recall } from "./memory.js";
import { me } from "./session.js";
import { fill } from "./states.js";

const byId = (id) => document.getElementById(id);

function show({ ways, email, email_receives: receives, password_changed_at: chosen, new_email_masked: asked }) {
  const has = ways.includes("password");
  fill({
    email,
    new_email_masked: asked,
    password: has && "••••••••••",
    password_changed: has && chosen && `Choisi le ${longDay(chosen)}`,
  });
  byId("bouncing").hidden = receives;
  byId("unconfirmed").hidden = !asked;
  if (asked) import("./withdraw-email.js").then(({ offer }) => offer(withdrawn), () => {});
  byId("account").hidden = false;
}

function withdrawn() {
  byId("unconfirmed").hidden = true;
  announce(byId("done"), "Votre demande de changement d’adresse est retirée. Le lien envoyé ne fonctionne plus.");
}

async function read() {
  byId("failed").hidden = true;
  byId("loading").textContent = "Chargement…";
  const answer = await me("GET");
  byId("loading").textContent = "";
  if (answer.ok) {
    show(answer.data);
    byId(location.hash.slice(1))?.scrollIntoView(); // it was hidden until now
  } else {
    byId("failed").hidden = false;
    byId("failed-text").textContent = `La page n’a pas pu être chargée. ${answer.message}`;
  }
}

byId("reload").addEventListener("click", read);
const told = recall("done");
forget("done");
if (told) announce(byId("done"), told);
read();
// Each of the other sections shows its own part: one that fails leaves the rest usable.
import("./security-sections.js").catch(() => {});
if (byId("identites")) import("./identities.js").catch(() => {});
