import { wire } from "./form.js";
import { remember } from "./memory.js";
import { me } from "./session.js";
import { fill, show } from "./states.js";

const byId = (id) => document.getElementById(id);
const form = (id, does) => wire(byId(id), does);

async function read() {
  byId("failed").hidden = true;
  byId("loading").textContent = "Chargement…";
  const answer = await me("GET", "/totp");
  byId("loading").textContent = "";
  if (answer.ok) {
    const { since, recovery_codes_left: left } = answer.data;
    if (since) import("./dates.js").then(({ longDay }) => fill({ since: longDay(since) }));
    fill({ left: left ? `${left}` : "aucun" });
    show(since ? "on" : "off");
  } else {
    byId("failed").hidden = false;
    byId("failed-text").textContent = `La page n’a pas pu être chargée. ${answer.message}`;
  }
}

/** Draws the QR code of an answer: its path, in a drawing of this page. */
function draw(svg) {
  const [, size, path] = /viewBox="0 0 (\d+) .* d="([^"]+)"/.exec(svg);
  byId("qr").setAttribute("viewBox", `0 0 ${size} ${size}`);
  byId("qr").firstElementChild.setAttribute("d", path);
}

async function showCodes() {
  const answer = await me("POST", "/recovery-codes");
  if (!answer.ok) return answer;
  byId("codes").replaceChildren(
    ...answer.data.codes.map((code) => {
      const item = document.createElement("li");
      item.textContent = code;
      return item;
    }),
  );
  show("codes", "moved");
  return answer;
}

form("start", {
  send: () => me("POST", "/totp"),
  done({ data: { secret, uri, qr } }) {
    draw(qr);
    byId("uri").href = uri;
    byId("secret").textContent = secret.match(/.{4}/g).join(" ");
    show("setup", "moved");
    return "";
  },
});
form("confirm-app", {
  send: (values) => me("PUT", "/totp", values),
  done() {
    showCodes().then(({ ok }) => ok || read());
    return "";
  },
});
form("renew", { send: showCodes, done: () => "" });
form("remove", {
  send: () => me("DELETE", "/totp"),
  done() {
    remember("done", "La double vérification est retirée.");
    location.assign("/gerer/mon-compte/securite");
  },
});
byId("print").addEventListener("click", () => print());
byId("reload").addEventListener("click", read);
read();
