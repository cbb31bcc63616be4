"""The bodies of the account's requests and answers."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from portal.http.fields import (
    ChosenPassword,
    EmailAddress,
    EmailConfirmation,
    LinkToken,
    MobilePhone,
    NirKey,
    NirText,
    PersonName,
    Siret,
    StrictModel,
    agreed_key,
)
from portal.identity.corrections import Correction
from portal.rules.nir import split_nir


class Affiliation(StrictModel):
    """What the back office said: ``pending``, ``confirmed`` or ``rejected``."""

    status: str
    at: str | None
    reason: str | None


class Service(StrictModel):
    """A tile of the space, and why it is closed if it is."""

    id: str
    open: bool
    reason: str | None


class Profile(StrictModel):
    """An account as its holder sees it; times are RFC 3339, UTC.

    ``mobile_phone`` is E.164; ``mobile_phone_shown`` is the same number as people write it.

    The NIR and Siret are what the holder claims. Their status is ``own``; ``claimed`` while another
    account has the number, until this one is confirmed; ``disputed`` when both are confirmed; null
    for a number that was never attributed.

    ``ways`` are those to log in: ``password``; ``second-factor`` when a code is asked for after it;
    ``passkey``; ``sso`` with an identity at a provider.
    ``password_changed_at`` is null for a password of before that was stored.
    """

    id: str
    first_name: str
    last_name: str
    email: str
    email_receives: bool
    new_email_masked: str | None
    mobile_phone: str
    mobile_phone_shown: str
    nir_masked: str | None
    nir_status: str | None
    siret: str | None
    siret_status: str | None
    is_agent: bool
    ways: list[str]
    password_changed_at: str | None
    created_at: str
    previous_login_at: str | None
    affiliation: Affiliation
    services: list[Service]
    deletion_at: str | None


class Changes(StrictModel):
    """What to change, each alone or together; ``deletion_at`` to null keeps the account after all.

    Names and numbers need a fresh proof, and an affiliation that is not confirmed.
    """

    mobile_phone: MobilePhone = ""
    deletion_at: None = None
    last_name: PersonName = ""
    first_name: PersonName = ""
    nir: NirText = ""
    nir_key: Annotated[NirKey, Field(validate_default=True)] = ""
    siret: Siret = ""

    @field_validator("nir_key")
    @classmethod
    def _agree(cls, key: str, info: ValidationInfo) -> str:
        # A NIR that was refused already is not there.
        return (agreed_key(info.data["nir"], key or None) if "nir" in info.data else key) or ""

    @property
    def correction(self) -> Correction | None:
        """What to correct of the identity, ``None`` for nothing."""
        if not (self.last_name or self.first_name or self.nir or self.siret):
            return None
        return Correction(
            last_name=self.last_name or None,
            first_name=self.first_name or None,
            nir=split_nir(self.nir)[0] if self.nir else None,
            siret=self.siret or None,
        )


class NewPassword(StrictModel):
    """The password chosen, typed twice."""

    password: ChosenPassword
    confirmation: ChosenPassword


class NewEmail(StrictModel):
    """The new address; typed twice where a form asks it."""

    email: EmailAddress
    email_confirmation: EmailConfirmation | None = None


class AskedToConfirm(StrictModel):
    """Where the link that confirms the address was sent."""

    email_masked: str


class Link(StrictModel):
    """The token of a link."""

    token: LinkToken


class ScheduledDeletion(StrictModel):
    """When the account goes (RFC 3339, UTC)."""

    deletion_at: str


class OpenSession(StrictModel):
    """A session; ``current`` is the one that asks.

    ``methods`` are how the person proved who they are: ``password``, ``totp``, ``recovery-code``,
    ``passkey``, ``sso``.
    """

    id: str
    device: str
    created_at: str
    last_seen_at: str
    methods: list[str]
    current: bool


class OpenSessions(StrictModel):
    """The open sessions, the last seen first."""

    sessions: list[OpenSession]
