"""What a person owes, as the API says it."""

from typing import TYPE_CHECKING

import pytest

from tests.world.debtor import GROUP, Debtor, debtor
from tests.world.declarant import paris, slug

if TYPE_CHECKING:
    from tests.world.functions import Gateway
    from tests.world.world import World

PATH = "/api/me/balance"
AUGUST = "2026-08"


@pytest.fixture
def person(world: "World", gateway: "Gateway") -> Debtor:
    """Return somebody who declared zero a month late, and owes 257 € for August."""
    person = debtor(world, gateway)
    person.declare(*GROUP, "2026-07", at="2026-09-01 10:00:00")
    person.declare(AUGUST, services=2400, at="2026-09-20 10:00:00")
    return person


def test_the_balance_before_and_after(person: Debtor) -> None:
    """What comes, what is on its way, what is due with what was added, and each entry."""
    payment = person.pay(AUGUST, 200_00, "2026-09-29 10:00:00", stage="ordered")
    before = person.ask("GET", PATH, at=paris("2026-09-29 11:00:00"))
    assert before.status == 200
    assert before.json["balance_cents"] == 5 * 60_10
    assert [each["period"] for each in before.json["due"]] == [*GROUP, "2026-07"]
    assert before.json["upcoming"] == [
        {
            "period": AUGUST,
            "label": "août 2026",
            "due_on": "2026-09-30",
            "principal_cents": 257_00,
            "surcharges_cents": 0,
            "total_cents": 257_00,
        }
    ]
    assert before.json["in_progress"] == [
        {
            "id": payment.id,
            "period": AUGUST,
            "amount_cents": 200_00,
            "debit_on": "2026-09-29",
            "state": "ordered",
        }
    ]
    after = person.ask("GET", PATH, at=paris("2026-09-30 12:00:00")).json
    assert after["upcoming"] == []
    assert after["due"][-1]["surcharges_cents"] == 2_96
    assert [
        (each["kind"], each["period"], each["amount_cents"], each["rule"])
        for each in after["entries"][:3]
    ] == [
        ("majoration", AUGUST, 11, "P5"),
        ("majoration", AUGUST, 2_85, "P4"),
        ("declared", AUGUST, 257_00, None),
    ]
    assert after["entries"][0]["at"] == "2026-09-30T10:00:00.000Z"
    assert after["balance_cents"] == sum(each["total_cents"] for each in after["due"])
    assert after["next_cursor"] is None


def test_fifty_entries_a_page(person: Debtor) -> None:
    """The next page begins where one ends, whatever was added meanwhile."""
    for number in range(1, 60):
        person.pay(
            AUGUST, 1_00, "2026-09-21 10:00:00", settled="2026-09-30 08:00:00", number=number
        )
    first = person.ask("GET", PATH, at=paris("2026-09-30 12:00:00")).json
    assert len(first["entries"]) == 50
    rest = person.ask("GET", PATH, at=paris("2026-11-20 12:00:00"), cursor=first["next_cursor"])
    assert rest.json["next_cursor"] is None
    entries = [*first["entries"], *rest.json["entries"]]
    assert sum(each["amount_cents"] for each in entries) == first["balance_cents"]
    assert len({each["payment_id"] for each in entries} - {None}) == 59


@pytest.mark.parametrize("cursor", ["0", "-1", "x", "", "9" * 30, "1.5"])
def test_a_cursor_that_is_none(person: Debtor, cursor: str) -> None:
    """It is refused, and does not come back."""
    answer = person.ask("GET", PATH, cursor=cursor)
    assert (answer.status, slug(answer)) == (422, "invalid-request")


def test_a_cursor_beyond_the_entries(person: Debtor) -> None:
    """It shows the newest."""
    answer = person.ask("GET", PATH, at=paris("2026-09-30 12:00:00"), cursor="999999")
    assert answer.json["entries"] == []


def test_who_is_not_affiliated_owes_nothing(world: "World", gateway: "Gateway") -> None:
    """The services are closed, as for declarations."""
    person = debtor(world, gateway)
    world.sweep("DECLARATION#")
    answer = person.ask("GET", PATH)
    assert (answer.status, slug(answer)) == (403, "services-closed")
