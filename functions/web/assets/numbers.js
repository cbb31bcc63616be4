// Numbers that a person may not have, and a NIR that is pasted with its key.

const NIR_AND_KEY = 15;
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

/** Fills the form with stored `values`: null ticks the box of its number. */
export function prefill(form, values) {
  for (const input of form.elements) {
    const value = values[input.name];
    if (value === true) input.checked = true;
    else if (typeof value === "string") input.value = value;
  }
  for (const box of form.querySelectorAll("[data-voids]")) {
    box.checked = box.dataset.voids.split(" ").every((name) => values[name] === null);
    apply(form, box);
  }
}

function apply(form, box) {
  for (const name of box.dataset.voids.split(" ")) form.elements[name].disabled = box.checked;
}
