// News of what was done: shown and focused, until the person does something else.

/** Shows `sentence` in `place`. Returns "", so that a form shows nothing itself. */
export function announce(place, sentence) {
  place.textContent = sentence;
  place.hidden = false;
  place.focus();
  addEventListener("click", () => (place.hidden = true), { once: true });
  return "";
}
