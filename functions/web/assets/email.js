// A likely slip in an e-mail address: the page suggests another domain, and refuses nothing.

const MEANT =
  "gmail.com hotmail.com hotmail.fr outlook.com outlook.fr live.com live.fr msn.com yahoo.com yahoo.fr orange.fr wanadoo.fr free.fr sfr.fr neuf.fr bbox.fr laposte.net icloud.com aol.com gmx.com gmx.fr protonmail.com".split(" ");

const PAUSE_MS = 600;

/** Returns whether `typed` is `meant` but for one letter: missing, added, wrong, or in its neighbour's place. */
function isSlip(typed, meant) {
  let start = 0;
  while (start < typed.length && typed[start] === meant[start]) start++;
  let end = 0;
  while (end < Math.min(typed.length, meant.length) - start && typed.at(-1 - end) === meant.at(-1 - end)) end++;
  const [one, other] = [typed, meant].map((text) => text.slice(start, text.length - end));
  // The first letter is as meant: mail.com and ymail.com exist.
  return start > 0 && (Math.max(one.length, other.length) < 2 || (one.length === 2 && one === other[1] + other[0]));
}

/** Returns the domain that was probably meant in place of `domain`, or undefined. */
export function likely(domain) {
  const typed = domain.toLowerCase();
  if (MEANT.includes(typed)) return undefined;
  if (typed.startsWith("gmail.")) return MEANT[0];
  return MEANT.find((meant) => isSlip(typed, typed.includes(".") ? meant : meant.split(".")[0]));
}

for (const input of document.querySelectorAll("input[type=email]")) {
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.setAttribute("role", "status");
  input.after(hint);
  input.form.addEventListener("reset", () => hint.replaceChildren());
  let pause;
  const look = () => {
    const [local, domain] = input.value.trim().split("@");
    const meant = domain && likely(domain);
    if (!meant) return;
    const address = `${local}@${meant}`;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "reveal";
    button.textContent = "Oui, corriger";
    button.addEventListener("click", () => {
      input.value = address;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.focus();
    });
    hint.replaceChildren(`Vouliez-vous dire «\u00a0${address}\u00a0»\u00a0? `, button);
  };
  // Not when the field is left: what is clicked then would move away from the pointer.
  input.addEventListener("input", () => {
    hint.replaceChildren();
    clearTimeout(pause);
    pause = setTimeout(look, PAUSE_MS);
  });
  look(); // it may have been typed before this script was here
}
