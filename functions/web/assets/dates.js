// Dates in French, in the time of Paris wherever the reader is.

const zone = { timeZone: "Europe/Paris" };
const formats = [
  { day: "2-digit", month: "2-digit", year: "numeric" },
  { dateStyle: "long" },
  { hour: "2-digit", minute: "2-digit" },
].map((format) => new Intl.DateTimeFormat("fr-FR", { ...zone, ...format }));

/** Return « 01/10/2020 », « 1er octobre 2020 » and « 11:39 » for an RFC 3339 time; the day has a no-break space. */
export const [shortDay, longDay, hour] = formats.map(
  (format) => (moment) => format.format(new Date(moment)).replace(/^1 /, "1er ").replace(" ", "\u00a0"),
);
