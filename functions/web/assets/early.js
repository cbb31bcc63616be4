// A form may be sent before its module has arrived, on a slow network: it is sent once that is here.

addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  event.preventDefault();
  event.target.classList.add("busy");
});
