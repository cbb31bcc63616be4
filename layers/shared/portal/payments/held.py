"""What the payments store about a person, and what is kept when the account goes."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from portal.core.clock import rfc3339_seconds
from portal.core.held import Held, Reading
from portal.core.writes import RefusedError
from portal.declarations import book
from portal.identity.records import Account
from portal.payments.book import payments_of
from portal.payments.days import DayClosedError, withdrawn
from portal.payments.facts import plans_of
from portal.payments.mandates import read
from portal.payments.plan_records import InstalmentLook, Plan, SealedPlan
from portal.payments.records import (
    PARTITION,
    DayOfDebits,
    Debit,
    Mandate,
    Payment,
    RumSequence,
    SealedMandate,
    SealedPayment,
)
from portal.payments.sealing import SealedBeforeError, sealed, sealed_payment, sealed_plan

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


def _export_payments(reading: Reading, account: Account) -> Sequence[Mapping[str, object]]:
    found = book.read(reading.table, account.id)
    return [
        {
            "id": each.id,
            "period": each.code,
            "version": each.version,
            "amount_cents": each.amount_cents,
            "rum": each.rum,
            "debit_on": each.debit_on.isoformat(),
            "stage": each.stage,
            "reason": each.reason,
            "ordered_at": rfc3339_seconds(each.created_at),
            "settled_at": rfc3339_seconds(each.settled_at),
            "ended_at": rfc3339_seconds(each.ended_at),
            "actor_id": each.actor_id,
        }
        for each in (payments_of(found) if found else ())
    ]


def _export_plans(reading: Reading, account: Account) -> Sequence[Mapping[str, object]]:
    found = book.read(reading.table, account.id)
    return [
        {
            "number": each.number,
            "signed_at": rfc3339_seconds(each.signed_at),
            "actor_id": each.actor_id,
            "methods": [*each.methods],
            "reason": each.why,
            "covers": [*each.covers],
            "remitted_cents": each.remitted_cents,
            "instalments": [*each.instalments],
            "decided_at": rfc3339_seconds(each.decided_at),
            "refused": each.refused,
            "answer": each.answer,
        }
        for each in (plans_of(found) if found else ())
    ]


def _sweep_plans(table: "Table", account_id: str) -> None:
    """Seal the plans; the declarations remove them with theirs."""
    found = book.read(table, account_id)
    for plan in plans_of(found) if found else ():
        for write in sealed_plan(plan, found.business.siret_mac if found else None):
            with suppress(RefusedError):  # by a run that was interrupted
                table.write(write)


def _sweep_payments(table: "Table", account_id: str) -> None:
    """Withdraw what no file has yet, and seal all; the declarations remove it with theirs."""
    found = book.read(table, account_id)
    for payment in payments_of(found) if found else ():
        last = payment
        if payment.stage == "ordered":
            with suppress(DayClosedError):  # it is in a file: the bank was told
                table.transact(*withdrawn(payment))
                last = replace(payment, stage="cancelled")
        for write in sealed_payment(last, found.business.siret_mac if found else None):
            with suppress(RefusedError):  # by a run that was interrupted
                table.write(write)


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
        data="payments: period, amount, reference of the mandate, last characters of the IBAN, day "
        "of the debit, what the bank answered; who ordered each and when",
        records=(Payment,),
        purpose="paying by direct debit (e)",
        how="encrypted; the client's key hashed",
        kept="as long as the account",
        section="payments",
        export=_export_payments,
        sweep=_sweep_payments,
    ),
    Held(
        data="plans of payment: what each covers, its instalments, the reason given, the answer; "
        "who signed it, when and how",
        records=(Plan,),
        purpose="paying in instalments (e)",
        how="encrypted",
        kept="as long as the account",
        section="plans",
        export=_export_plans,
        sweep=_sweep_plans,
    ),
    Held(
        data="when there is something to tell of an instalment",
        records=(InstalmentLook,),
        purpose="reminders (e)",
        how="ids, times",
        kept="until that day, at most 60 days after",
    ),
    Held(
        data="plans of payment of deleted accounts",
        records=(SealedPlan,),
        purpose="limitation of claims and controls (legal duty)",
        how="under the hash of the Siret, without name, address, login or reason; no function may "
        "read it",
        kept="ten years after the year of the signature; none where `ErasesDeclarations` is set",
    ),
    Held(
        data="what the bank's file of a day says of each debit: IBAN, its holder, amount, mandate",
        records=(Debit, DayOfDebits),
        purpose="sending debits, and knowing them in the bank's answers (e)",
        how="IBAN sealed",
        kept="14 months after the debit, even after the account",
    ),
    Held(
        data="payments of deleted accounts",
        records=(SealedPayment,),
        purpose="limitation of claims and controls (legal duty)",
        how="under the hash of the Siret, without name, address, login or IBAN; no function may "
        "read it",
        kept="ten years after the year of the debit; none where `ErasesDeclarations` is set",
    ),
    Held(
        data="how many references of mandates a Siret had",
        records=(RumSequence,),
        purpose="references that are never given twice (legal duty)",
        how="hashed, a number",
        kept="ten years after the last signature",
    ),
)
