// The open sessions: lists them, and ends one, or all but this one, on request.

import { hour, shortDay } from "./dates.js";
import { me } from "./session.js";
import { inWords } from "./ways.js";

const byId = (id) => document.getElementById(id);

async function readSessions() {
  byId("sessions-failed").hidden = true;
  const answer = await me("GET", "/sessions");
  if (answer.ok) {
    const { sessions } = answer.data;
    sessions.sort((one, other) => other.current - one.current); // this one first, then the last active
    byId("open-sessions").replaceChildren(...sessions.map(line));
    byId("end-others").hidden = sessions.length < 2;
  } else {
    byId("sessions-failed").hidden = false;
    byId("sessions-failed-text").textContent = `Vos sessions n’ont pas pu être chargées. ${answer.message}`;
  }
}

function line({ id, device, created_at: start, last_seen_at: last, methods, current }) {
  const item = byId("session").content.firstElementChild.cloneNode(true);
  const button = item.querySelector("button");
  item.querySelector("strong").textContent = device;
  item.querySelector(".badge").hidden = !current;
  const opened = `${shortDay(start)} à ${hour(start)}`;
  const how = inWords(methods);
  item.querySelector(".hint").textContent = `Ouverte le ${opened}${how && ` par ${how}`}, active le ${shortDay(last)} à ${hour(last)}`;
  if (current) button.remove();
  button.querySelector("span").textContent = ` la session\u00a0: ${device}, ouverte le ${opened}`;
  button.addEventListener("click", () => close(`/${encodeURIComponent(id)}`, "La session est fermée."));
  return item;
}

async function close(path, done) {
  const status = byId("sessions-status");
  status.textContent = "Fermeture en cours…";
  const answer = await me("DELETE", `/sessions${path}`);
  status.textContent = answer.ok || answer.status === 404 ? done : answer.message;
  byId("sessions-title").focus();
  readSessions();
}

byId("end-others").addEventListener("click", () => close("", "Vos autres sessions sont fermées."));
byId("sessions-retry").addEventListener("click", readSessions);
readSessions();
