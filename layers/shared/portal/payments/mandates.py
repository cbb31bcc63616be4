"""A person signs a SEPA mandate, lists theirs, revokes one.

The proof that opened the session, renewed within five minutes, is the signature. A mandate allows
debits; each is ordered by itself.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.confidential import Confidential
from portal.core.feed import Kind, notice
from portal.core.identifiers import iban_mac
from portal.core.outbox import Outgoing
from portal.core.problems import UNAVAILABLE, Problem
from portal.core.session import while_open
from portal.core.writes import RefusedError, Write, check, put, put_new, update
from portal.declarations.book import read as read_book
from portal.declarations.problems import SERVICES_CLOSED
from portal.identity.profile import read_account
from portal.identity.records import AFFILIATION_CONFIRMED, Account, AccountChangedError
from portal.payments import documents, events, feed
from portal.payments.book import UNDER_WAY, payments_of
from portal.payments.cancelling import OvertakenError, all_cancelled, cancellable
from portal.payments.problems import MANDATE_UNKNOWN, TOO_MANY
from portal.payments.records import PARTITION, Mandate, Payment, RumSequence, Scheme
from portal.payments.sealing import KEPT_REVOKED, PROVED, sealed

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.keyring import LookupKeys
    from portal.core.table import Table

# guard: three-accounts: 3 => 4
MOST = 3
"""Mandates of a business at once: each is for one bank account."""
_TRIES = 5
_LAST = 999
"""The last number that a reference has room for."""
_REVOKED = "Vous avez révoqué le mandat\u00a0: ordonnez un paiement depuis un autre compte."


class MandateTakenError(RefusedError):
    """Another mandate of the account, or of the Siret, was signed or revoked meanwhile."""


class Typed(Confidential, frozen=True):
    """What a person signs with: an IBAN that was checked, its holder, the scheme."""

    iban: str
    holder: str
    scheme: Scheme


class Signer(NamedTuple):
    """What signing needs beside the table: keys, encryption, and where the request came from."""

    lookup: "LookupKeys"
    encrypt: Callable[[str, str], bytes]
    """Encrypt a text for an account."""
    ip_mac: str


def sign(table: "Table", signer: Signer, acting: "Acting", typed: Typed) -> Mandate:
    """Sign a mandate, and return it; one that the account has for the same is returned as it is.

    Raises ``Problem``: ``SERVICES_CLOSED`` without affiliation; ``TOO_MANY`` above three.
    """
    for _ in range(_TRIES):
        account = _affiliated(table, acting)
        known = read(table, acting.account_id, acting.at)
        active = [each for each in known if each.revoked_at is None]
        mac = iban_mac(signer.lookup, typed.iban)
        same = (mac, typed.holder, typed.scheme)
        for each in active:
            if (each.iban_mac, each.holder, each.scheme) == same:
                return each
        if len(active) >= MOST:
            raise Problem(TOO_MANY)
        sequence = _sequence(table, account)
        mandate = _mandate(signer, acting, typed, account, known, sequence)
        try:
            table.transact(
                # guard: no-mandate-of-an-ended-session
                while_open(acting.session),
                _still_affiliated(account),
                put_new(mandate, else_=MandateTakenError),
                _count(sequence, mandate, acting.at),
                *_told(feed.MANDATE_SIGNED, events.MANDATE_SIGNED, mandate, acting),
            )
        except (MandateTakenError, AccountChangedError):
            continue
        return mandate
    raise Problem(UNAVAILABLE, retry_after=1)


def look(table: "Table", acting: "Acting") -> Sequence[Mandate]:
    """Return the mandates that allow debits, the oldest first.

    Raises ``Problem(SERVICES_CLOSED)`` when there is none and none may be signed.
    """
    active = [
        each
        for each in read(table, acting.account_id, acting.at)
        # guard: revoked-is-not-listed: if each.revoked_at is None =>
        if each.revoked_at is None
    ]
    if not active:
        _affiliated(table, acting)
    return active


def find(table: "Table", acting: "Acting", rum: str) -> Mandate:
    """Return a mandate of the account by its reference, revoked or not.

    Raises ``Problem(MANDATE_UNKNOWN)``.
    """
    for each in read(table, acting.account_id, acting.at):
        if each.rum == rum:
            return each
    raise Problem(MANDATE_UNKNOWN)


def revoke(table: "Table", acting: "Acting", rum: str) -> None:
    """Revoke a mandate: it allows no new debit; does nothing when it is revoked.

    Its orders that are not final are cancelled; the others still go, and the notice says which.
    Raises ``Problem(MANDATE_UNKNOWN)``.
    """
    for _ in range(_TRIES):
        mandate = find(table, acting, rum)
        if mandate.revoked_at is not None:
            return
        ends, goes = _orders(table, mandate, acting.at)
        changes = {
            "revoked_at": acting.at,
            "expires_at": max(acting.at, mandate.used_at) + KEPT_REVOKED,
        }
        # guard: revokes-each-order: "orders": mandate.orders, =>
        unchanged = {"rum": rum, "orders": mandate.orders, "revoked_at": None}
        try:
            table.transact(
                while_open(acting.session),
                update(mandate.key(), changes, if_=unchanged, else_=MandateTakenError),
                *sealed(mandate),
                *_told(feed.MANDATE_REVOKED, events.MANDATE_REVOKED, mandate, acting, goes),
                # guard: revoked-ends-orders
                *all_cancelled(ends, acting, "revoked", _REVOKED),
            )
        except (MandateTakenError, OvertakenError):
            continue
        return
    raise Problem(UNAVAILABLE, retry_after=1)


def read(table: "Table", account_id: str, now: int) -> Sequence[Mandate]:
    """Return the mandates of an account that are not forgotten, in the order of signing."""
    stored = table.query(Mandate, PARTITION.format(account_id=account_id))
    # guard: late-mandates: each.expires_at > now => True
    return [each for each in stored if each.expires_at is None or each.expires_at > now]


def _affiliated(table: "Table", acting: "Acting") -> Account:
    account = read_account(table, acting)
    # guard: mandates-once-affiliated: != AFFILIATION_CONFIRMED => == ""
    if account.affiliation != AFFILIATION_CONFIRMED:
        detail = "Les paiements s’ouvrent quand votre affiliation est confirmée."
        reason = f"affiliation-{account.affiliation}"
        raise Problem(SERVICES_CLOSED, detail=detail, reason=reason)
    return account


def _still_affiliated(account: Account) -> Write:
    unchanged = {"affiliation": AFFILIATION_CONFIRMED, "siret_mac": account.siret_mac}
    # guard: affiliated-while-signing: unchanged => {"id": account.id}
    return check(account.key(), if_=unchanged, else_=AccountChangedError)


def _sequence(table: "Table", account: Account) -> RumSequence:
    """Return how many references were given for the Siret of an account."""
    counted_for = account.siret_mac or account.id
    found = table.get(RumSequence, RumSequence.key_of(counted_for=counted_for))
    return found or RumSequence(counted_for=counted_for, last_given=0, expires_at=0)


def _mandate(
    signer: Signer,
    acting: "Acting",
    typed: Typed,
    account: Account,
    known: Sequence[Mandate],
    sequence: RumSequence,
) -> Mandate:
    """Return a new mandate with the next reference; raises ``Problem(TOO_MANY)`` after 999."""
    own = [int(each.rum[-3:]) for each in known if each.counted_for == sequence.counted_for]
    # guard: references-are-new: sequence.last_given, => 0,
    following = max((sequence.last_given, *own)) + 1
    if following > _LAST:
        raise Problem(TOO_MANY, detail="Ce Siret a eu trop de mandats. Écrivez-nous.")
    rum = f"AE{account.siret or _without_siret(account.id)}-{following:03}"
    text = documents.text(rum, typed.scheme, typed.holder, typed.iban[-4:], acting.at)
    return Mandate(
        account_id=account.id,
        number=max((each.number for each in known), default=0) + 1,
        rum=rum,
        counted_for=sequence.counted_for,
        scheme=typed.scheme,
        holder=typed.holder,
        # guard: iban-encrypted: signer.encrypt(typed.iban, account.id) => typed.iban.encode()
        iban_encrypted=signer.encrypt(typed.iban, account.id),
        iban_mac=iban_mac(signer.lookup, typed.iban),
        last_four=typed.iban[-4:],
        signed_at=acting.at,
        actor_id=acting.actor_id,
        methods=acting.session.methods,
        ip_mac=signer.ip_mac,
        text_version=documents.TEXT_VERSION,
        document_sha256=documents.digest(text),
        used_at=acting.at,
    )


def _without_siret(account_id: str) -> str:
    """Return what a reference has in place of a Siret, of the same length: never digits alone."""
    return f"X{UUID(account_id).hex[:13].upper()}"


def _count(sequence: RumSequence, mandate: Mandate, now: int) -> Write:
    counted = RumSequence(
        counted_for=sequence.counted_for, last_given=int(mandate.rum[-3:]), expires_at=now + PROVED
    )
    unchanged = {"last_given": sequence.last_given or None}
    # guard: one-reference-each: if_=unchanged, =>
    return put(counted, if_=unchanged, else_=MandateTakenError)


def _orders(
    table: "Table", mandate: Mandate, now: int
) -> tuple[Sequence[Payment], Sequence[Payment]]:
    """Return the orders of a mandate that can be cancelled, and those that still go."""
    book = read_book(table, mandate.account_id)
    found = [
        each
        for each in (payments_of(book) if book else ())
        if each.rum == mandate.rum and each.stage in UNDER_WAY
    ]
    ends = [each for each in found if cancellable(each, now)]
    return ends, [each for each in found if each not in ends]


def _told(
    kind: Kind, event: str, mandate: Mandate, acting: "Acting", goes: Sequence[Payment] = ()
) -> Iterator[Write]:
    still = ", ".join(
        f"{feed.money(each.amount_cents)}\u00a0€ le {each.debit_on:%d/%m/%Y}" for each in goes
    )
    about = {
        "rum": mandate.rum,
        "last_four": mandate.last_four,
        "orders": f"Ces ordres sont déjà à la banque et seront prélevés\u00a0: {still}. "
        if still
        else "",
    }
    yield from map(
        put, notice(kind, acting.account_id, acting.at, actor=acting.actor_id, about=about)
    )
    yield put(Outgoing.new(event, acting.at, account_id=acting.account_id))
