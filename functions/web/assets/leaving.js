// The end of a session: decided once, it empties this tab and every other one, with the reason.

import { call } from "./api.js";
import { forget, note, OVER, recall, remember, SEEN, store } from "./memory.js";

const ENDED = "session-ended";
const WANTED = ["signed-out", "deletion"];

let over; // the reason: the notice of the login page, perhaps with a day
let gone = false;
const kept = {};

/** Empties the other tabs for a reason: the session is over. */
export function tellTabs(notice = ENDED, day = undefined) {
  store(OVER, JSON.stringify([WANTED.includes(notice) ? notice : ENDED, day, Date.now()]));
  store(OVER);
  note(false);
  document.documentElement.classList.remove("in"); // the header's
}

/** Opens the login page, which shows `notice`; the first reason counts. Never resolves. */
export function leave(notice, day = undefined) {
  if (!over) {
    empty([notice, day]);
    tellTabs(notice, day);
  }
  go();
  return new Promise(() => {});
}

/** Ends the session, then opens the login page; returns the answer when that failed. */
export async function logOut(notice) {
  const idle = notice === ENDED;
  if (idle && over) return leave(notice); // it ended while this page was about to close
  if (idle) {
    empty([ENDED]);
    store(OVER, JSON.stringify([ENDED]));
  }
  const answer = await call("POST", "logout", {});
  if (!answer.ok && !idle) return answer;
  if (idle) tellTabs();
  return leave(notice);
}

/** Does what another tab says; `key` is null when a logout emptied the storage. */
export function hear({ key, newValue }) {
  if (key === OVER) {
    if (newValue) empty(JSON.parse(newValue));
  } else if (key === null || key === SEEN) {
    empty(["signed-out"]);
    go();
  }
}

function empty(why) {
  if (over) return;
  over = why;
  // For the same person's next login.
  for (const key of ["draft", "holder", "identifier", "email-change"]) kept[key] = recall(key);
  document.querySelector("main").hidden = true; // at once; what still runs finds its elements
}

function go() {
  if (gone) return;
  gone = true;
  const [notice, day] = over;
  // Written last: the answer to a logout empties the storage of every tab.
  addEventListener("pagehide", () => {
    if (WANTED.includes(notice)) {
      forget();
      if (day) remember("deletion-day", day);
    } else {
      for (const key in kept) if (kept[key]) remember(key, kept[key]);
      remember("next", location.pathname);
    }
    remember("notice", notice);
  });
  location.replace("/mon-compte");
}
