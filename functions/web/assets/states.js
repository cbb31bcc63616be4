// A page that is in one of several states, each a `[data-state]` with its own title.

const heading = document.getElementById("title");
const site = document.title.slice(document.title.lastIndexOf(" – "));
const places = [...document.querySelectorAll("[data-state]")];

/** Shows one state; `moved` takes the reader there, when it follows from what they did. */
export function show(state, moved) {
  for (const place of places) {
    place.hidden = place.dataset.state !== state;
    if (place.hidden) continue;
    heading.textContent = place.dataset.title;
    document.title = place.dataset.title + site;
  }
  if (moved) heading.focus();
}

/** Writes `values` where the page names them. */
export function fill(values) {
  for (const place of document.querySelectorAll("[data-fill]")) {
    const value = values[place.dataset.fill];
    if (value) place.textContent = value;
  }
}

/** Shows the state of a link that no longer serves; false when `answer` is another failure. */
export function ended({ slug, data }) {
  if (!places.some((place) => place.dataset.state === slug)) return false;
  fill(data);
  show(slug, "moved");
  return true;
}
