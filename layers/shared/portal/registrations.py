"""Sign-up: from what a person typed to an account, through a link sent to their address.

A sign-up only writes a registration. The account, and with it the uniqueness of its e-mail, NIR
and Siret, is born when the password is set, so nobody can squat what belongs to another, and
signing up never reads, hence never tells, whether an account exists.
"""

import uuid
from collections.abc import Callable, Sequence

from portal import activity, events, identifiers, passwords, throttle
from portal.confidential import Confidential
from portal.items import Account, Bounce, Link, Login, Outgoing, Registration, SiretHolder
from portal.keys import Keyring
from portal.problems import (
    ALREADY_ACTIVE,
    IDENTITY_CONFLICT,
    INVALID_REQUEST,
    LINK_EXPIRED,
    LINK_UNKNOWN,
    FieldError,
    Problem,
)
from portal.rules.email import mask_email
from portal.settings import Limits
from portal.table import AddressBouncesError, ConditionFailedError, Table
from portal.tokens import Purpose, Token, new_id, unseal

VALIDATION_MAIL = "validation"
"""Kind of the mails that carry a validation link, in the outbox and for the limits."""


class Identity(Confidential, frozen=True, kw_only=True):
    """Who signs up, every field already checked; ``None`` for a number never attributed."""

    last_name: str
    first_name: str
    mobile_phone: str
    email: str
    nir: str | None
    nir_masked: str | None
    siret: str | None
    is_agent: bool


def sign_up(
    table: Table,
    lookup: Keyring,
    limits: Limits,
    encrypt_nir: Callable[[str, str], bytes],
    identity: Identity,
    now: int,
) -> str:
    """Write a registration and the mail with its link; return the masked address.

    ``encrypt_nir`` takes a NIR and the id of the account that will hold it. Raises
    ``Problem(INVALID_REQUEST)`` when mails to the address came back lately.
    """
    account_id = str(uuid.uuid4())
    email_mac = identifiers.email_mac(lookup, identity.email)
    nir, siret = identity.nir, identity.siret
    registration = Registration(
        id=new_id(),
        account_id=account_id,
        created_at=now,
        expires_at=now + Registration.RETENTION,
        last_name=identity.last_name,
        first_name=identity.first_name,
        mobile_phone=identity.mobile_phone,
        email=identity.email,
        email_mac=email_mac,
        nir_mac=nir and identifiers.nir_mac(lookup, nir),
        nir_masked=identity.nir_masked,
        nir_encrypted=encrypt_nir(nir, account_id) if nir else None,
        siret=siret,
        siret_mac=siret and identifiers.siret_mac(lookup, siret),
        is_agent=identity.is_agent,
    )
    mail = Outgoing.new(VALIDATION_MAIL, now, registration_id=registration.id)
    slot = throttle.address_slot(limits, email_mac, VALIDATION_MAIL)
    try:
        table.register(registration, mail, slot, now)
    except AddressBouncesError:
        raise _bounces() from None
    return mask_email(identity.email)


def resend(table: Table, lookup: Keyring, limits: Limits, email: str, now: int) -> None:
    """Ask for the link of an address's newest registration to be sent again.

    Known and unknown addresses cost and answer the same: which registration it is, and whether
    there is one, is looked up when the mail is sent.
    """
    email_mac = identifiers.email_mac(lookup, email)
    slot = throttle.address_slot(limits, email_mac, VALIDATION_MAIL)
    try:
        table.send_to(
            email_mac,
            Outgoing.new(VALIDATION_MAIL, now, email_mac=email_mac),
            [slot],
            now,
        )
    except AddressBouncesError:
        raise _bounces() from None


def receives(table: Table, lookup: Keyring, email: str, now: int) -> bool:
    """Tell whether mails to an address arrive, as far as is known; alike for known and unknown."""
    bounce = table.get(Bounce, Bounce.key_of(identifiers.email_mac(lookup, email)))
    return bounce is None or bounce.expires_at <= now


def open_link(
    table: Table, tokens: Keyring, limits: Limits, text: str, now: int
) -> tuple[Token, Registration]:
    """Return the token of a validation link and its registration, as ``open_token`` does.

    Raises ``Problem(LINK_UNKNOWN)`` for what is not a link of ours.
    """
    token = unseal(tokens, text, Purpose.EMAIL_VALIDATION)
    return token, open_token(table, limits, token, now)


def open_token(table: Table, limits: Limits, token: Token, now: int) -> Registration:
    """Return the registration that a link is for; changes nothing while the link is good.

    Raises ``Problem``: ``LINK_UNKNOWN`` when the registration is gone, ``ALREADY_ACTIVE`` once
    the account exists, ``LINK_EXPIRED`` when the link is late, after having written a fresh one
    to the stored address (never more often than the limits say).
    """
    row, registration = table.link_and_registration(Link.of(token))
    if registration is None or registration.expires_at <= now:
        raise Problem(LINK_UNKNOWN)
    if registration.completed:
        raise Problem(ALREADY_ACTIVE)
    # A row may be late and not yet swept, or swept: TTL lags, the clock does not.
    if row is None or row.expires_at <= now:
        slots = [
            throttle.fresh_link_slot(limits, registration.id),
            throttle.address_slot(limits, registration.email_mac, VALIDATION_MAIL),
        ]
        mail = Outgoing.new(VALIDATION_MAIL, now, registration_id=registration.id)
        table.send(mail, slots, now)
        raise Problem(LINK_EXPIRED, email_masked=mask_email(registration.email))
    return registration


def set_password(
    table: Table,
    lookup: Keyring,
    pepper: Keyring,
    limits: Limits,
    token: Token,
    password: str,
    confirmation: str,
    now: int,
) -> None:
    """Give a registration its password, which makes it an account, and consume its links.

    Raises ``Problem``: ``INVALID_REQUEST`` with one error for each broken rule, those of
    ``open_token``, and ``IDENTITY_CONFLICT`` when the e-mail, NIR or Siret has an account.
    """
    registration = open_token(table, limits, token, now)
    passwords.check(lookup, registration, password, confirmation)
    password_hash = passwords.hash_password(pepper, password)
    try:
        born = table.activate(
            link=Link.of(token),
            registration=Registration(
                id=registration.id,
                account_id=registration.account_id,
                created_at=registration.created_at,
                expires_at=now + Registration.RETENTION,
                completed=True,
            ),
            account=_account(registration, now),
            logins=_logins(registration, password_hash),
            siret_holder=_siret_holder(registration),
            feed=activity.first_entries(registration, now),
            event=Outgoing.new(events.ACCOUNT_ACTIVATED, now, account_id=registration.account_id),
            now=now,
        )
    except ConditionFailedError:
        # Another request used this link or this registration since it was read.
        open_token(table, limits, token, now)
        raise Problem(ALREADY_ACTIVE) from None
    if not born:
        raise Problem(IDENTITY_CONFLICT)


def _bounces() -> Problem:
    detail = (
        "Les courriels envoyés à cette adresse nous reviennent\u00a0: corrigez-la ou "
        "indiquez-en une autre."
    )
    return Problem(INVALID_REQUEST, errors=[FieldError("email", "undeliverable", detail)])


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
    )


def _siret_holder(registration: Registration) -> SiretHolder | None:
    if registration.siret_mac is None:
        return None
    return SiretHolder(mac=registration.siret_mac, account_id=registration.account_id)


def _logins(registration: Registration, password_hash: str) -> Sequence[Login]:
    """Return the login of each identifier: by e-mail, and by NIR when there is one."""
    email_mac, nir_mac = registration.email_mac, registration.nir_mac
    pairs = [(email_mac, nir_mac)] + ([(nir_mac, email_mac)] if nir_mac else [])
    return [
        Login(
            mac=mac,
            twin_mac=twin_mac,
            account_id=registration.account_id,
            password_hash=password_hash,
            first_name=registration.first_name,
            last_name=registration.last_name,
        )
        for mac, twin_mac in pairs
    ]
