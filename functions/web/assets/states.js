// A page with several states, each a `[data-state]` with its own title, one shown at a time.

const heading = document.getElementById("title");
const site = document.title.slice(document.title.lastIndexOf(" – "));
const places = [...document.querySelectorAll("[data-state]")];

/** Shows one state; `moved`, for a change that the reader caused, moves the focus to its title. */
export function show(state, moved) {
  for (const place of places) {
    place.hidden = place.dataset.state !== state;
    if (place.hidden) continue;
    heading.textContent = place.dataset.title;
    document.title = place.dataset.title + site;
  }
  if (moved) heading.focus();
}

/** Writes `values` into the elements that name them by `data-fill`. */
export function fill(values) {
  for (const place of document.querySelectorAll("[data-fill]")) {
    const value = values[place.dataset.fill];
    if (value) place.textContent = value;
  }
}

/** Shows the state of a link that no longer works; returns false when `answer` is another failure. */
export function ended({ slug, data }) {
  if (!places.some((place) => place.dataset.state === slug)) return false;
  fill(data);
  show(slug, "moved");
  return true;
}
