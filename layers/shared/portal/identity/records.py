"""The records of sign-ups and accounts.

Credentials are stored once, under their account; identifiers (e-mail address, NIR) point to it.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from portal.core.records import DAY, FOREVER, Record
from portal.core.writes import Expr, Refusal, RefusedError, Write, check, claim
from portal.rules.siret import mask_siret

AFFILIATION_PENDING = "pending"
AFFILIATION_CONFIRMED = "confirmed"
AFFILIATION_REJECTED = "rejected"

OWN = "own"
"""The number (NIR or Siret) is this account's."""
CLAIMED = "claimed"
"""Another account has the number; this one waits for its affiliation to be confirmed."""
DISPUTED = "disputed"
"""Another account has the number, and both are confirmed: people decide."""


class IdentityTakenError(RefusedError):
    """Another account has the identifier."""


class NirTakenError(RefusedError):
    """Another account has the NIR."""


class SiretTakenError(RefusedError):
    """Another account has the Siret."""


class AccountChangedError(RefusedError):
    """The account changed since it was read, or is gone."""


class Registration(Record, frozen=True, kw_only=True):
    """A sign-up waiting for its password, kept 30 days.

    Once completed it is kept without personal data, so that its links can answer « already
    active ».
    """

    PARTITION = "REGISTRATION#{id}"
    SORT = "REGISTRATION"
    # guard: thirty-days-to-finish: 30 => 31
    RETENTION: ClassVar = 30 * DAY

    id: str
    account_id: str
    """Id that the account will have; the NIR is encrypted for it from the start."""
    created_at: int
    expires_at: int
    completed: bool = False
    last_name: str = ""
    first_name: str = ""
    mobile_phone: str = ""
    email: str = ""
    email_mac: str = ""
    mailbox_mac: str = ""
    """Where mails are counted: addresses that differ after « + » have one mailbox."""
    nir_mac: str | None = None
    nir_masked: str | None = None
    nir_encrypted: bytes | None = None
    siret: str | None = None
    siret_mac: str | None = None
    is_agent: bool = False
    bounced_at: int | None = None
    """When a mail of this sign-up bounced."""

    @property
    def siret_masked(self) -> str | None:
        """The Siret as it is shown to whoever opens a link: enough to recognise one's own."""
        return self.siret and mask_siret(self.siret)

    def emptied(self, now: int) -> "Registration":
        """Return what is kept once the account exists: no personal data."""
        return Registration(
            id=self.id,
            account_id=self.account_id,
            created_at=self.created_at,
            expires_at=now + self.RETENTION,
            # guard: finished-is-emptied: completed= => email=self.email, completed=
            completed=True,
        )


class RegistrationOfAddress(Record, frozen=True, kw_only=True):
    """A sign-up of an address, sorted by time: what a resend without handle is about."""

    PARTITION = "EMAIL#{email_mac}"
    SORT = "REGISTRATION#{created_at}#{registration_id}"

    email_mac: str
    registration_id: str
    created_at: int
    expires_at: int


class Account(Record, frozen=True, kw_only=True):
    """An account: the person's identity and the state of the affiliation.

    A NIR or Siret is what its holder claims; its status says whether the account has it.
    """

    PARTITION = "ACCOUNT#{id}"
    SORT = "ACCOUNT"

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
    nir_status: str | None = None
    """``OWN``, ``CLAIMED`` or ``DISPUTED``; ``None`` without NIR."""
    siret: str | None = None
    siret_mac: str | None = None
    siret_status: str | None = None
    is_agent: bool = False
    corrected: Mapping[str, str] | None = None
    """By what was corrected: the time of the back office's event, in milliseconds."""
    typed: Mapping[str, str] | None = None
    """By number: when its holder corrected it, in milliseconds."""
    unconfirmed: Sequence[str] | None = None
    """Of a confirmed account, the numbers that the confirmation was not about: still claims."""
    affiliation: str = AFFILIATION_PENDING
    affiliation_at: int | None = None
    """Time of the back office's last decision, in milliseconds."""
    affiliation_reason: str | None = None
    recovery_id: str | None = None
    """Id of the newest recovery link: the only valid one."""
    new_email: str | None = None
    """Address asked for and not yet confirmed."""
    new_email_mac: str | None = None
    email_change_id: str | None = None
    """Id of the newest link that confirms ``new_email``."""
    new_email_until: int | None = None
    """From then on the link is too late: ``new_email`` is forgotten, within a day."""
    undone_from: int | None = None
    """Issue time of the undo link used last."""
    undone_at: int | None = None
    """When it was used: undo links issued between the two times are invalid."""
    undo_links: Mapping[str, str] | None = None
    """By the id of an undo link of the last seven days: when it was issued, in seconds."""
    mail_bounced_at: int | None = None
    deletion_at: int | None = None
    use_check_at: int | None = None
    """When the daily run looks whether the account is still used."""

    def asked_email(self, now: int) -> str | None:
        """Return the address that was asked for and may still be confirmed."""
        # guard: asked-address-ends: now < => 0 <
        return self.new_email if now < (self.new_email_until or 0) else None

    def is_undone(self, changed_at: int) -> bool:
        """Return whether a change of address was itself undone, by an older link.

        Of two changes in a row the older address wins: a link sent to an intruder's is void.
        """
        if self.undone_from is None or self.undone_at is None:
            return False
        return self.undone_from <= changed_at <= self.undone_at

    @property
    def identifiers(self) -> list[str]:
        """The hashes of what its holder may log in with: e-mail address, then its own NIR."""
        # guard: own-nir-only: == OWN => is not None
        own_nir = self.nir_mac if self.nir_status == OWN else None
        return [mac for mac in (self.email_mac, own_nir) if mac]

    def is_confirmed_with(self, number: str) -> bool:
        """Return whether the back office confirmed the account with a number it claims."""
        # guard: confirmed-with-this-number: and number not in (self.unconfirmed or ()) =>
        return self.affiliation == AFFILIATION_CONFIRMED and number not in (self.unconfirmed or ())


NO_NEW_EMAIL: Mapping[str, None] = dict.fromkeys(
    ("new_email", "new_email_mac", "email_change_id", "new_email_until"), None
)
"""The changes by which an account forgets the address that was asked for."""


class Credentials(Record, frozen=True, kw_only=True):
    """What opening a session of an account needs: the password's hash, the count of logins."""

    PARTITION = "CREDENTIALS#{account_id}"
    SORT = "CREDENTIALS"

    account_id: str
    password_hash: str | None = None
    """``None`` once it was ended, until another is set by a link."""
    password_changed_at: int | None = None
    """When the password was chosen; ``None`` for one of before that was stored."""
    trust: str = ""
    """What the cookies of known devices are bound to: replaced when they are no longer trusted."""
    logins: int = 0
    last_login_at: int | None = None
    second_factor_until: int | None = None
    """Until when a login asks for a second factor; ``None`` without one."""
    identities: int | None = None
    """How many identities at a provider open the account."""
    identities_ended: int | None = None
    """How often all linked identities were ended at once: those linked before open nothing."""
    passkeys: int | None = None
    """How many passkeys the account has; ``None`` before the first."""

    def asks_second_factor(self, now: int) -> bool:
        """Return whether a login needs a second factor."""
        # guard: second-factor-is-asked: now < => 0 >
        return now < (self.second_factor_until or 0)


class SecondFactor(Record, frozen=True, kw_only=True):
    """An authenticator app's secret and the recovery codes of an account.

    It counts once ``confirmed_at`` is set: the person typed a code of the app.
    """

    PARTITION = "CREDENTIALS#{account_id}"
    SORT = "SECOND-FACTOR"

    account_id: str
    secret_encrypted: bytes
    confirmed_at: int | None = None
    last_step: int = 0
    """The time step of the newest code that was used: that code and older ones are refused."""
    recovery_codes: Sequence[str] = ()
    """SHA-256 of each recovery code that is left."""
    expires_at: int | None = None
    """When it goes if it is not confirmed, or when the support removes it."""


class Identifier(Record, frozen=True, kw_only=True):
    """What a person logs in with, the count of its failures, and the account that has it.

    An unknown identifier gets such a record too, with a count and no account, so that guesses take
    the same time and get the same answers whether or not an account exists.
    """

    PARTITION = "LOGIN#{mac}"
    SORT = "LOGIN"
    RETENTION: ClassVar = DAY
    """How long failures are remembered."""

    mac: str
    failures: int = 0
    attempted_at: int | None = None
    """Time of the last attempt, in milliseconds."""
    account_id: str | None = None

    def claim(self, *, else_: Refusal = IdentityTakenError) -> Write:
        """Return the write that gives it to its account, refused when another account has it.

        A count of failed logins may be stored under it; that record then no longer expires.
        """
        return claim(
            self,
            # guard: one-account-per-identifier: account_id => nothing
            unless="account_id",
            else_=else_,
            expires_at=FOREVER,
            kept_until=FOREVER,
        )


class ReservedAddress(Record, frozen=True, kw_only=True):
    """An account's former address: no other account gets it while the change can be undone."""

    PARTITION = "RESERVED#{mac}"
    SORT = "RESERVED"

    mac: str
    account_id: str
    expires_at: int

    @staticmethod
    def check_free(mac: str, account_id: str, now: int) -> Write:
        """Return the check that no other account's former address is reserved."""
        return check(
            ReservedAddress.key_of(mac=mac),
            if_=Expr(
                "attribute_not_exists(pk) OR expires_at <= :now OR account_id = :own",
                {":now": now, ":own": account_id},
            ),
            else_=IdentityTakenError,
        )


class DeviceFailures(Record, frozen=True, kw_only=True):
    """The failures of an identifier from one device that logged in before."""

    PARTITION = "LOGIN#{mac}"
    SORT = "DEVICE#{device}"

    mac: str
    device: str = ""
    failures: int = 0
    attempted_at: int | None = None


class SiretHolder(Record, frozen=True, kw_only=True):
    """The one account that has a Siret."""

    PARTITION = "SIRET#{mac}"
    SORT = "ACCOUNT"

    mac: str
    account_id: str
