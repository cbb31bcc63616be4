// The search of the site: its index is one file, searched here, without case, accents or plurals.

const PAUSE_MS = 200;
const SMALL = new Set("au aux ce comment dans de des du en est et il je la le les ma mes mon ne ou par pas pour puis que qui quoi sa se ses son sur un une".split(" "));
const FAILED = "La recherche ne fonctionne pas pour le moment. Réessayez, ou parcourez les questions fréquentes.";

const form = document.getElementById("search");
const { query } = form.elements;
const results = document.getElementById("results");
const status = document.getElementById("search-status");
let index;

function read() {
  index ??= fetch(form.dataset.index).then((response) => (response.ok ? response.json() : Promise.reject(response.status)));
  index.catch(() => (index = undefined)); // the next search asks again
  return index;
}

/** Returns the words to find, without accents, apostrophes and endings. */
function terms(text) {
  const bare = text.toLowerCase().replaceAll("œ", "oe").normalize("NFKD").replace(/\p{M}/gu, "");
  const words = (bare.match(/[a-z0-9]{2,}/g) ?? []).filter((word) => !SMALL.has(word));
  return words.map((word) => (word.length > 3 ? word.replace(/(?:er|[sxe])$/, "") : word));
}

/** Scores a page: 100 for each word found, plus 9 in its title, 6 in its search terms, 1 in its text. */
function score({ words }, wanted) {
  let total = 0;
  for (const word of wanted) {
    const place = words.findIndex((text) => ` ${text}`.includes(` ${word}`));
    if (place >= 0) total += 100 + [9, 6, 1][place];
  }
  return total;
}

function line({ path, kind, title, summary }) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  const text = document.createElement("p");
  link.href = path;
  link.textContent = title;
  text.textContent = [kind, summary].filter(Boolean).join("\u00a0: ");
  item.append(link, text);
  return item;
}

async function search() {
  const wanted = terms(query.value);
  let found = [];
  let words = "";
  if (wanted.length) {
    try {
      const scored = (await read()).map((page) => [score(page, wanted), page]);
      const best = Math.max(...scored.map(([points]) => points));
      // Pages that contain as many of the words as the best one.
      found = scored.filter(([points]) => points > 0 && points >= Math.floor(best / 100) * 100);
      found = found.sort(([one], [other]) => other - one).slice(0, 6);
      words = found.length
        ? `${found.length}\u00a0réponse${found.length > 1 ? "s" : ""}`
        : "Aucune réponse. Essayez d’autres mots, ou écrivez-nous avec «\u00a0Nous contacter\u00a0».";
    } catch {
      words = FAILED;
    }
  }
  if (wanted.join() !== terms(query.value).join()) return; // more was typed meanwhile
  results.replaceChildren(...found.map(([, page]) => line(page)));
  status.textContent = words;
}

let pause;
form.hidden = false;
query.addEventListener("focus", () => read().catch(() => {}), { once: true });
query.addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(search, PAUSE_MS);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(pause);
  search();
});
