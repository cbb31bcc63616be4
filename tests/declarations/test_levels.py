"""The levels of a year's turnover that a person is told of, each once."""

from typing import TYPE_CHECKING, Any

import pytest

from portal.core import aws
from tests.world.declarant import Declarant, paris

if TYPE_CHECKING:
    from tests.world.functions import Gateway
    from tests.world.world import World

START = paris("2025-02-10 09:00:00")


@pytest.fixture
def seller(world: "World", gateway: "Gateway") -> Declarant:
    """Return a person who sells goods since January 2025: a ceiling of 188 700 €."""
    account_id = world.open_account(START)
    world.affiliate(account_id, START, started_on="2025-01-01", acre=False)
    world.deliver(START)
    return Declarant(world, gateway, account_id)


def declare(person: Declarant, code: str, sales: int, services: int = 0, version: int = 0) -> None:
    """Declare a month of 2025 or later, late."""
    year, month = map(int, code.split("-"))
    at = paris(f"{year + (month + 3) // 12}-{(month + 3) % 12 + 1:02}-05 10:00:00")
    answer = person.declare(code, sales, services, version=version, at=at)
    assert answer.status == 200, answer.text


def told(person: Declarant) -> list[str]:
    """Return the levels that were told, the first one first."""
    kinds = reversed(person.world.kinds(person.account_id))
    return [kind for kind in kinds if kind.startswith(("ceiling", "vat", "acre"))]


@pytest.mark.guards("told-once-a-level")
def test_each_level_once(seller: Declarant) -> None:
    """80 % of the ceiling, VAT's thresholds, the ceiling: each once, no lower one later."""
    declare(seller, "2025-01", 80_000)
    assert told(seller) == []
    declare(seller, "2025-02", 6_000)
    assert told(seller) == ["vat-over"]
    declare(seller, "2025-03", 10_000)
    assert told(seller) == ["vat-over", "vat-raised"]
    declare(seller, "2025-04", 55_000)
    assert told(seller)[2:] == ["ceiling-near"]
    declare(seller, "2025-05", 1_000)
    declare(seller, "2025-06", 44_000)
    assert told(seller)[2:] == ["ceiling-near", "ceiling-over"]
    declare(seller, "2025-07", 100_000)
    assert len(told(seller)) == 4
    mails = [mail.subject for mail in seller.world.deliver()]
    assert mails.count("Un plafond est dépassé") == 1
    about = next(e for e in seller.world.feed(seller.account_id) if e.kind == "ceiling-over")
    assert "196\u202f000\u00a0€" in about.body
    assert "188\u202f700\u00a0€" in about.body


def test_two_years_running(seller: Declarant) -> None:
    """A second year above the ceiling is told with what follows: the scheme ends."""
    declare(seller, "2025-05", 200_000)
    declare(seller, "2026-05", 210_000)
    assert told(seller).count("ceiling-over") == 1
    assert told(seller)[-2:] in (["ceiling-twice", "vat-raised"], ["vat-raised", "ceiling-twice"])
    body = next(e.body for e in seller.world.feed(seller.account_id) if e.kind == "ceiling-twice")
    assert "1er janvier 2027" in body


def test_the_first_year_is_prorated_by_days(world: "World", gateway: "Gateway") -> None:
    """Who starts on 1 October 2025 has 92 days: 47 562 €."""
    account_id = world.open_account(paris("2025-10-10 09:00:00"))
    world.affiliate(account_id, paris("2025-10-10 09:00:00"), started_on="2025-10-01", acre=False)
    person = Declarant(world, gateway, account_id)
    declare(person, "2025-10", 47_562)
    assert "ceiling-over" not in told(person)
    declare(person, "2025-11", 1)
    assert "ceiling-over" in told(person)


def test_the_base_of_acre(declarant: Declarant) -> None:
    """Who sells more than Acre covers is told that the full rate follows."""
    declare(declarant, "2026-05", 0, 96_121)
    assert "acre-used" in told(declarant)


def test_a_level_blocks_nothing_when_two_declare_at_once(seller: Declarant) -> None:
    """Two declarations that reach a level at once tell it once."""
    events = aws.dynamodb().meta.events

    def faster(**_: Any) -> None:
        events.unregister("before-call.dynamodb.TransactWriteItems", faster)
        declare(seller, "2025-01", 200_000)

    events.register_first("before-call.dynamodb.TransactWriteItems", faster)
    declare(seller, "2025-02", 200_000)
    assert sorted(told(seller)) == ["ceiling-over", "vat-raised"]
    assert seller.world.business(seller.account_id).told == (
        *("2025/micro-total/near", "2025/micro-total/over"),
        *("2025/vat-sales/over", "2025/vat-sales/raised"),
    )
