// What all forms do: check, send once, show the waiting, and show errors at their fields.

const SENDING = "Envoi en cours… Merci de patienter.";
const title = document.title;

/**
 * Handles `form`.
 * `send(values)` calls the API; `done(answer, values)` is called on success and returns a sentence to
 * show, perhaps empty, when the page stays open; `check(values)` returns errors found before sending;
 * `refused(answer)` returns true when it has handled a failure itself. With `together`, what was
 * found before sending is sent all the same, unless all is: the API refuses it, and adds its errors.
 */
export function wire(form, { send, done, check = () => [], refused = () => false, together = false }) {
  const summary = document.getElementById(`${form.id}-summary`);
  const status = form.querySelector(".status");

  function wait(yes) {
    form.classList.toggle("busy", yes);
    status.textContent = yes ? SENDING : "";
  }

  /** Returns the input of a name; of radio buttons, the first one. */
  function control(name) {
    const found = form.elements[name];
    return found instanceof RadioNodeList ? found[0] : found;
  }

  function report(errors) {
    const place = ({ field }) => [...form.elements].indexOf(control(field));
    for (const { field, detail } of [...errors].sort((one, other) => place(one) - place(other))) {
      const input = control(field);
      const item = document.createElement("li");
      if (input) {
        const link = document.createElement("a");
        link.href = `#${input.id}`;
        link.textContent = detail;
        link.addEventListener("click", (event) => {
          event.preventDefault(); // the fragment of an address is not ours to change
          input.focus();
          input.closest(".field, .choice, form").scrollIntoView({ block: "nearest" });
        });
        item.append(link);
        item.dataset.field = input.name;
        input.setAttribute("aria-invalid", "true");
        const inline = document.getElementById(`${input.id}-error`);
        if (inline) inline.textContent += `${inline.textContent && " "}${detail}`;
      } else {
        item.textContent = detail;
      }
      summary.querySelector("ul").append(item);
    }
    document.title = `Erreur\u00a0: ${title}`;
    summary.hidden = false;
    summary.focus();
    summary.scrollIntoView({ block: "nearest" });
  }

  // Once a field is edited, its error is removed, here and in the summary.
  function retract(name) {
    const input = control(name);
    if (!input?.hasAttribute("aria-invalid")) return;
    input.removeAttribute("aria-invalid");
    document.getElementById(`${input.id}-error`)?.replaceChildren();
    for (const item of summary.querySelectorAll("li")) if (item.dataset.field === name) item.remove();
    if (!summary.querySelector("li")) clear();
  }

  function clear() {
    for (const input of form.elements) input.removeAttribute("aria-invalid");
    for (const inline of form.querySelectorAll(".error")) inline.replaceChildren();
    summary.querySelector("ul").replaceChildren();
    summary.hidden = true;
    document.title = title;
  }

  function missing() {
    return [...form.elements]
      .filter((input) => input.dataset.missing && input.required && !input.disabled && isEmpty(input))
      .map((input) => ({ field: input.name, detail: input.dataset.missing }));
  }

  function isEmpty(input) {
    if (input.type === "checkbox") return !input.checked;
    return !form.elements[input.name].value.trim(); // of radio buttons, the chosen one's
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.matches(".busy")) return;
    clear();
    const values = read(form);
    const errors = missing();
    const unless = (known) => ({ field, code }) => !known.some((error) => error.field === field && !(error.but?.(code)));
    errors.push(...check(values).filter(unless(errors)));
    const others = ([name, value]) => typeof value === "string" && value && !errors.some(({ field }) => field === name);
    if (errors.length && !(together && Object.entries(values).some(others))) {
      report(errors);
      return;
    }
    wait(true);
    const answer = await send(values);
    if (answer.ok) {
      form.dispatchEvent(new Event("sent"));
      const sentence = done(answer, values);
      if (sentence === undefined) return; // another page is on its way: a second click changes nothing
      wait(false);
      status.textContent = sentence;
    } else {
      wait(false);
      if (refused(answer)) return;
      errors.push(...answer.errors.filter(unless(errors)));
      report(errors.length ? errors : [{ detail: answer.message }]);
    }
  });

  form.addEventListener("input", ({ target }) => {
    retract(target.name);
    for (const other of form.elements) if (other.dataset.pair === target.name && other.value) retract(other.name);
  });
  form.addEventListener("change", ({ target }) => {
    for (const name of (target.dataset.voids ?? "").split(" ")) retract(name);
  });

  if (form.querySelector("[data-reveal]")) import("./reveal.js").then(({ offer }) => offer(form), () => {});

  addEventListener("pageshow", ({ persisted }) => persisted && wait(false)); // « Back » wakes the page as it slept

  // Sent before this module was loaded (early.js): sent again once the page's own module has run.
  if (form.matches(".busy")) {
    wait(false);
    queueMicrotask(() => form.requestSubmit());
  }
}

/** Returns the form's values by name: text, true or false for a box, null for a number never attributed. */
export function read(form) {
  const values = {};
  for (const input of form.elements) {
    if (!input.name || (input.type === "radio" && !input.checked)) continue;
    values[input.name] = input.type === "checkbox" ? input.checked : input.disabled ? null : input.value;
  }
  return values;
}
