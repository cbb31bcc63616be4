"""Many accounts, written directly into the table."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import TYPE_CHECKING, Any

from portal.core import identifiers
from portal.core.feed import entry
from portal.core.keyring import LookupKeys, PepperKeys
from portal.core.records import Record
from portal.identity import passwords
from portal.identity.feed import WELCOME
from portal.identity.records import OWN, Account, Credentials, Identifier
from tests.world.people import PASSWORD

if TYPE_CHECKING:
    from tests.world.direct import Direct

_AT_ONCE = 4
_MOST = 25
"""Items of one BatchWriteItem."""


def email(number: int) -> str:
    """Return the address of a seeded account."""
    return f"charge-{number}@example.fr"


def write(direct: "Direct", first: int, last: int, now: int) -> None:
    """Write the accounts with these numbers; all have the same password."""
    lookup = direct.lookup
    password_hash = passwords.hash_password(direct.keyring(PepperKeys, "PepperSecret"), PASSWORD)
    records = (
        record
        for number in range(first, last)
        for record in _account(lookup, password_hash, number, now)
    )

    def put(batch: tuple[Record, ...]) -> None:
        requests: list[Any] = [{"PutRequest": {"Item": each.to_item()}} for each in batch]
        answer = direct.dynamodb.batch_write_item(RequestItems={direct.table: requests})
        assert not answer["UnprocessedItems"]

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # A part at a time: all of it would not fit into memory.
        for window in batched(batched(records, _MOST, strict=False), 200, strict=False):
            list(pool.map(put, window))


def _account(lookup: LookupKeys, password_hash: str, number: int, now: int) -> Iterator[Record]:
    """Yield an account, its credentials, its two identifiers and the first entry of its feed."""
    account_id = f"00000000-0000-4000-8000-{number:012}"
    names = {"first_name": "Camille", "last_name": f"Charge{number}"}
    macs = (
        identifiers.email_mac(lookup, email(number)),
        identifiers.nir_mac(lookup, f"2940175{number:06}"),
    )
    yield Account(
        **names,
        id=account_id,
        created_at=now,
        mobile_phone="+33612345678",
        email=email(number),
        email_mac=macs[0],
        nir_mac=macs[1],
        nir_status=OWN,
    )
    yield Credentials(account_id=account_id, password_hash=password_hash)
    for mac in macs:
        yield Identifier(mac=mac, account_id=account_id)
    yield entry(WELCOME, account_id, now, actor=account_id)
