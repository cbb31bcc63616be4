// The open sessions: lists them, and ends one on request.

import { hour, shortDay } from "./dates.js";
import { me } from "./session.js";

const byId = (id) => document.getElementById(id);

async function readSessions() {
  byId("sessions-failed").hidden = true;
  const answer = await me("GET", "/sessions");
  if (answer.ok) {
    byId("open-sessions").replaceChildren(...answer.data.sessions.map(line));
  } else {
    byId("sessions-failed").hidden = false;
    byId("sessions-failed-text").textContent = `Vos sessions n’ont pas pu être chargées. ${answer.message}`;
  }
}

function line({ id, device, created_at: start, last_seen_at: last, current }) {
  const item = byId("session").content.firstElementChild.cloneNode(true);
  const button = item.querySelector("button");
  item.querySelector("strong").textContent = device;
  item.querySelector(".badge").hidden = !current;
  item.querySelector(".hint").textContent =
    `Ouverte le ${shortDay(start)} à ${hour(start)}, active le ${shortDay(last)} à ${hour(last)}`;
  if (current) button.remove();
  button.querySelector("span").textContent = ` la session\u00a0: ${device}`;
  button.addEventListener("click", () => close(id));
  return item;
}

async function close(id) {
  const status = byId("sessions-status");
  status.textContent = "Fermeture de la session…";
  const answer = await me("DELETE", `/sessions/${encodeURIComponent(id)}`);
  status.textContent = answer.ok || answer.status === 404 ? "La session est fermée." : answer.message;
  byId("sessions-title").focus();
  readSessions();
}

byId("sessions-retry").addEventListener("click", readSessions);
document.addEventListener("sessions-ended", readSessions);
readSessions();
