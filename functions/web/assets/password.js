// A new password: its criteria are shown and spoken as it is typed, and checked before sending.

const DIFFERENT = "Les deux mots de passe sont différents.";
const PAUSE_MS = 800;

const password = document.getElementById("password");
const status = document.getElementById("criteria-status");
const criteria = [...document.querySelectorAll("#criteria li")].map((item) => ({
  item,
  code: item.dataset.code,
  label: item.firstChild.textContent,
  minimum: Number(item.dataset.minimum ?? 0),
  maximum: Number(item.dataset.maximum ?? Infinity),
  pattern: new RegExp(item.dataset.pattern ?? "", "u"),
}));

function unmet(text) {
  const value = text.normalize("NFKC");
  const length = [...value].length;
  return criteria.filter(
    ({ minimum, maximum, pattern }) => length < minimum || length > maximum || !pattern.test(value),
  );
}

// What no password breaks yet is nothing to achieve: it is never ticked, only missed.
const toAchieve = unmet("");

function mark(tried) {
  const open = unmet(password.value);
  for (const criterion of criteria) {
    const missed = open.includes(criterion);
    const met = !missed && toAchieve.includes(criterion);
    const state = missed ? tried && "unmet" : met && password.value && "met";
    criterion.item.className = state || "";
    criterion.item.querySelector("span").textContent = { met: "\u00a0: c’est bon", unmet: "\u00a0: il manque" }[state] ?? "";
  }
  return open;
}

function lacking(open) {
  return `Il faut\u00a0: ${open.map(({ label }) => label.toLowerCase()).join(", ")}`;
}

let personal = () => "";

/** Takes the names, address and numbers of whose password it is, as far as the page knows them. */
export function know(person) {
  import("./identity.js").then(({ refusal }) => (personal = (text) => refusal(text, person)), () => {});
}

/** Returns the errors of a password and its confirmation: the `check` of a form. */
export function checkPassword(values) {
  const open = mark(true);
  const but = (code) => !criteria.some((criterion) => criterion.code === code); // only the API knows that rule
  const errors = open.length ? [{ field: "password", but, detail: `Votre mot de passe ne convient pas. ${lacking(open)}` }] : [];
  const detail = personal(values.password);
  if (detail) errors.push({ field: "password", detail });
  if (values.password.normalize("NFKC") !== values.confirmation.normalize("NFKC"))
    errors.push({ field: "confirmation", detail: DIFFERENT });
  return errors;
}

let pause;
password.addEventListener("input", () => {
  const open = mark(false);
  clearTimeout(pause);
  pause = setTimeout(() => {
    const good = personal(password.value) || "Tous les critères sont remplis.";
    status.textContent = !password.value ? "" : open.length ? lacking(open) : good;
  }, PAUSE_MS);
});
