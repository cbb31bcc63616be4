// What an estimate shows: the sum, Acre and its end, where it goes, each line with its rates; said politely.

const SPOKEN_MS = 1_000;
const LINES = {
  sales: "Vente de marchandises",
  commercial_services: "Prestations de services",
  other_services: "Autres prestations",
  furnished_tourism: "Meublés de tourisme",
};
// What is paid on each line: its name, and the names of its rate and amount in the answer.
const PAID = [
  ["Cotisations sociales", "rate", "contributions"],
  ["Formation (CFP)", "training_rate", "training"],
  ["Taxe consulaire", "chamber_rate", "chamber_tax"],
  ["Impôt sur le revenu", "income_tax_rate", "income_tax"],
];
// Of the contributions: each name, its colour, its place in the shares of the rates.
const SHARES = [
  ["Retraite de base", 0, 2],
  ["Retraite complémentaire", 1, 3],
  ["Assurance maladie", 2, 0],
  ["Invalidité, décès", 3, 1],
  ["CSG et CRDS", 4, 4],
];
const OTHERS = [
  ["Formation professionnelle", 5, "training"],
  ["Taxe consulaire", 6, "chamber_tax"],
  ["Impôt sur le revenu", 7, "income_tax"],
];
const WHOLE = 100_000; // of the shares, in thousandths of a percent
const WIDTH = 1_000; // of the drawing

const byId = (id) => document.getElementById(id);
const shares = JSON.parse(byId("result").dataset.shares);
const bars = [...document.querySelectorAll("#bar rect")];
const money = new Intl.NumberFormat("fr-FR", { style: "currency", currency: "EUR", maximumFractionDigits: 0 });
const number = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat("fr-FR", { dateStyle: "long", timeZone: "UTC" });
const percent = (rate) => `${rate.replace(".", ",")}\u00a0%`;
const sum = (amounts) => amounts.reduce((total, each) => total + each, 0);

/** Shows what was found, or what is missing, or what went wrong; `first` is not said: nothing was typed. */
export function show({ missing = "", problem = "", first, found, full, asked, period }) {
  byId("waiting").textContent = missing;
  byId("waiting").hidden = !missing;
  byId("problem").textContent = problem;
  byId("problem").hidden = !problem;
  byId("found").hidden = !found;
  byId("running").textContent = found ? money.format(found.total) : "–";
  if (!found) {
    say(first ? "" : problem || missing);
    return;
  }
  const turnover = sum(found.lines.map((line) => line.turnover));
  const part = turnover ? `, soit ${number.format((100 * found.total) / turnover)}\u00a0% de ${money.format(turnover)}` : "";
  byId("total").textContent = money.format(found.total);
  byId("about").textContent = `à payer pour ${period}${part}`;
  byId("part").textContent = `Il vous resterait ${money.format(turnover - found.total)} avant vos autres dépenses${found.income_tax ? "" : " et l’impôt"}.`;
  byId("reduced").textContent = acre(found, full, asked);
  byId("reduced").hidden = !asked.acre;
  showSplit(split(found, asked));
  byId("lines").replaceChildren(...found.lines.map(table));
  say(`Estimation\u00a0: ${money.format(found.total)} pour ${period}.`);
}

let spoken;

function say(sentence) {
  clearTimeout(spoken);
  spoken = setTimeout(() => (byId("spoken").textContent = sentence), SPOKEN_MS);
}

/** Says until when Acre reduces the rates, and what it saves; or why it does not. */
function acre(found, full, { started_on: start, territory }) {
  if (territory === "drom") return "L’Acre ne s’ajoute pas aux taux d’outre-mer, déjà réduits.";
  if (!found.acre) return "L’Acre ne s’applique pas à cette période\u00a0: ce sont les taux pleins.";
  const saved = full ? ` Sans elle, ce serait ${money.format(full.total)}.` : "";
  const [year, of] = start.split("-").map(Number);
  // The end of the third quarter after that of the start; before April 2020 it lasted longer.
  const end = day.format(new Date(Date.UTC(year, (Math.floor((of - 1) / 3) + 4) * 3, 0)));
  const until = start >= "2020-04" ? ` jusqu’au ${end}` : "";
  return `Taux réduits par l’Acre${until}.${saved}`;
}

/** Returns where the total goes: names, colours, amounts. The shares are known of full rates only. */
function split(found, { nature, territory, period }) {
  const rows = nature === "liberale_reglementee" ? shares.all : shares.by_line;
  const full = period >= shares.from && !found.acre && territory !== "drom";
  const known = full && found.lines.every(({ category }) => rows[category]);
  const parts = known ? found.lines.map(({ category, contributions }) => divide(contributions, rows[category])) : [];
  const social = known
    ? SHARES.map(([name, colour, place]) => [name, colour, sum(parts.map((each) => each[place]))])
    : [["Cotisations sociales", 0, found.contributions]];
  return [...social, ...OTHERS.map(([name, colour, amount]) => [name, colour, found[amount]])].filter(([, , euros]) => euros);
}

/** Divides euros by percentages: what rounding down leaves goes to the largest remainders. */
function divide(euros, percents) {
  const whole = percents.map((each) => Math.floor((euros * each) / WHOLE));
  const rest = percents.map((each, place) => [(euros * each) % WHOLE, place]);
  rest.sort(([one], [other]) => other - one);
  for (const [, place] of rest.slice(0, euros - sum(whole))) whole[place]++;
  return whole;
}

function showSplit(parts) {
  const total = sum(parts.map(([, , euros]) => euros));
  for (const bar of bars) bar.setAttribute("width", 0);
  let at = 0;
  for (const [, colour, euros] of parts) {
    const width = (WIDTH * euros) / total;
    bars[colour].setAttribute("x", at);
    bars[colour].setAttribute("width", width);
    at += width;
  }
  const rows = parts.map(([name, colour, euros]) => {
    const made = row([name, money.format(euros)]);
    made.firstChild.prepend(element("span", { className: `swatch c${colour}` }));
    return made;
  });
  byId("split").replaceChildren(...rows, row(["Total", money.format(total)]));
}

function table(line) {
  const head = element("thead");
  head.append(row(["Prélèvement", "Taux", "Montant"], "col"));
  const body = element("tbody");
  const paid = PAID.filter(([, rate]) => line[rate] !== "0");
  body.append(...paid.map(([name, rate, amount]) => row([name, percent(line[rate]), money.format(line[amount])])));
  body.append(row(["Total de la ligne", "", money.format(sum(PAID.map(([, , amount]) => line[amount])))]));
  const made = element("table");
  made.append(element("caption", { textContent: `${LINES[line.category]}\u00a0: ${money.format(line.turnover)}` }), head, body);
  return made;
}

function row(cells, scope = "row") {
  const made = element("tr");
  const cell = (text, place) =>
    scope === "col" || place === 0 ? element("th", { textContent: text, scope }) : element("td", { textContent: text });
  made.append(...cells.map(cell));
  return made;
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
