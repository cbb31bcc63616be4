// The year in figures: a chart of twelve months with its table, the ceilings; and the business.

import { CATEGORIES } from "./amounts.js";
import { longDay } from "./dates.js";
import { element, euros } from "./periods.js";
import { fill } from "./states.js";

const byId = (id) => document.getElementById(id);
const WIDE = 720;
const HIGH = 190;
const NATURES = {
  commerciale: "Commerciale",
  artisanale: "Artisanale",
  liberale: "Libérale",
  liberale_reglementee: "Libérale réglementée (Cipav)",
};
const CEILINGS = {
  "micro-total": "Ensemble du chiffre d’affaires",
  "micro-services": "Prestations de services et professions libérales",
};

/** Shows what was declared and paid for the last twelve months, how near the ceilings are, the business. */
export function show(periods, business) {
  const shown = periods.filter(({ amounts }) => amounts).slice(-12);
  byId("no-chart").hidden = shown.length > 0;
  for (const id of ["chart-figure", "chart-details"]) byId(id).hidden = !shown.length;
  byId("chart").replaceChildren(svg("line", { x2: WIDE, y1: HIGH, y2: HIGH, class: "axis" }), ...bars(shown));
  byId("chart-rows").replaceChildren(...shown.map(row));
  describe(business);
}

function bars(periods) {
  const most = Math.max(1, ...periods.map(({ amounts }) => amounts.total));
  const width = WIDE / Math.max(periods.length, 6);
  return periods.flatMap(({ amounts, paid_cents: paid, code }, index) => {
    const drawn = [["declared", amounts.total], ["paid", paid / 100]].map(([kind, value], rank) => {
      const height = (170 * value) / most;
      return svg("rect", { class: kind, x: width * (index + 0.12 + 0.38 * rank), y: HIGH - height, width: width * 0.36, height });
    });
    const label = svg("text", { x: width * (index + 0.5), y: 210, "text-anchor": "middle" });
    label.textContent = code.slice(5).replace("Q", "T");
    return [...drawn, label];
  });
}

function row({ label, amounts, paid_cents: paid }) {
  const made = document.createElement("tr");
  const head = element("th", label);
  head.scope = "row";
  const received = amounts.lines.reduce((sum, { turnover }) => sum + turnover, 0);
  made.append(head, ...[received, amounts.total, paid / 100].map((value) => element("td", euros(value))));
  return made;
}

function describe({ nature, activities, started_on, periodicity, acre_until: acre, flat_tax, ceilings = [] }) {
  byId("activite").hidden = false;
  fill({
    nature: NATURES[nature],
    activities: activities.map((each) => CATEGORIES[each]).join(", "),
    started_on: longDay(started_on),
    periodicity: periodicity === "monthly" ? "Chaque mois" : "Chaque trimestre",
    acre: acre ? `Jusqu’au ${longDay(acre)}` : "Non",
    flat_tax: flat_tax ? "Versement libératoire, avec les cotisations" : "Avec votre déclaration de revenus",
  });
  byId("plafonds").hidden = !ceilings.length;
  byId("ceilings").replaceChildren(...ceilings.map(ceiling));
}

function ceiling({ kind, turnover, limit }) {
  const item = document.createElement("li");
  const meter = document.createElement("meter");
  const label = element("label", `${CEILINGS[kind]}\u00a0: ${euros(turnover)} sur ${euros(limit)}`);
  meter.id = label.htmlFor = `ceiling-${kind}`;
  Object.assign(meter, { min: 0, max: limit, value: turnover, high: limit * 0.8, optimum: 0 });
  item.append(label, meter);
  return item;
}

function svg(name, attributes) {
  const made = document.createElementNS(byId("chart").namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
