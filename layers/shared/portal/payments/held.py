"""What the payments store about a person, and what is kept when the account goes."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from portal.core.clock import rfc3339_seconds
from portal.core.held import Held, Reading
from portal.identity.records import Account
from portal.payments.mandates import read
from portal.payments.records import PARTITION, Mandate, RumSequence, SealedMandate
from portal.payments.sealing import SealedBeforeError, sealed

if TYPE_CHECKING:
    from portal.core.table import Table


def _export_mandates(reading: Reading, account: Account) -> Sequence[Mapping[str, object]]:
    return [
        {
            "rum": each.rum,
            "scheme": each.scheme,
            "holder": each.holder,
            "iban": reading.decrypt(each.iban_encrypted, account.id),
            "signed_at": rfc3339_seconds(each.signed_at),
            "actor_id": each.actor_id,
            "methods": [*each.methods],
            "text_version": each.text_version,
            "document_sha256": each.document_sha256,
            "revoked_at": rfc3339_seconds(each.revoked_at),
        }
        for each in read(reading.table, account.id, reading.now)
    ]


def _sweep(table: "Table", account_id: str) -> None:
    """Seal the mandates of a deleted account, and remove them."""
    partition = PARTITION.format(account_id=account_id)
    for mandate in table.query(Mandate, partition):
        for write in sealed(mandate):
            with suppress(SealedBeforeError):
                table.write(write)
    table.delete_partition(partition)


HELD: Sequence[Held[Account]] = (
    Held(
        data="SEPA mandates: IBAN, its holder, scheme, reference; when, how and from where each "
        "was signed; when it was revoked",
        records=(Mandate,),
        purpose="paying by direct debit (e)",
        how="IBAN sealed, its last four characters in clear and its hash beside; IP address hashed",
        kept="as long as the account; revoked ones 14 months",
        section="sepa_mandates",
        export=_export_mandates,
        sweep=_sweep,
    ),
    Held(
        data="mandates that ended, and the proof of their signature",
        records=(SealedMandate,),
        purpose="contested debits (legal duty)",
        how="under the hash of the Siret, without address or login, IBAN sealed; no function may "
        "read it",
        kept="ten years after the last debit or the signature; none where `ErasesDeclarations` is "
        "set",
    ),
    Held(
        data="how many references of mandates a Siret had",
        records=(RumSequence,),
        purpose="references that are never given twice (legal duty)",
        how="hashed, a number",
        kept="ten years after the last signature",
    ),
)
