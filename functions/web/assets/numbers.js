// Numbers that a person may not have, and a NIR that is pasted with its key.

const NIR_AND_KEY = 15;

/** Makes the boxes « jamais attribué » disable their inputs, and a pasted NIR fill the input of its key. */
export function wireNumbers(form) {
  for (const box of form.querySelectorAll("[data-voids]")) {
    box.addEventListener("change", () => apply(form, box));
    apply(form, box); // the browser may have restored a tick
  }
  form.elements.nir.addEventListener("input", () => split(form.elements));
  split(form.elements); // it may have been pasted before this script was here
}

function split({ nir, nir_key: key }) {
  const bare = nir.value.replace(/[\s.\-]/g, "");
  if (bare.length !== NIR_AND_KEY) return;
  nir.value = bare.slice(0, 13);
  key.value = bare.slice(13);
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
