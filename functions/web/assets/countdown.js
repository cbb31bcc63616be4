// The pause between two mails to one address, counted down in words: the same whether it is known or not.

/** Returns the whole seconds until `end`, a time in milliseconds; 0 once it is past. */
export function left(end) {
  return Math.max(0, Math.ceil((end - Date.now()) / 1000));
}

/** Writes into `place`, each second, how long to wait until `end`; then nothing. */
export function countDown(place, end) {
  const seconds = left(end);
  place.textContent = seconds ? `Un autre courriel pourra partir dans ${seconds}\u00a0seconde${seconds > 1 ? "s" : ""}.` : "";
  if (seconds) setTimeout(countDown, 1000, place, end);
}
