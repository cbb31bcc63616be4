// Numbers that a person may not have, grouped as they are written, and a NIR pasted with its key.

const NIR_AND_KEY = 15;
const GROUPS = { siret: /^(...)(...)(...)(.{5})$/, nir: /^(.)(..)(..)(..)(...)(...)$/ };
// What is typed or pasted between the characters of a number: the server drops the same.
const BETWEEN = /[\s\p{DI}\p{Cf}\p{Pd}\u0085\u2043\u2212\u2800.．,_|·•‧/⁄∕／\\()]/gu;

/** Makes the boxes « jamais attribué » disable their inputs, and a pasted NIR fill the input of its key. */
export function wireNumbers(form) {
  for (const box of form.querySelectorAll("[data-voids]")) {
    box.addEventListener("change", () => apply(form, box));
    apply(form, box); // the browser may have restored a tick
  }
  form.elements.nir.addEventListener("input", () => split(form.elements));
  split(form.elements); // it may have been pasted before this script was here
  form.addEventListener("focusout", ({ target }) => group(target));
  for (const name in GROUPS) group(form.elements[name]);
}

/** Writes a number in its groups, once it is complete. */
export function group(input) {
  const form = GROUPS[input.name]; // none of a link
  const groups = form && bare(input.value).match(form);
  if (groups) input.value = groups.slice(1).join(" ");
}

/** Returns a typed number without what is between its characters. */
export function bare(text) {
  return text.replace(BETWEEN, "");
}

function split({ nir, nir_key: key }) {
  const number = bare(nir.value);
  key.required = !/^[78]/.test(number); // a provisional number may have none
  if (number.length !== NIR_AND_KEY) return;
  nir.value = number.slice(0, 13);
  key.value = number.slice(13);
  key.dispatchEvent(new Event("input", { bubbles: true }));
}

function apply(form, box) {
  for (const name of box.dataset.voids.split(" ")) form.elements[name].disabled = box.checked;
}
