// An IBAN is written in groups of four, as one types.

const bare = (text) => text.replace(/[^\da-z]/gi, "").toUpperCase().replace(/^IBAN/, "");
const grouped = (text) => text.replace(/.{4}(?=.)/g, "$& ");

/** Keeps the value of `input` in groups of four; the caret stays where the person types. */
export function groupIban(input) {
  const write = () => {
    const { selectionStart: caret, value } = input;
    const typed = grouped(bare(value));
    if (typed === value || /[^\x20-\x7e\s]/.test(value)) return; // what is refused is shown as it was typed
    const place = grouped(`${bare(value.slice(0, caret))}.`).length - 1; // after the space that is next
    input.value = typed;
    if (document.activeElement === input) input.setSelectionRange(place, place);
  };
  input.addEventListener("input", ({ isComposing }) => isComposing || write());
  write(); // the browser may have restored it
}
