"""The records of the one table and their keys.

========================  =====================  ==================================================
partition                 sort                   record
========================  =====================  ==================================================
``REGISTRATION#<id>``     ``REGISTRATION``       a sign-up: not yet an account
``EMAIL#<mac>``           ``REGISTRATION``       the newest sign-up of an address
``TOKEN#<id>``            ``<purpose>#<time>``   a link that was sent, until it expires
``ACCOUNT#<id>``          ``ACCOUNT``            an account
``LOGIN#<mac>``           ``LOGIN``              one way of naming oneself at login (e-mail or NIR),
                                                 its credentials and its count of failures
``SIRET#<mac>``           ``ACCOUNT``            the account that holds a Siret
``SESSION#<account>``     ``<slot>``             one of an account's ten places for sessions
``ACTIVITY#<account>``    ``<time>#<random>``    one entry of the activity feed
``OUTBOX#<id>``           ``OUTBOX``             a mail or an event still to be sent
``MAIL#<mac or id>``      ``<kind>``             when mails of a kind were last written
``RATE#<endpoint>#<mac>`` ``<minute>``           requests of one IP address
``LOGIN#<mac>``           ``DEVICE#<id>``        failures from a device that logged in before
``BOUNCE#<mac>``          ``BOUNCE``             an address whose mails come back
``CONTACT#<ticket>``      ``CONTACT``            a message to the support
``DELETION#<day>``        ``<account>``          an account to be deleted on a day
``UNSENT#OUTBOX``         ``<id>``               a message that could not be sent at least once
``AUDIT#<month>``         ``<time>#<random>``    what an operator did
========================  =====================  ==================================================

``<mac>`` is an HMAC under the lookup key, so the table can be searched by an identifier but not
read for it. Every record that may be forgotten carries ``expires_at``, the table's TTL attribute,
in seconds since the epoch; TTL may lag by two days, so readers compare it with the clock too.
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from msgspec import Struct
from msgspec.structs import asdict, replace

from portal.tokens import Token

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

type Value = str | int | bool | bytes | None
type Attribute = AttributeValueTypeDef
type Attributes = dict[str, AttributeValueTypeDef]

HOUR = 3600
DAY = 24 * HOUR

AFFILIATION_PENDING = "pending"
AFFILIATION_CONFIRMED = "confirmed"
AFFILIATION_REJECTED = "rejected"

FOREVER = 253_370_764_800
"""An ``expires_at`` that TTL never reaches (year 9999), for records that are not to expire."""


def encode(value: Value) -> Attribute:
    """Return ``value`` in DynamoDB's wire form; ``None`` has none: leave the attribute out."""
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}
        case None:
            message = "None is stored by leaving the attribute out"
            raise TypeError(message)


def decode(attribute: Mapping[str, Any]) -> Value:
    """Return the Python value of an attribute in DynamoDB's wire form."""
    ((kind, value),) = attribute.items()
    return int(value) if kind == "N" else value


def key(partition: str, sort: str) -> Attributes:
    """Return the primary key of a record."""
    return {"pk": {"S": partition}, "sk": {"S": sort}}


class Record(Struct, frozen=True):
    """A stored record: strings, integers, booleans, bytes and absent values."""

    def key(self) -> Attributes:
        """Return the primary key."""
        raise NotImplementedError

    def to_item(self) -> Attributes:
        """Return the whole item, without the attributes that are absent."""
        values = asdict(self).items()
        return self.key() | {name: encode(value) for name, value in values if value is not None}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read an item; attributes that this record does not know are left aside."""
        known = cls.__struct_fields__
        return cls(**{name: decode(item[name]) for name in known if name in item})


class Registration(Record, frozen=True, kw_only=True):
    """A sign-up waiting for its password, kept 30 days.

    Once completed it stays as a trace without personal data, so that its links can answer
    « already active ».
    """

    RETENTION: ClassVar = 30 * DAY

    id: str
    account_id: str
    """Id that the account will bear; the NIR is encrypted for it from the start."""
    created_at: int
    expires_at: int
    completed: bool = False
    last_name: str = ""
    first_name: str = ""
    mobile_phone: str = ""
    email: str = ""
    email_mac: str = ""
    nir_mac: str | None = None
    nir_masked: str | None = None
    nir_encrypted: bytes | None = None
    siret: str | None = None
    siret_mac: str | None = None
    is_agent: bool = False

    def key(self) -> Attributes:
        """Return the primary key."""
        return self.key_of(self.id)

    @staticmethod
    def key_of(registration_id: str) -> Attributes:
        """Return the key of a registration."""
        return key(f"REGISTRATION#{registration_id}", "REGISTRATION")


class NewestRegistration(Record, frozen=True, kw_only=True):
    """Which sign-up of an address is the newest: the one that a resend is about."""

    email_mac: str
    registration_id: str
    expires_at: int

    def key(self) -> Attributes:
        """Return the primary key."""
        return self.key_of(self.email_mac)

    @staticmethod
    def key_of(email_mac: str) -> Attributes:
        """Return the key of an address."""
        return key(f"EMAIL#{email_mac}", "REGISTRATION")


class Link(Record, frozen=True, kw_only=True):
    """A link that was sent and is still good: consumed by deleting it, dead once late."""

    id: str
    purpose: int
    issued_at: int
    expires_at: int
    account_id: str | None = None
    email: str | None = None
    """Address that the link gives, or gives back, to the account."""
    email_mac: str | None = None

    @classmethod
    def of(cls, token: Token, **about: str | None) -> Self:
        """Return the row of ``token``."""
        return cls(
            **about,
            id=token.id,
            purpose=token.purpose,
            issued_at=token.issued_at,
            expires_at=token.expires_at,
        )

    def key(self) -> Attributes:
        """Return the primary key."""
        return key(f"TOKEN#{self.id}", f"{self.purpose}#{self.issued_at}")


class Account(Record, frozen=True, kw_only=True):
    """An account: the person's identity and the state of the affiliation."""

    id: str
    created_at: int
    last_name: str
    first_name: str
    mobile_phone: str
    email: str
    email_mac: str
    nir_mac: str | None = None
    nir_masked: str | None = None
    nir_encrypted: bytes | None = None
    siret: str | None = None
    siret_mac: str | None = None
    is_agent: bool = False
    affiliation: str = AFFILIATION_PENDING
    affiliation_at: int | None = None
    """Time of the back office's last word, in milliseconds."""
    affiliation_reason: str | None = None
    recovery_id: str | None = None
    """Id of the newest recovery link: the only one that is good."""
    new_email: str | None = None
    """Address asked for and not yet confirmed."""
    new_email_mac: str | None = None
    email_change_id: str | None = None
    """Id of the newest link that confirms ``new_email``."""
    undone_from: int | None = None
    """Issue time of the undo link used last…"""
    undone_at: int | None = None
    """…and when it was: the undo links issued between the two are dead."""
    mail_bounced_at: int | None = None
    deletion_at: int | None = None

    def key(self) -> Attributes:
        """Return the primary key."""
        return self.key_of(self.id)

    @staticmethod
    def key_of(account_id: str) -> Attributes:
        """Return the key of an account."""
        return key(f"ACCOUNT#{account_id}", "ACCOUNT")


class Login(Record, frozen=True, kw_only=True):
    """What logging in under one identifier needs, in the record that counts its failures.

    An unknown identifier has such a record too, with a count and no account, so that guessing
    costs and shows the same whether an account exists. An account has one per identifier;
    ``twin_mac`` names the other, and a login keeps the two in step.
    """

    RETENTION: ClassVar = DAY
    """How long failures are remembered."""

    mac: str
    failures: int = 0
    attempted_at: int | None = None
    """Time of the last attempt, in milliseconds."""
    account_id: str | None = None
    password_hash: str | None = None
    first_name: str = ""
    last_name: str = ""
    twin_mac: str | None = None
    logins: int = 0
    last_login_at: int | None = None

    def key(self) -> Attributes:
        """Return the primary key."""
        return self.key_of(self.mac)

    @staticmethod
    def key_of(mac: str, device: str | None = None) -> Attributes:
        """Return the key of an identifier, or of its failures from one device."""
        return key(f"LOGIN#{mac}", f"DEVICE#{device}" if device else "LOGIN")


class SiretHolder(Record, frozen=True, kw_only=True):
    """The one account that may hold a Siret."""

    mac: str
    account_id: str

    def key(self) -> Attributes:
        """Return the primary key."""
        return key(f"SIRET#{self.mac}", "ACCOUNT")


class Session(Record, frozen=True, kw_only=True):
    """A session, in one of its account's places.

    A login takes the place after the last one taken, so an account never has more sessions than
    places and the oldest is the one that goes, without a count or a query.
    """

    PLACES: ClassVar = 10
    IDLE: ClassVar = 30 * 60
    ABSOLUTE: ClassVar = 12 * HOUR

    account_id: str
    slot: int
    secret_sha256: bytes
    created_at: int
    seen_at: int
    expires_at: int
    previous_login_at: int | None = None
    device: str = ""
    """Browser and system, as told to the person."""

    @property
    def id(self) -> str:
        """Public name of the session, which gives no access."""
        return hashlib.sha256(self.secret_sha256).hexdigest()[:16]

    def key(self) -> Attributes:
        """Return the primary key."""
        return self.key_of(self.account_id, self.slot)

    @classmethod
    def key_of(cls, account_id: str, slot: int) -> Attributes:
        """Return the key of one of an account's places."""
        return key(cls.partition(account_id), str(slot))

    @staticmethod
    def partition(account_id: str) -> str:
        """Return the partition that holds an account's places."""
        return f"SESSION#{account_id}"


class Activity(Record, frozen=True, kw_only=True):
    """One entry of an account's feed. ``at`` is in milliseconds; ``id`` sorts by time."""

    RETENTION: ClassVar = 365 * DAY
    """How long security events are kept."""

    account_id: str
    id: str
    at: int
    kind: str
    actor: str
    """Who did it: the account's id, ``back-office``, ``support`` or ``portal``."""
    first_name: str | None = None
    last_name: str | None = None
    device: str | None = None
    reason: str | None = None
    is_agent: bool | None = None
    expires_at: int | None = None

    def key(self) -> Attributes:
        """Return the primary key."""
        return key(self.partition(self.account_id), self.id)

    @staticmethod
    def partition(account_id: str) -> str:
        """Return the partition that holds an account's feed."""
        return f"ACTIVITY#{account_id}"


class Outgoing(Record, frozen=True, kw_only=True):
    """A mail or an event, written with the data that causes it and deleted once sent.

    It holds references only: no address, no name, no secret.
    """

    RETENTION: ClassVar = 14 * DAY

    id: str
    kind: str
    created_at: int
    expires_at: int
    registration_id: str | None = None
    email_mac: str | None = None
    login_mac: str | None = None
    account_id: str | None = None
    link_id: str | None = None
    link_issued_at: int | None = None
    ticket: str | None = None
    device: str | None = None

    @classmethod
    def new(cls, kind: str, now: int, **about: str | None) -> Self:
        """Return a message of a kind, written now, about a registration, address or account."""
        message = cls(
            id=secrets.token_urlsafe(16),
            kind=kind,
            created_at=now,
            expires_at=now + cls.RETENTION,
        )
        return replace(message, **about)

    def key(self) -> Attributes:
        """Return the primary key."""
        return self.key_of(self.id)

    @staticmethod
    def key_of(outgoing_id: str) -> Attributes:
        """Return the key of an outgoing message."""
        return key(f"OUTBOX#{outgoing_id}", "OUTBOX")


class Unsent(Record, frozen=True, kw_only=True):
    """A message that failed; all stand in one partition, so that they are found without a scan."""

    PARTITION: ClassVar = "UNSENT#OUTBOX"

    id: str
    kind: str
    at: int
    expires_at: int

    def key(self) -> Attributes:
        """Return the primary key."""
        return key(self.PARTITION, self.id)


class Audit(Record, frozen=True, kw_only=True):
    """What an operator did, for whom and why: only ever added, kept twelve months."""

    RETENTION: ClassVar = 365 * DAY

    id: str
    at: int
    operator: str
    reason: str
    action: str
    expires_at: int
    account_id: str | None = None

    @classmethod
    def of(
        cls, operator: str, reason: str, action: str, now: int, account_id: str | None = None
    ) -> Self:
        """Return the record of an action done now."""
        return cls(
            id=f"{now:010}#{secrets.token_hex(8)}",
            at=now,
            operator=operator,
            reason=reason,
            action=action,
            expires_at=now + cls.RETENTION,
            account_id=account_id,
        )

    def key(self) -> Attributes:
        """Return the primary key."""
        return key(f"AUDIT#{datetime.fromtimestamp(self.at, UTC):%Y-%m}", self.id)


class Bounce(Record, frozen=True, kw_only=True):
    """An address that mails come back from; forgotten after a week, for mailboxes get mended."""

    RETENTION: ClassVar = 7 * DAY

    email_mac: str
    at: int
    expires_at: int

    def key(self) -> Attributes:
        """Return the primary key."""
        return self.key_of(self.email_mac)

    @staticmethod
    def key_of(email_mac: str) -> Attributes:
        """Return the key of an address."""
        return key(f"BOUNCE#{email_mac}", "BOUNCE")


class ContactMessage(Record, frozen=True, kw_only=True):
    """A message to the support, kept until it can be expected to be answered."""

    RETENTION: ClassVar = 90 * DAY

    ticket: str
    created_at: int
    expires_at: int
    reason: str
    last_name: str
    first_name: str
    email: str
    message: str

    def key(self) -> Attributes:
        """Return the primary key."""
        return self.key_of(self.ticket)

    @staticmethod
    def key_of(ticket: str) -> Attributes:
        """Return the key of a message."""
        return key(f"CONTACT#{ticket}", "CONTACT")


class Deletion(Record, frozen=True, kw_only=True):
    """An account whose holder asked for its deletion, under the day on which it is due."""

    account_id: str
    deletion_at: int

    def key(self) -> Attributes:
        """Return the primary key."""
        return key(self.partition(self.deletion_at), self.account_id)

    @staticmethod
    def partition(at: int) -> str:
        """Return the partition of the day of a time."""
        return f"DELETION#{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
