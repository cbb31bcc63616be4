"""Activation: a validation link is opened, then a password makes the registration an account."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from portal.core.limits import MailLimit, Rate, address_limit
from portal.core.links import Link, Token, unseal
from portal.core.outbox import Outgoing, send
from portal.core.problems import LINK_UNKNOWN, Problem
from portal.core.records import DAY
from portal.core.writes import RefusedError, Write, after, delete, put, put_new
from portal.identity import events, feed, passwords
from portal.identity.problems import ALREADY_ACTIVE, IDENTITY_CONFLICT, LINK_EXPIRED
from portal.identity.purposes import EMAIL_VALIDATION
from portal.identity.records import (
    Account,
    Credentials,
    Identifier,
    IdentityTakenError,
    Registration,
    SiretHolder,
    UseCheck,
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

    Raises ``Problem(LINK_UNKNOWN)`` for a text that is not one of our links.
    """
    token = unseal(tokens, text, EMAIL_VALIDATION)
    return token, open_token(table, limits, token, now)


def open_token(table: "Table", limits: "Limits", token: Token, now: int) -> Registration:
    """Return the registration that a link is for; does not consume the link.

    Raises ``Problem``: ``LINK_UNKNOWN`` when the registration is gone, ``ALREADY_ACTIVE`` once
    the account exists, ``LINK_EXPIRED`` when the link has expired. A fresh link is then sent to
    the stored address, within the limits.
    """
    link, registration = table.get_two(
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
    ``open_token``, and ``IDENTITY_CONFLICT`` when the e-mail, NIR or Siret has an account.
    """
    registration = open_token(table, limits, token, now)
    passwords.check(lookup, registration, password, confirmation)
    password_hash = passwords.hash_password(pepper, password)
    account_id = registration.account_id
    try:
        # guard: atomic-consumption: table.transact( => table.write(put(Credentials(account_id=account_id, password_hash=password_hash))), (
        table.transact(
            delete(Link.of(token).key(), if_={"expires_at": after(now)}, else_=LinkUsedError),
            # guard: one-account-per-registration: , if_={"completed": False} =>
            put(registration.emptied(now), if_={"completed": False}, else_=LinkUsedError),
            *_claims(registration),
            put_new(_account(registration, now), else_=IdentityTakenError),
            put(Credentials(account_id=account_id, password_hash=password_hash)),
            put(UseCheck(account_id=account_id, use_check_at=now + FIRST_LOOK)),
            *(put(entry) for entry in feed.first_entries(registration, now)),
            put(Outgoing.new(events.ACCOUNT_ACTIVATED, now, account_id=account_id)),
        )
    except LinkUsedError:
        open_token(table, limits, token, now)
        raise Problem(ALREADY_ACTIVE) from None
    except IdentityTakenError:
        raise Problem(IDENTITY_CONFLICT) from None


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
            address_limit(limits, registration.email_mac, VALIDATION_MAIL),
        ],
    )


def _claims(registration: Registration) -> Iterator[Write]:
    """Yield the writes that claim a registration's identifiers for its account."""
    account_id = registration.account_id
    for mac in (registration.email_mac, registration.nir_mac):
        if mac:
            yield Identifier(mac=mac, account_id=account_id).claim()
    if registration.siret_mac:
        holder = SiretHolder(mac=registration.siret_mac, account_id=account_id)
        # guard: one-account-per-siret: put_new => put
        yield put_new(holder, else_=IdentityTakenError)


def _account(registration: Registration, now: int) -> Account:
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
        siret=registration.siret,
        siret_mac=registration.siret_mac,
        is_agent=registration.is_agent,
        use_check_at=now + FIRST_LOOK,
    )
