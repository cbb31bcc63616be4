// What a declaration costs, line by line, as a table that says each rate.

import { CATEGORIES, element, euros } from "./periods.js";

const POSTS = [
  ["contributions", "rate", "Cotisations sociales"],
  ["training", "training_rate", "Formation professionnelle"],
  ["chamber_tax", "chamber_rate", "Taxe pour frais de chambre"],
  ["income_tax", "income_tax_rate", "Versement libératoire de l’impôt"],
];

/** Returns a rate of the API, « 12.3 », as people write it: « 12,3 % ». */
export const percent = (rate) => `${rate.replace(".", ",")}\u00a0%`;

/** Fills `table` with amounts of the API. */
export function fill(table, { lines, total }) {
  for (const body of table.querySelectorAll("tbody")) body.remove();
  table.querySelector("thead").after(...lines.map(group));
  table.querySelector("tfoot td").textContent = euros(total);
}

function group(line) {
  const body = document.createElement("tbody");
  const head = row("th", CATEGORIES[line.category], "", euros(line.turnover));
  head.firstElementChild.scope = "rowgroup";
  body.append(head);
  for (const [name, rate, label] of POSTS) {
    if (!Number(line[rate])) continue; // no such tax for this activity
    const each = row("th", label, percent(line[rate]), euros(line[name]));
    each.firstElementChild.scope = "row";
    body.append(each);
  }
  return body;
}

function row(first, ...texts) {
  const line = document.createElement("tr");
  line.append(...texts.map((text, index) => element(index ? "td" : first, text)));
  return line;
}
