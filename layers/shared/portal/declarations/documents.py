"""The documents of declarations: the receipt of a version, the calendar of due days."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.core.problems import Problem
from portal.declarations.book import Shown
from portal.declarations.feed import euros
from portal.declarations.problems import PERIOD_UNKNOWN
from portal.declarations.records import Declaration
from portal.rules.contributions import Category, Line
from portal.rules.rates import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES: "Mapping[Category, str]" = {
    "sales": "Ventes de marchandises",
    "commercial_services": "Prestations de services commerciales ou artisanales",
    "other_services": "Autres prestations de services",
    "furnished_tourism": "Location de meublés de tourisme classés",
}
_DEMONSTRATION = "Démonstration, site non officiel\u00a0: rien n’a été transmis à l’Urssaf."
_FOLDED = 73


def receipt(shown: Shown, version: int | None) -> str:
    """Return the receipt of a version, the newest by default, as a page in French.

    It has no number of the Sécurité sociale. Raises ``Problem(PERIOD_UNKNOWN)`` when there is no
    such version.
    """
    wanted = len(shown.versions) if version is None else version
    found = next((each for each in shown.versions if each.version == wanted), None)
    if found is None:
        detail = "Cette période n’a pas de déclaration de ce numéro."
        raise Problem(PERIOD_UNKNOWN, detail=detail)
    return _page(f"Justificatif de déclaration\u00a0: {shown.period.label}", _body(shown, found))


def calendar(
    periods: Iterable[Shown], host: str, now: int, others: Iterable[tuple[str, date, str]] = ()
) -> str:
    """Return the due days of periods as a calendar (RFC 5545): an event each, a day before noon.

    ``others`` are what else is due: its code, its day, its title.
    """
    lines = [
        ("BEGIN", "VCALENDAR"),
        ("VERSION", "2.0"),
        ("PRODID", "-//Espace auto-entrepreneur//Demonstration//FR"),
        ("X-WR-CALNAME", "Échéances auto-entrepreneur (démonstration)"),
    ]
    dates = [
        (
            each.period.code,
            each.period.due_on,
            _title(each),
            "Sans chiffre d’affaires, déclarez zéro.",
        )
        for each in periods
        if each.state != "void"
    ]
    dates += [(*each, "À payer dans votre espace.") for each in others]
    for code, due_on, title, what in dates:
        lines += [
            ("BEGIN", "VEVENT"),
            ("UID", f"{code}@{host}"),
            ("DTSTAMP", f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}"),
            ("DTSTART;VALUE=DATE", f"{due_on:%Y%m%d}"),
            ("DTEND;VALUE=DATE", f"{due_on + timedelta(days=1):%Y%m%d}"),
            ("SUMMARY", title),
            ("DESCRIPTION", f"Démonstration. {what}"),
            ("TRANSP", "TRANSPARENT"),
            ("END", "VEVENT"),
        ]
    lines.append(("END", "VCALENDAR"))
    return "".join(
        f"{part}\r\n" for name, value in lines for part in _folded(f"{name}:{_escaped(value)}")
    )


def _title(shown: Shown) -> str:
    done = " (déclaré)" if shown.versions else ""
    return f"Déclarer {shown.period.label} avant midi{done}"


def _escaped(value: str) -> str:
    return value.replace(",", "\\,")


def _folded(line: str) -> Iterable[str]:
    """Yield a line in parts of at most 75 bytes, those after the first with a space before."""
    part, size = "", 0
    for character in line:
        bytes_ = len(character.encode())
        if size + bytes_ > _FOLDED:
            yield part
            part, size = " ", 1
        part += character
        size += bytes_
    yield part


def _body(shown: Shown, version: Declaration) -> str:
    amounts, period = version.amounts, shown.period
    at = datetime.fromtimestamp(version.at, ZoneInfo("Europe/Paris"))
    facts = {
        "Période": f"{period.label}, du {period.starts_on:%d/%m/%Y} au {period.ends_on:%d/%m/%Y}",
        "Version": f"{version.version} sur {len(shown.versions)}",
        "Reçue le": f"{at:%d/%m/%Y} à {at:%H:%M:%S} (heure de Paris)",
        "Échéance": f"{period.due_on:%d/%m/%Y}, midi",
        "Acre": "oui" if amounts.acre else "non",
    }
    replaced = version.version < len(shown.versions)
    note = "<p><strong>Cette version a été remplacée par une plus récente.</strong></p>"
    listed = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(each)}</dd>" for name, each in facts.items()
    )
    head = "".join(f'<th scope="col">{each}</th>' for each in _COLUMNS)
    rows = "".join(map(_row, amounts.lines))
    total = f"<p><strong>Total dû\u00a0: {euros(amounts.total)}\u00a0€</strong></p>"
    return (
        f"{note if replaced else ''}<dl>{listed}</dl>"
        f"<table><caption>Ce qui a été déclaré, et ce qui est dû</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{total}"
    )


_COLUMNS = (
    "Activité",
    "Chiffre d’affaires",
    "Cotisations",
    "Formation (CFP)",
    "Chambre (TFC)",
    "Versement libératoire",
)


def _row(line: Line) -> str:
    pairs = zip(
        (line.contributions, line.training, line.chamber_tax, line.income_tax),
        line.rates,
        strict=True,
    )
    cells = [f"{euros(line.turnover)}\u00a0€"]
    cells += [f"{euros(due)}\u00a0€ ({_percent(rate)}\u00a0%)" for due, rate in pairs]
    first = f'<th scope="row">{escape(_NAMES[line.category])}</th>'
    return f"<tr>{first}{''.join(f'<td>{each}</td>' for each in cells)}</tr>"


def _percent(rate: int) -> str:
    return percent(rate).replace(".", ",")


def _page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title></head><body><main><p>{_DEMONSTRATION}</p>"
        f"<h1>{escape(title)}</h1>{body}</main></body></html>\n"
    )
