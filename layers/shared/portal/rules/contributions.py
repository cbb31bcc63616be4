"""What a turnover costs: contributions, training, tax of the chambers, income tax.

The rates are those of the first day of the period. Each amount of each line is rounded to the
nearest euro, half a euro up, then they are summed: so what is shown adds up.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

from portal.rules.periods import Span
from portal.rules.rates import ONE, PERCENT, are_known, book, part, percent, row_on

type Category = Literal["sales", "commercial_services", "other_services", "furnished_tourism"]
type Nature = Literal["commerciale", "artisanale", "liberale", "liberale_reglementee"]
type Territory = Literal["metropole", "alsace", "moselle", "drom"]
type Place = Literal["metropole", "alsace", "moselle", "drom", "mayotte"]
"""A territory, or one that people may name and that has no rates."""

CATEGORIES: tuple[Category, ...] = (
    "sales",
    "commercial_services",
    "other_services",
    "furnished_tourism",
)
"""In the order of the declaration."""
MOST_EUROS = 9_999_999
"""The largest turnover of a line."""

_OVERSEAS = "drom"
_WITHOUT_RATES = "mayotte"
"""Sources disagree on it."""
_REGULATED = "liberale_reglementee"
_QUARTERS = 4
_OVERSEAS_FIRST, _OVERSEAS_YEARS = 8, 3
_TENTH = PERCENT // 10
_DAY = timedelta(days=1)


class RatesUnknownError(LookupError):
    """No rate is known for a period, a territory or a line: nothing is computed."""


class Business(NamedTuple):
    """What decides the rates of a business; ``flat_tax`` is the versement libératoire."""

    nature: Nature
    territory: Place
    started_on: date
    acre: bool = False
    flat_tax: bool = False


class Rates(NamedTuple):
    """The rates of a line, in thousandths of a percent."""

    contributions: int
    training: int
    chamber_tax: int
    income_tax: int


class Line(NamedTuple):
    """What is due for the turnover of a category, in euros, and by which rates."""

    category: Category
    turnover: int
    rates: Rates
    contributions: int
    training: int
    chamber_tax: int
    income_tax: int


class Amounts(NamedTuple):
    """What is due for a period, in euros; ``acre`` is whether its rates are reduced by Acre."""

    period: str
    lines: tuple[Line, ...]
    acre: bool

    @property
    def contributions(self) -> int:
        """The contributions of all lines."""
        return sum(line.contributions for line in self.lines)

    @property
    def training(self) -> int:
        """The contribution to training (CFP) of all lines."""
        return sum(line.training for line in self.lines)

    @property
    def chamber_tax(self) -> int:
        """The tax of the chambers (TFC) of all lines."""
        return sum(line.chamber_tax for line in self.lines)

    @property
    def income_tax(self) -> int:
        """The versement libératoire of all lines."""
        return sum(line.income_tax for line in self.lines)

    @property
    def total(self) -> int:
        """All that is due."""
        return self.contributions + self.training + self.chamber_tax + self.income_tax


def as_json(amounts: Amounts) -> dict[str, Any]:
    """Return amounts as the API writes them: euros, and rates in percent as text."""
    return {
        "period": amounts.period,
        "lines": [
            {
                "category": line.category,
                "turnover": line.turnover,
                "rate": percent(line.rates.contributions),
                "contributions": line.contributions,
                "training_rate": percent(line.rates.training),
                "training": line.training,
                "chamber_rate": percent(line.rates.chamber_tax),
                "chamber_tax": line.chamber_tax,
                "income_tax_rate": percent(line.rates.income_tax),
                "income_tax": line.income_tax,
            }
            for line in amounts.lines
        ],
        "contributions": amounts.contributions,
        "training": amounts.training,
        "chamber_tax": amounts.chamber_tax,
        "income_tax": amounts.income_tax,
        "total": amounts.total,
        "acre": amounts.acre,
    }


def estimate(business: Business, period: Span, turnover: Mapping[Category, int]) -> Amounts:
    """Return what is due for the turnover of a period, a line for each category that is given.

    Turnover is in whole euros, from 0. Raises ``RatesUnknownError``.
    """
    lines = [
        _line(category, turnover[category], rates_of(business, category, period.starts_on))
        for category in CATEGORIES
        if category in turnover
    ]
    return Amounts(period.code, tuple(lines), acre_paid(business, period.starts_on) is not None)


def rates_of(business: Business, category: Category, day: date) -> Rates:
    """Return the rates of a line of a period that begins on a day; raises ``RatesUnknownError``."""
    # guard: no-rate-guessed
    if not are_known(day) or business.territory == _WITHOUT_RATES:
        raise RatesUnknownError(day)
    tables = book()
    chamber = _of_nature(tables["chamber"], business)
    return Rates(
        contributions=_contributions(business, category, day),
        training=_rate(_of_nature(tables["training"], business), category, day),
        chamber_tax=_row(chamber, day).get(category, 0) if chamber else 0,
        income_tax=_rate(tables["income_tax"], category, day) if business.flat_tax else 0,
    )


def acre_paid(business: Business, day: date) -> int | None:
    """Return the percentage of the full rate that Acre leaves to pay on a day, or ``None``.

    Acre does not add to the rates overseas, which are reduced for longer (CSS, L. 756-5).
    """
    # guard: acre-or-overseas: business.territory == _OVERSEAS => False
    if not business.acre or business.territory == _OVERSEAS:
        return None
    paid = _acre_phases(business.started_on)
    phase = _quarters_since(business.started_on, day) // _QUARTERS
    return paid[phase] if 0 <= phase < len(paid) else None


def acre_until(business: Business) -> date | None:
    """Return the last day of Acre: the end of the third civil quarter after that of the start.

    Who started before April 2020 has twelve quarters in all. ``None`` without Acre.
    """
    if not business.acre or business.territory == _OVERSEAS:
        return None
    phases = len(_acre_phases(business.started_on))
    return _quarter_starts(business.started_on, phases * _QUARTERS) - _DAY if phases else None


def next_rates(
    business: Business, categories: tuple[Category, ...], after: date
) -> Iterator[tuple[date, dict[Category, Rates]]]:
    """Return each later change of the rates that is known, with its first day.

    Every change begins with a civil quarter.
    """
    rates = _rates(business, categories, after)
    quarter = 1
    while are_known(day := _quarter_starts(after, quarter)):
        changed = _rates(business, categories, day)
        if changed != rates:
            yield day, changed
        rates = changed
        quarter += 1


def shares(nature: Nature, category: Category, day: date, contributions: int) -> list[int] | None:
    """Return what contributions are for, in euros that add up to them; ``None`` if unknown.

    In order: health; disability and death; basic pension; supplementary pension; CSG and CRDS.
    """
    row = row_on(book()["shares"], day) or {}
    percents: list[int] | None = row.get(_column(nature, category))
    if percents is None:
        return None
    exact = [divmod(contributions * each, ONE) for each in percents]
    euros = [whole for whole, _ in exact]
    # What rounding down left goes to the largest remainders.
    largest = sorted(range(len(exact)), key=lambda place: -exact[place][1])
    for place in largest[: contributions - sum(euros)]:
        euros[place] += 1
    return euros


def _line(category: Category, turnover: int, rates: Rates) -> Line:
    return Line(category, turnover, rates, *(part(turnover, rate) for rate in rates))


def _rates(
    business: Business, categories: tuple[Category, ...], day: date
) -> dict[Category, Rates]:
    return {each: rates_of(business, each, day) for each in categories}


def _contributions(business: Business, category: Category, day: date) -> int:
    column = _column(business.nature, category)
    if business.territory == _OVERSEAS:
        return _rate(book()["overseas"], column, day)[_overseas_phase(business.started_on, day)]
    full: int = _rate(book()["contributions"], column, day)
    paid = acre_paid(business, day)
    if paid is None:
        return full
    # guard: acre-rounded-up: -(-full * paid // (100 * _TENTH)) => full * paid // (100 * _TENTH)
    reduced = -(-full * paid // (100 * _TENTH)) * _TENTH
    if not _row(book()["acre"], business.started_on)["floor"]:
        return reduced
    # guard: acre-floor: .get(column, 0) => .get("", 0)
    return max(reduced, (row_on(book()["acre_floor"], day) or {}).get(column, 0))


def _acre_phases(started_on: date) -> list[int]:
    """Return what Acre leaves to pay in each year; none for who started before the regime."""
    row = row_on(book()["acre"], started_on)
    return [] if row is None else row["paid"]


def _column(nature: Nature, category: Category) -> str:
    """Return the column of the full rates: that of the Cipav for all lines of its members."""
    return "regulated" if nature == _REGULATED else category


def _of_nature(tables: Any, business: Business) -> Any:  # noqa: ANN401 - TOML
    """Return the rows of a nature; craftsmen of Alsace and Moselle have their own."""
    own = tables.get(f"{business.nature}_{business.territory}")
    return own or tables.get(business.nature)


def _overseas_phase(started_on: date, day: date) -> int:
    """Return 0 for the first eight quarters, 1 until the end of the third civil year, then 2."""
    if _quarters_since(started_on, day) < _OVERSEAS_FIRST:
        return 0
    return 1 if day.year < started_on.year + _OVERSEAS_YEARS else 2


def _row(rows: Any, day: date) -> Any:  # noqa: ANN401 - TOML
    row = row_on(rows, day)
    if row is None:
        raise RatesUnknownError(day)
    return row


def _rate(rows: Any, column: str, day: date) -> Any:  # noqa: ANN401 - an integer, or three overseas
    rate = _row(rows, day).get(column)
    if rate is None:
        raise RatesUnknownError(column)
    return rate


def _quarter(day: date) -> int:
    return day.year * 4 + (day.month - 1) // 3


def _quarters_since(started_on: date, day: date) -> int:
    return _quarter(day) - _quarter(started_on)


def _quarter_starts(day: date, quarters: int) -> date:
    """Return the first day of the quarter that begins so many quarters after that of a day."""
    year, quarter = divmod(_quarter(day) + quarters, 4)
    return date(year, 3 * quarter + 1, 1)
