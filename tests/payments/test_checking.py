"""The operators’ check of a balance: what is owed, payments that differ from the bank’s files."""

from typing import TYPE_CHECKING, Any

import pytest

from portal.core.writes import put
from portal.payments.checking import found_of
from portal.payments.records import Debit
from tests.world.debtor import GROUP, Debtor, debtor
from tests.world.declarant import paris

if TYPE_CHECKING:
    from portal.payments.records import Payment
    from tests.world.functions import Gateway
    from tests.world.world import World

AUGUST = "2026-08"
AT = paris("2026-10-02 10:00:00")


@pytest.fixture
def person(world: "World", gateway: "Gateway") -> Debtor:
    """Return somebody who owes 257 € since 30 September."""
    person = debtor(world, gateway)
    person.declare(*GROUP, at="2026-07-20 10:00:00")
    person.declare("2026-07", at="2026-08-20 10:00:00")
    person.declare(AUGUST, services=2400, at="2026-09-20 10:00:00")
    return person


def debited(person: Debtor, payment: "Payment", **changes: Any) -> None:
    """Store what the bank's file says of a payment."""
    said = {
        "day": payment.debit_on.isoformat(),
        "id": payment.id,
        "account_id": payment.account_id,
        "code": payment.code,
        "number": payment.number,
        "amount_cents": payment.amount_cents,
        "rum": payment.rum,
        "scheme": "core",
        "holder": "Michèle Dupont",
        "iban_encrypted": b"",
        "signed_on": "2026-08-01",
        "expires_at": 0,
    }
    person.world.table.write(put(Debit(**{**said, **changes})))


def test_what_is_found_is_right(person: Debtor) -> None:
    """The sums of an account whose payments are those of the files."""
    payment = person.pay(AUGUST, 200_00, "2026-09-21 10:00:00", settled="2026-09-30 08:00:00")
    debited(person, payment)
    assert found_of(person.world.table, person.account_id, AT) == {
        "balance_cents": 59_96,
        "open_cents": 59_96,
        "credit_cents": 0,
        "entries": 4,
        "is_balanced": True,
        "differences": {},
    }


def test_each_difference_is_named(person: Debtor) -> None:
    """A row that is missing, of another amount, or left after a cancellation."""
    ordered = "2026-09-21 10:00:00"
    missing = person.pay(AUGUST, 1_00, ordered, stage="ordered", number=1)
    other = person.pay(AUGUST, 1_00, ordered, stage="ordered", number=2)
    debited(person, other, amount_cents=2_00)
    left = person.pay(AUGUST, 1_00, ordered, ended=ordered, stage="cancelled", number=3)
    debited(person, left)
    person.pay(AUGUST, 1_00, ordered, ended=ordered, stage="cancelled", number=4)
    found = found_of(person.world.table, person.account_id, AT)
    assert found
    assert found["differences"] == {missing.id: "missing", other.id: "other", left.id: "left"}
    later = found_of(person.world.table, person.account_id, paris("2028-01-01 10:00:00"))
    assert later
    assert missing.id not in later["differences"], "its row is forgotten after 14 months"


def test_the_operators_act(person: Debtor, world: "World", gateway: "Gateway") -> None:
    """It is audited, and changes nothing else; an account without business is unknown."""
    before = [each for each in world.items() if not each["pk"]["S"].startswith("AUDIT#")]
    asked = {"action": "check-balance", "operator": "camille.operatrice", "reason": "ticket 4821"}
    answer = gateway.invoke("ops", {**asked, "account_id": person.account_id})
    assert (answer["outcome"], answer["is_balanced"]) == ("done", True)
    assert len(world.items("AUDIT#")) == 1
    assert [each for each in world.items() if not each["pk"]["S"].startswith("AUDIT#")] == before
    world.sweep("DECLARATION#")
    answer = gateway.invoke("ops", {**asked, "account_id": person.account_id})
    assert answer == {"outcome": "unknown-account"}
