"""Affiliate, declare, correct, declare zero, declare late: over HTTP, on the deployed stack."""

import time
from typing import Any

import pytest

from tests.world.bus import Listener
from tests.world.businesses import affiliated
from tests.world.client import Client, in_parallel
from tests.world.described import operations, validate
from tests.world.direct import Direct
from tests.world.journey import another_device
from tests.world.mailbox import Mailbox

pytestmark = pytest.mark.stack


def periods(client: Client, state: str) -> list[Any]:
    """Return the periods in a state, checked against the document."""
    answer = client.call("GET", f"/api/me/periods?state={state}")
    assert answer.status == 200, answer.text
    (described,) = (each for each in operations() if each.name == "read_periods")
    content = described.described["responses"]["200"]["content"]["application/json"]
    validate(content["schema"], answer.json)
    return answer.json["periods"]


def declare(client: Client, code: str, sales: int, version: int = 0) -> Any:
    """Declare a period."""
    form = {
        "turnover": {"sales": sales, "commercial_services": 0},
        "expected_version": version,
    }
    return client.call("PUT", f"/api/me/periods/{code}/declaration", form)


def test_from_the_affiliation_to_a_zero(
    client: Client, mailbox: Mailbox, direct: Direct, listener: Listener
) -> None:
    """Each step of a declaration is answered, told by mail and feed, and published."""
    assert client.call("GET", "/api/me/periods").status == 401
    person = affiliated(client, mailbox, direct)
    assert client.call("GET", "/api/me/business").json["periodicity"] == "monthly"

    code = periods(client, "open")[0]["code"]
    first = declare(client, code, 1000)
    assert (first.status, first.json["state"], first.json["version"]) == (200, "declared", 1)
    mailbox.wait_titled(person.email, "Votre déclaration est enregistrée")
    corrected = declare(client, code, 1200, version=1)
    assert [each["version"] for each in corrected.json["versions"]] == [1, 2]
    assert declare(client, code, 7, version=1).slug == "stale-version"
    assert declare(client, code, 1200, version=1).json == corrected.json
    zero = declare(client, code, 0, version=2)
    assert zero.json["amounts"]["total"] == 0

    upcoming = periods(client, "upcoming")[0]["code"]
    assert declare(client, upcoming, 1).slug == "period-not-open"

    receipt = client.call("GET", f"/api/me/periods/{code}/receipt?version=1")
    assert "remplacée" in receipt.text
    calendar = client.call("GET", "/api/me/periods.ics")
    assert calendar.header("content-type").startswith("text/calendar")
    kinds = [each["kind"] for each in client.activity().json["entries"]]
    assert kinds.count("declaration-corrected") == 2
    account_id = client.me().json["id"]
    exported = client.call("GET", "/api/me/export").json
    assert len(exported["declarations"]) == 3
    direct.until(lambda: published(listener, account_id) == 3)


def published(listener: Listener, account_id: str) -> int:
    """Return how many declarations of an account were published."""
    events = listener.wait(account_id, 1)
    return sum(each["detail-type"] == "TurnoverDeclared" for each in events)


def test_a_late_declaration(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """What is overdue is declared late, once."""
    affiliated(client, mailbox, direct, months=8)
    late = periods(client, "overdue-undeclared")[0]["code"]
    assert declare(client, late, 500).json["state"] == "due-unpaid"
    assert declare(client, late, 600, version=1).slug == "period-closed"


def test_two_tabs(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Of many first declarations at once one is stored, and the others are told."""
    person = affiliated(client, mailbox, direct)
    other = another_device(client, person)
    code = periods(client, "open")[0]["code"]
    tabs = (client, other)
    answers = in_parallel(lambda n: declare(tabs[n], code, n), 2)
    assert sorted(each.status for each in answers) == [200, 409]
    shown = client.call("GET", f"/api/me/periods/{code}").json
    assert shown["version"] == 1


def test_the_clock(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """The function of the clock runs in its role, and tells what opens in the next month."""
    person = affiliated(client, mailbox, direct)
    later = time.time() + 40 * 86400
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(later))
    direct.hand("Clock", {"time": at, "days": 60})
    mailbox.wait_titled(person.email, "Votre déclaration est ouverte")
