// What a declaration costs, line by line, as a table that says each rate.

import { element, euros, percent } from "./periods.js";

export const CATEGORIES = {
  sales: "Vente de marchandises",
  commercial_services: "Prestations de services commerciales ou artisanales",
  other_services: "Autres prestations de services",
  furnished_tourism: "Location de meublés de tourisme classés",
};

const POSTS = [
  ["contributions", "rate", "Cotisations sociales"],
  ["training", "training_rate", "Formation professionnelle"],
  ["chamber_tax", "chamber_rate", "Taxe pour frais de chambre"],
  ["income_tax", "income_tax_rate", "Versement libératoire de l’impôt"],
];

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
