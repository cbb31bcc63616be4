// What was typed, kept in this tab until it is sent: a reload, « Back » or the session's end loses
// nothing. Never a password. A logout empties it.

import { read } from "./form.js";
import { recall, remember } from "./memory.js";

/** Keeps what is typed into a form, and shows what was kept, else the `known` values. */
export function keep(form, known) {
  const drafts = () => recall("draft") ?? {};
  restore(form, drafts()[form.id] ?? known ?? {});
  // What names the person is typed once: the next form has it already.
  const identifier = recall("identifier") ?? "";
  for (const input of form.querySelectorAll("[data-carried]")) {
    if (!input.value && (input.type !== "email" || identifier.includes("@"))) input.value = identifier;
  }

  function store(typed) {
    remember("draft", { ...drafts(), [form.id]: typed });
  }

  function note({ target }) {
    if (target.dataset.carried) remember("identifier", target.value);
    const typed = read(form);
    delete typed.password;
    store(typed);
  }

  form.addEventListener("input", note);
  form.addEventListener("change", note); // a box that disables its inputs
  form.addEventListener("sent", () => store());
}

/** Fills a form with stored values: null ticks the box of its number. */
function restore(form, values) {
  for (const input of form.elements) {
    const value = values[input.name];
    if (input.type === "radio") input.checked ||= input.value === value;
    else if (typeof value === "boolean") input.checked = value;
    else if (value) input.value = value;
  }
  for (const box of form.querySelectorAll("[data-voids]")) {
    if (box.dataset.voids.split(" ").every((name) => values[name] === null)) box.checked = true;
  }
}
