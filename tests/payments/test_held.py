"""What is exported of payments, and what is kept of them when the account goes."""

from datetime import UTC, datetime

import pytest

from portal.core import held
from portal.core import settings as portal_settings
from portal.core.held import Reading
from portal.core.records import DAY
from portal.identity import deletion
from tests.world.bank import Bucket, debits
from tests.world.declarant import paris
from tests.world.functions import load_function
from tests.world.ibans import french
from tests.world.payer import Payer
from tests.world.use_cases import HELD
from tests.world.world import FEED, NOW

EVE = paris("2026-09-29 12:05:00")


def delete(payer: Payer, asked_at: int = NOW) -> None:
    """Delete the account thirty days later, by the lists of the daily run."""
    deletion.schedule_deletion(payer.world.table, payer.world.acting(payer.account_id, asked_at))
    daily = load_function("delete_accounts").HELD
    assert deletion.delete_due(payer.world.table, daily, asked_at + 30 * DAY) == 1


def test_the_export_has_each_payment(payer: Payer) -> None:
    """The export says what was ordered, when, and what became of it."""
    id_ = payer.ordered(100)
    payer.cancel(id_)
    reading = Reading(payer.world.table, lambda *_: "", FEED, NOW)
    exported = held.export(HELD, reading, payer.world.account(payer.account_id))
    (payment,) = exported["payments"]  # pyright: ignore[reportGeneralTypeIssues]
    assert (payment["id"], payment["amount_cents"], payment["stage"]) == (id_, 100, "cancelled")
    assert payment["debit_on"] == "2026-09-30"
    assert "mac" not in str(payment)


@pytest.mark.guards("payments-are-sealed", "ten-years-of-payments", "payments-before-declarations")
def test_what_the_law_obliges_to_keep(payer: Payer) -> None:
    """Payments stay under the Siret until ten years after the year of the debit, without IBAN."""
    payer.ordered(100)
    siret_mac = payer.world.account(payer.account_id).siret_mac
    delete(payer, NOW - 30 * DAY)
    (kept,) = [e for e in payer.world.items("ARCHIVE#") if e["sk"]["S"].startswith("PAYMENT#")]
    assert kept["pk"]["S"] == f"ARCHIVE#{siret_mac}"
    assert kept["expires_at"]["N"] == "2114377200", "1 January 2037, in Paris"
    assert kept["stage"]["S"] == "cancelled"
    assert payer.account_id not in str(kept)
    assert french(1)[-4:] not in str({**kept, "rum": ""})
    assert not payer.world.items("DECLARATION#")
    assert not payer.world.items("DEBIT#"), "no file has it"


def test_a_deletion_that_is_interrupted(payer: Payer) -> None:
    """What was sealed before is not sealed again."""
    payer.ordered(100)
    before = payer.world.items("DECLARATION#")
    delete(payer, NOW - 30 * DAY)
    sealed = payer.world.items("ARCHIVE#")
    for item in before:
        payer.world.table._client.put_item(TableName=payer.world.settings.table_name, Item=item)
    held.sweep(HELD, payer.world.table, payer.account_id)
    assert payer.world.items("ARCHIVE#") == sealed


def test_what_is_at_the_bank_stays_in_its_file(payer: Payer) -> None:
    """After the cut-off the debit goes, with the account or without it."""
    payer.ordered(100)
    at = datetime.fromtimestamp(EVE, UTC).isoformat()
    payer.declarant.gateway.invoke("bank", {"time": at, "days": 0})
    delete(payer)
    (debit,) = payer.world.items("DEBIT#")
    assert int(debit["expires_at"]["N"]) < EVE + 436 * DAY
    assert "PAYMENT" in str(payer.world.items("ARCHIVE#"))
    payer.declarant.gateway.invoke("bank", {"reissue": {"file": "2026-09-30-1"}})
    (again,) = debits(Bucket(payer.declarant.gateway).read("out/2026-09-30-1-r2.xml"))
    assert again.iban == french(1)


def test_a_demonstration_keeps_nothing(payer: Payer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all is made up and the operator says so, nothing is sealed."""
    payer.ordered(100)
    monkeypatch.setenv("ERASES_DECLARATIONS", "true")
    portal_settings.settings.cache_clear()
    delete(payer, NOW - 30 * DAY)
    assert not payer.world.items("ARCHIVE#")
