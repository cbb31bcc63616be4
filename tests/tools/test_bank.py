"""The bank beside the local portal: what it answers is what the portal reads."""

import json

import pytest

from portal.payments.report_reading import Movement, read
from portal.payments.returns import is_code
from portal.rules.iban import parse_iban
from tests.world.ibans import french
from tools.stack import bank
from tools.stack.bank import Answered, Debit

ID = "20261130" + "a" * 22
DEBIT = Debit(ID, "509.00", french(204), french(0))


@pytest.mark.parametrize(
    ("kind", "code", "write"),
    [
        ("settled", None, bank.camt054),
        ("returned", "AM04", bank.camt054),
        ("rejected", "AC04", bank.pain002),
    ],
)
def test_its_reports_are_read(kind: str, code: str | None, write: bank.Writes) -> None:
    """Each report says the debit, its amount and the code, as a bank writes them."""
    report = write([Answered(DEBIT, kind, code)]).encode()
    assert read(report, french(0)) == [Movement(ID, 50900, code)]


def test_its_accounts_are_made_up() -> None:
    """Each account is an IBAN of no bank, and each answer one that a bank gives."""
    known = json.loads(bank.ACCOUNTS.read_text())
    assert len(known) >= 6
    for iban, account in known.items():
        assert parse_iban(iban) == iban
        assert iban[4:9] == "99999"
        for kind, code in account["answers"]:
            assert kind in {"settled", "returned", "rejected"}
            assert (code is None) == (kind == "settled")
            assert code is None or is_code(code)
