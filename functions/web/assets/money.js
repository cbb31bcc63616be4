// Amounts in cents, and what they are for, in words.

import { euros } from "./periods.js";

const month = new Intl.DateTimeFormat("fr-FR", { month: "long", year: "numeric", timeZone: "UTC" });

/** Returns an amount in cents as « 1 234,50 € », with no-break spaces. */
export const cents = (amount) => euros(amount / 100);

/** Returns the words of what a payment is for: a period, or an instalment of a plan. */
export function label(code) {
  const [year, part, place] = code.split("-");
  if (year === "PLAN") return `échéance ${Number(place)} du délai de paiement`;
  if (part[0] === "Q") return `${part[1]}${part === "Q1" ? "er" : "e"} trimestre ${year}`;
  return month.format(new Date(code));
}
