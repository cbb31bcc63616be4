"""Facts: every figure, date and law that a page gives has a source, and the day it was read."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.functions.test_voice import SOURCES
from tests.world.cloud import ROOT
from tools import facts

CONTENT = ROOT / "functions" / "web" / "content"
ARTICLES = sorted(CONTENT.glob("*/*.md"))
SAID = [*ARTICLES, *(path for path in SOURCES if path.suffix == ".j2")]
SAID_BY_THE_DEPLOYMENT = {
    *("editeur", "editeur-adresse", "editeur-courriel", "editeur-telephone", "directeur"),
    *("hebergeur", "hebergeur-adresse", "hebergeur-telephone", "region"),
    *("dpo", "dpo-courriel", "jours-journaux"),
}
CITED = re.compile(r"\{([a-z0-9-]+)\}")
# A figure of law or money, a year, a law. Durations of this service itself are its own.
SOURCED = re.compile(
    r"\d[\s\u00a0]?[€%]|\b(?:19|20)\d\d\b|\b(?:décret|loi|ordonnance|article)\b[^.]{0,20}\d"
    r"|\d+[\s\u00a0](?:semaines|trimestres|ans)\b|\b1er \w+"
)


def prose(path: Path) -> str:
    """Return what people read of a file: no properties of its head, mark-up, values, addresses."""
    text = path.read_text()
    if path.suffix == ".md":
        text = re.sub(r"^(date|mots):.*", "", text, flags=re.MULTILINE)
        text = re.sub(r"\]\([^)]*\)", "]", text)
    return re.sub(
        r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<style>.*?</style>|<[^>]*>", "", text, flags=re.DOTALL
    )


@pytest.mark.parametrize("path", SAID, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_figures_and_laws_are_cited(path: Path) -> None:
    """No text of a page or mail gives a figure, a year or a law but through a fact."""
    assert [found[0] for found in SOURCED.finditer(prose(path))] == []


@pytest.mark.parametrize("text", ["83 600 €", "25 %", "en 2026", "loi n° 2025-1403", "1er mai"])
def test_a_figure_without_fact_is_found(text: str) -> None:
    """The check finds each kind of figure."""
    assert SOURCED.search(text)


def test_every_fact_is_cited_and_has_a_source() -> None:
    """Each fact has a text, an https source and a day of reading, and some page cites it."""
    rows = facts.read()
    cited = {name for path in ARTICLES for name in CITED.findall(path.read_text())}
    assert cited - SAID_BY_THE_DEPLOYMENT - {"date"} == rows.keys()
    assert cited >= SAID_BY_THE_DEPLOYMENT
    for name, row in rows.items():
        assert row.keys() == {"texte", "source", "lu"}, name
        assert row["texte"].strip() == row["texte"] != "", name
        assert row["source"].startswith("https://"), name
        assert isinstance(row["lu"], date), name


def test_facts_not_read_for_a_year_are_listed() -> None:
    """`make facts` lists a fact the day after a year, the oldest first."""
    day = date(2026, 1, 31)
    rows = {
        "young": {"texte": "1 €", "source": "https://a.example/", "lu": day},
        "old": {"texte": "2 €", "source": "https://b.example/", "lu": day - timedelta(1)},
        "older": {"texte": "3 €", "source": "https://c.example/", "lu": day - timedelta(9)},
    }
    assert facts.to_read_again(rows, day) == []
    lines = facts.to_read_again(rows, day + facts.YEAR)
    assert [line.split(":")[0].split()[-1] for line in lines] == ["older", "old"]
    assert "https://c.example/" in lines[0]


def test_rates_not_read_for_a_year_are_listed_too() -> None:
    """`make facts` lists each row of the rates, with its table, its first day and its figures."""
    rows = facts.read_rates()
    assert {"contributions 2026-01-01", "chamber.artisanale_moselle 2015-01-01"} <= rows.keys()
    lines = facts.to_read_again(rows, date(2100, 1, 1))
    assert len(lines) == len(rows) > 30
    assert any("sales 12.3, commercial_services 21.2" in line for line in lines)
