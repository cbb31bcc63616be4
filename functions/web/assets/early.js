// On a slow network, a form may be sent before its module is loaded: form.js sends it once it is.

addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  event.preventDefault();
  event.target.classList.add("busy");
});
