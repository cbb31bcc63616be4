// « Afficher » beside a password: shows what is typed, until the form is sent.

/** Lets the person show the passwords of a form. */
export function offer(form) {
  for (const button of form.querySelectorAll("[data-reveal]")) {
    button.hidden = false;
    button.addEventListener("click", () => reveal(button, button.dataset.on !== "yes", "aloud"));
    form.addEventListener("submit", () => reveal(button, false));
  }
}

function reveal(button, yes, aloud) {
  const input = document.getElementById(button.dataset.reveal);
  input.type = yes ? "text" : "password";
  button.dataset.on = yes ? "yes" : "no";
  button.querySelector("span").textContent = yes ? "Masquer" : "Afficher";
  document.getElementById(`${input.id}-shown`).textContent =
    aloud && (yes ? "Ce que vous avez saisi est visible." : "Ce que vous avez saisi est masqué.");
}
