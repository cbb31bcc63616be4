"""Sign-up: from what a person typed to a registration and the mail with its link.

A sign-up only writes a registration. The account is created, and its e-mail, NIR and Siret are
claimed, when the password is set. So nobody can block the identifiers of another person, and a
sign-up never reads, and so never shows, whether an account exists.
"""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from portal.core import identifiers
from portal.core.confidential import Confidential
from portal.core.limits import MailLimitedError, mailbox_limit, take
from portal.core.links import new_id
from portal.core.outbox import Outgoing, send
from portal.core.writes import put
from portal.identity.records import Registration, RegistrationOfAddress
from portal.rules.email import mask_email

if TYPE_CHECKING:
    from portal.core.keyring import LookupKeys
    from portal.core.settings import Limits
    from portal.core.table import Table

VALIDATION_MAIL = "validation"
"""Kind of the mails that carry a validation link, in the outbox and for the limits."""


class Identity(Confidential, frozen=True, kw_only=True):
    """Who signs up, with validated fields; ``None`` for a number that was never attributed."""

    last_name: str
    first_name: str
    mobile_phone: str
    email: str
    nir: str | None
    nir_masked: str | None
    siret: str | None
    is_agent: bool


class Registered(Confidential, frozen=True):
    """What a browser learns of its sign-up: the masked address, and its handle.

    The handle is the id of the registration. It opens nothing: it only says which sign-up of an
    address a resend is about.
    """

    email_masked: str
    registration: str


def sign_up(
    table: "Table",
    lookup: "LookupKeys",
    limits: "Limits",
    encrypt_nir: Callable[[str, str], bytes],
    identity: Identity,
    now: int,
) -> Registered:
    """Write a registration and the mail with its link; return its masked address and its handle.

    ``encrypt_nir`` takes a NIR and the id of the account that will have it. Above the limits the
    registration is written without a mail. An address that bounced is treated like any other.
    """
    # guard: sign-up-reads-nothing: registration => table.query(Registration, "LOGIN#x"); registration
    registration = _register(lookup, encrypt_nir, identity, now)
    email_mac = registration.email_mac
    listed = RegistrationOfAddress(
        email_mac=email_mac,
        registration_id=registration.id,
        created_at=now,
        expires_at=registration.expires_at,
    )
    writes = (put(registration), put(listed))
    mail = Outgoing.new(VALIDATION_MAIL, now, registration_id=registration.id)
    # guard: mails-to-a-mailbox: registration.mailbox_mac => email_mac
    limit = mailbox_limit(limits, registration.mailbox_mac, VALIDATION_MAIL)
    try:
        # guard: mail-with-its-cause: *writes, put(mail) => put(mail)
        table.transact(*writes, put(mail), take(limit, now))
    except MailLimitedError:
        table.transact(*writes)
    return Registered(mask_email(identity.email), registration.id)


def resend(
    table: "Table",
    lookup: "LookupKeys",
    limits: "Limits",
    email: str,
    registration: str | None,
    now: int,
) -> None:
    """Request that the link of a registration be sent again, given its address and handle.

    Without handle, that of each open registration of the address: which of them is of who asks is
    not known. Known and unknown addresses take the same time and get the same answer: registrations
    are looked up when the mail is sent.
    """
    email_mac = identifiers.email_mac(lookup, email)
    limit = mailbox_limit(limits, identifiers.mailbox_mac(lookup, email), VALIDATION_MAIL)
    # guard: resend-of-its-sign-up: , registration_id=registration =>
    mail = Outgoing.new(VALIDATION_MAIL, now, email_mac=email_mac, registration_id=registration)
    send(table, mail, [limit])


def receives(table: "Table", registration: str) -> bool:
    """Return whether no mail of a sign-up bounced, given its handle; true of an unknown one.

    Only the browser that signed up has the handle, so nobody learns whether others' mails bounce.
    """
    found = table.get(Registration, Registration.key_of(id=registration))
    return found is None or found.bounced_at is None


def _register(
    lookup: "LookupKeys",
    encrypt_nir: Callable[[str, str], bytes],
    identity: Identity,
    now: int,
) -> Registration:
    account_id = str(uuid.uuid4())
    nir, siret = identity.nir, identity.siret
    return Registration(
        id=new_id(),
        account_id=account_id,
        created_at=now,
        expires_at=now + Registration.RETENTION,
        last_name=identity.last_name,
        first_name=identity.first_name,
        mobile_phone=identity.mobile_phone,
        email=identity.email,
        email_mac=identifiers.email_mac(lookup, identity.email),
        mailbox_mac=identifiers.mailbox_mac(lookup, identity.email),
        nir_mac=nir and identifiers.nir_mac(lookup, nir),
        nir_masked=identity.nir_masked,
        # guard: nir-encrypted: encrypt_nir(nir, account_id) => nir.encode()
        nir_encrypted=encrypt_nir(nir, account_id) if nir else None,
        siret=siret,
        siret_mac=siret and identifiers.siret_mac(lookup, siret),
        is_agent=identity.is_agent,
    )
