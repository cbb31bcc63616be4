"""Receipts and the calendar of due days."""

from typing import TYPE_CHECKING

from tests.world.declarant import slug
from tests.world.world import NOW

if TYPE_CHECKING:
    from tests.world.declarant import Declarant

RECEIPT = "/api/me/periods/2026-08/receipt"


def test_a_receipt_of_each_version(declarant: "Declarant") -> None:
    """Each version has its receipt; one that was replaced says so."""
    declarant.declare("2026-08", 0, 2400)
    declarant.declare("2026-08", 100, 2400, version=1)
    newest = declarant.ask("GET", RECEIPT)
    assert newest.headers["Content-Type"] == ["text/html; charset=utf-8"]
    assert "Version</dt><dd>2 sur 2" in newest.text
    assert "263\u00a0€" in newest.text
    assert "remplacée" not in newest.text
    first = declarant.ask("GET", RECEIPT, version="1")
    assert "remplacée par une plus récente" in first.text
    assert "257\u00a0€" in first.text
    assert "10,6\u00a0%" in first.text
    assert "21/09/2026 à 16:13:20 (heure de Paris)" in first.text
    assert "Démonstration" in first.text


def test_a_receipt_is_a_page_without_scripts(declarant: "Declarant") -> None:
    """It is in French, names no number of a person, and may load nothing."""
    declarant.declare("2026-08", 0, 2400)
    page = declarant.ask("GET", RECEIPT)
    assert page.text.startswith('<!DOCTYPE html>\n<html lang="fr">')
    assert "<script" not in page.text
    assert "294037" not in page.text
    (policy,) = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")


def test_no_receipt_of_nothing(declarant: "Declarant") -> None:
    """A period without declaration has no receipt, nor has a version that is not there."""
    assert slug(declarant.ask("GET", RECEIPT)) == "period-unknown"
    declarant.declare("2026-08", 0, 2400)
    assert declarant.ask("GET", RECEIPT, version="2").status == 404
    assert declarant.ask("GET", RECEIPT, version="0").status == 422
    assert declarant.ask("GET", RECEIPT, version="x").status == 422


def test_the_calendar(declarant: "Declarant") -> None:
    """The due days are a calendar of RFC 5545: an event each, lines of 75 bytes at most."""
    declarant.declare("2026-08", 0, 2400)
    answer = declarant.ask("GET", "/api/me/periods.ics", at=NOW)
    assert answer.headers["Content-Type"] == ["text/calendar; charset=utf-8"]
    lines = answer.text.split("\r\n")
    assert (lines[0], lines[-2], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR", "")
    assert max(len(line.encode()) for line in lines) <= 75
    assert "\n" not in answer.text.replace("\r\n", "")
    whole = answer.text.replace("\r\n ", "")
    assert whole.count("BEGIN:VEVENT") == whole.count("END:VEVENT") == 13
    assert "UID:2026-08@portail.example" in whole
    assert "DTSTART;VALUE=DATE:20260930" in whole
    assert "SUMMARY:Déclarer août 2026 avant midi (déclaré)" in whole
