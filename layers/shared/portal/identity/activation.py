"""Activation: a validation link is opened, then a password makes the registration an account."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from portal.core.limits import MailLimit, Rate, mailbox_limit
from portal.core.links import Link, Token, unseal
from portal.core.outbox import Outgoing, send
from portal.core.problems import LINK_UNKNOWN, Problem
from portal.core.records import DAY
from portal.core.writes import RefusedError, Write, after, delete, put, put_new
from portal.identity import events, feed, numbers, passwords
from portal.identity.due import UseCheck
from portal.identity.problems import ALREADY_ACTIVE, IDENTITY_CONFLICT, LINK_EXPIRED
from portal.identity.purposes import EMAIL_VALIDATION
from portal.identity.records import (
    Account,
    Credentials,
    Identifier,
    IdentityTakenError,
    NirTakenError,
    Registration,
    ReservedAddress,
    SiretTakenError,
)
from portal.identity.signup import VALIDATION_MAIL
from portal.rules.email import mask_email

if TYPE_CHECKING:
    from portal.core.keyring import LookupKeys, PepperKeys, TokenKeys
    from portal.core.settings import Limits
    from portal.core.table import Table

FIRST_LOOK = 180 * DAY
"""Seconds from the birth of an account to the first look at whether it is used."""

# guard: three-fresh-links: 3 => 4
_FRESH_LINKS_PER_DAY = 3


class LinkUsedError(RefusedError):
    """Another request used the link or the registration since they were read."""


def open_link(
    table: "Table", tokens: "TokenKeys", limits: "Limits", text: str, now: int
) -> tuple[Token, Registration]:
    """Return the token of a validation link and its registration, as ``open_token`` does.

    Raises ``Problem``: ``LINK_UNKNOWN`` for a text that is not one of our links,
    ``IDENTITY_CONFLICT`` when the address has an account by now: no password need be typed.
    """
    token = unseal(tokens, text, EMAIL_VALIDATION)
    registration = open_token(table, limits, token, now)
    # guard: losing-link-is-told
    _require_free_address(table, registration, now)
    return token, registration


def open_token(table: "Table", limits: "Limits", token: Token, now: int) -> Registration:
    """Return the registration that a link is for; does not consume the link.

    Raises ``Problem``: ``LINK_UNKNOWN`` when the registration is gone, ``ALREADY_ACTIVE`` once
    the account exists, ``LINK_EXPIRED`` when the link has expired. A fresh link is then sent to
    the stored address, within the limits.
    """
    link, registration = table.get_several(
        (Link, Link.of(token).key()), (Registration, Registration.key_of(id=token.id))
    )
    if registration is None or registration.expires_at <= now:
        raise Problem(LINK_UNKNOWN)
    # guard: no-link-to-an-active-account: registration.completed => False
    if registration.completed:
        raise Problem(ALREADY_ACTIVE)
    # TTL deletes late: the row of an expired link may be there or gone.
    # guard: late-by-the-clock: or link.expires_at <= now =>
    if link is None or link.expires_at <= now:
        _require_free_address(table, registration, now)
        _send_fresh_link(table, limits, registration, now)
        raise Problem(LINK_EXPIRED, email_masked=mask_email(registration.email))
    # guard: opening-consumes-nothing: return => return table.delete_partition(f"TOKEN#{token.id}") or
    return registration


def set_password(
    table: "Table",
    lookup: "LookupKeys",
    pepper: "PepperKeys",
    limits: "Limits",
    token: Token,
    password: str,
    confirmation: str,
    now: int,
) -> None:
    """Set the password of a registration, which makes it an account and ends its links.

    Raises ``Problem``: ``INVALID_REQUEST`` with one error for each broken rule, those of
    ``open_token``, and ``IDENTITY_CONFLICT`` when the e-mail has an account. A NIR or Siret that
    another account has does not refuse anything: the account is created without it.
    """
    registration = open_token(table, limits, token, now)
    passwords.check(lookup, registration, password, confirmation)
    password_hash = passwords.hash_password(pepper, password)
    try:
        _create(table, token, registration, password_hash, now)
    except LinkUsedError:
        open_token(table, limits, token, now)
        raise Problem(ALREADY_ACTIVE) from None
    except IdentityTakenError:
        raise Problem(IDENTITY_CONFLICT) from None


def _require_free_address(table: "Table", registration: Registration, now: int) -> None:
    """Raise ``Problem(IDENTITY_CONFLICT)`` for an address that another account has or had."""
    mac = registration.email_mac
    found, reserved = table.get_several(
        (Identifier, Identifier.key_of(mac=mac)),
        (ReservedAddress, ReservedAddress.key_of(mac=mac)),
    )
    if (found and found.account_id) or (reserved and reserved.expires_at > now):
        raise Problem(IDENTITY_CONFLICT)


def _send_fresh_link(
    table: "Table", limits: "Limits", registration: Registration, now: int
) -> None:
    """Send a fresh link in place of an expired one, at most three a day."""
    # guard: fresh-links-apart: limits.mail_interval => 1
    rates = (Rate(1, limits.mail_interval), Rate(_FRESH_LINKS_PER_DAY, DAY))
    send(
        table,
        Outgoing.new(VALIDATION_MAIL, now, registration_id=registration.id),
        [
            MailLimit(registration.id, "fresh-link", rates),
            mailbox_limit(limits, registration.mailbox_mac, VALIDATION_MAIL),
        ],
    )


def _create(
    table: "Table", token: Token, registration: Registration, password_hash: str, now: int
) -> None:
    """Create the account of a registration, without the numbers that another account has.

    Raises ``LinkUsedError`` or ``IdentityTakenError``.
    """
    taken: set[str] = set()
    while True:
        try:
            # guard: atomic-consumption: table.transact(*_birth => table.write(put(Credentials(account_id=registration.account_id, password_hash=password_hash))), list(_birth
            table.transact(*_birth(token, registration, password_hash, taken, now))
        except NirTakenError:
            taken.add(numbers.NIR)
        except SiretTakenError:
            taken.add(numbers.SIRET)
        else:
            return


def _birth(
    token: Token, registration: Registration, password_hash: str, taken: Collection[str], now: int
) -> Iterator[Write]:
    """Yield the writes that use a link up and create the account of its registration."""
    account_id = registration.account_id
    yield delete(Link.of(token).key(), if_={"expires_at": after(now)}, else_=LinkUsedError)
    # guard: one-account-per-registration: , if_={"completed": False} =>
    yield put(registration.emptied(now), if_={"completed": False}, else_=LinkUsedError)
    yield Identifier(mac=registration.email_mac, account_id=account_id).claim()
    # guard: reserved-address-refuses
    yield ReservedAddress.check_free(registration.email_mac, account_id, now)
    yield from numbers.claims(account_id, registration.nir_mac, registration.siret_mac, taken)
    yield put_new(_account(registration, taken, now), else_=IdentityTakenError)
    yield put(
        Credentials(account_id=account_id, password_hash=password_hash, password_changed_at=now)
    )
    yield put(UseCheck(account_id=account_id, use_check_at=now + FIRST_LOOK))
    yield from map(put, feed.first_entries(registration, now))
    if taken:
        told = numbers.number_notice(feed.NUMBER_CLAIMED, account_id, taken, now, actor=account_id)
        yield from map(put, told)
    yield put(Outgoing.new(events.ACCOUNT_ACTIVATED, now, account_id=account_id))


def _account(registration: Registration, taken: Collection[str], now: int) -> Account:
    return Account(
        id=registration.account_id,
        created_at=now,
        last_name=registration.last_name,
        first_name=registration.first_name,
        mobile_phone=registration.mobile_phone,
        email=registration.email,
        email_mac=registration.email_mac,
        nir_mac=registration.nir_mac,
        nir_masked=registration.nir_masked,
        nir_encrypted=registration.nir_encrypted,
        nir_status=numbers.status_at_birth(registration.nir_mac, taken=numbers.NIR in taken),
        siret=registration.siret,
        siret_mac=registration.siret_mac,
        siret_status=numbers.status_at_birth(registration.siret_mac, taken=numbers.SIRET in taken),
        is_agent=registration.is_agent,
        use_check_at=now + FIRST_LOOK,
    )
