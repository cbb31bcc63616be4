"""The field types of request models: the rules, as pydantic validators.

Each refuses with a stable code and a French detail, and no error contains what was typed. Every
function imports this module, so it loads neither phonenumbers nor email-validator.
"""

import unicodedata
from collections.abc import Callable
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from portal.rules import RuleError
from portal.rules.characters import compact_number, is_blank, without_controls
from portal.rules.email import email_key, parse_email
from portal.rules.identifier import parse_identifier
from portal.rules.name import parse_name
from portal.rules.nir import parse_nir, split_nir
from portal.rules.siret import parse_siret


class StrictModel(BaseModel):
    """A request body: unknown fields refused, nothing coerced, input kept out of errors."""

    model_config = ConfigDict(
        # guard: closed-models: forbid => ignore
        extra="forbid",
        # guard: strict-types: True => False
        strict=True,
        frozen=True,
        hide_input_in_errors=True,
        defer_build=True,  # Powertools builds its own validator of each body: one is enough
    )


def refusing(rule: Callable[[str], str]) -> Callable[[str], str]:
    """Return a rule that raises pydantic's error in place of ``RuleError``."""

    def apply(text: str) -> str:
        try:
            return rule(text)
        except RuleError as error:
            raise PydanticCustomError(error.code, error.detail) from None

    return apply


def _mobile(text: str) -> str:
    # Imported at the first use: phonenumbers is slow to load and few functions read a phone.
    from portal.rules.phone import parse_mobile  # noqa: PLC0415

    return parse_mobile(text)


def shown_mobile(number: str) -> str:
    """Return a number in E.164 as a person writes it."""
    from portal.rules.phone import show_mobile  # noqa: PLC0415 - as above

    return show_mobile(number)


def _label(text: str) -> str:
    from portal.rules.label import parse_label  # noqa: PLC0415 - few functions read one

    return parse_label(text)


def load_phone_rule() -> None:
    """Load now what the phone rule would load at its first use."""
    _mobile("06 12 34 56 78")


def load_address_rule() -> None:
    """Load now what the e-mail rule would load at its first use."""
    parse_email("personne@example.fr")


def _nir(text: str) -> str:
    """Return the 13 characters, or 15 if the key was typed too and matches."""
    number, key = split_nir(text)
    if key:
        parse_nir(number, key)
    return number + key


def _message(text: str) -> str:
    message = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    without_controls(message.replace("\n", " ").replace("\t", " "))
    if is_blank(message):
        raise RuleError("required", "Écrivez votre message.")
    return message


# What the OpenAPI document says beyond the lengths that pydantic checks: patterns of what the rules
# refuse. They are for clients, which may be generated from them, so none may refuse what its rule
# accepts: whatever people type between the characters of a number is no letter and no digit.
BETWEEN = "[^0-9A-Za-z]*"
_DIGIT = f"[0-9]{BETWEEN}"
# A password of ASCII is its own NFKC form, so that its criteria can be said of what is typed. Any
# other may become longer, or get a digit that it lacks.
_WEAK_IN_ASCII = (
    r"^(?:[\u0000-\u007f]{0,9}|[\u0000-\u007f]{51,}|[\u0000-`{-\u007f]*|[\u0000-@\[-\u007f]*"
    r"|[\u0000-/:-\u007f]*|[\u0000- \x22%'-*,.0->A-^`-\u007f]*)$"
)
_EXAMPLE_OF_PASSWORDS = ["Soleil-Bleu-42"]

Siret = Annotated[
    str,
    Field(
        max_length=64,
        description="14 digits; what people type between them is dropped.",
        examples=["35600000000048"],
        json_schema_extra={"minLength": 14, "pattern": f"^{BETWEEN}(?:{_DIGIT}){{14}}$"},
    ),
    AfterValidator(refusing(parse_siret)),
]
NirText = Annotated[
    str,
    Field(
        max_length=64,
        description="13 characters, or 15 with the key; what people type between them is dropped.",
        examples=["2940375120005"],
        json_schema_extra={
            "minLength": 13,
            "pattern": (
                f"^{BETWEEN}[1-478]{BETWEEN}(?:{_DIGIT}){{4}}"
                f"(?:(?:{_DIGIT}){{2}}|2{BETWEEN}[ABab]{BETWEEN})"
                f"(?:{_DIGIT}){{6}}(?:(?:{_DIGIT}){{2}})?$"
            ),
        },
    ),
    AfterValidator(refusing(_nir)),
]
NirKey = Annotated[
    str,
    Field(
        max_length=64,
        description=(
            "2 digits: 97 − N mod 97. Null or empty when the number is null, ends in its key, or"
            " starts with 7 or 8."
        ),
        examples=["91"],
        json_schema_extra={"pattern": f"^{BETWEEN}(?:(?:{_DIGIT}){{2}})?$"},
    ),
    AfterValidator(refusing(compact_number)),
]
MobilePhone = Annotated[
    str,
    Field(
        max_length=64,
        description="A mobile number, French when it has no country code; stored as E.164.",
        examples=["06 12 34 56 78"],
        json_schema_extra={"minLength": 6, "pattern": f"^{BETWEEN}(?:{_DIGIT}){{6,}}$"},
    ),
    AfterValidator(refusing(_mobile)),
]
PersonName = Annotated[
    str,
    Field(
        max_length=320,
        description="1 to 80 letters, marks, spaces, hyphens, apostrophes, dots and middle dots.",
        examples=["Dupont"],
        json_schema_extra={
            "minLength": 1,
            "pattern": r"^[^0-9!\"#$%&()*+/:;<=>?@[\]\\^_{|}~]+$",
        },
    ),
    AfterValidator(refusing(parse_name)),
]
EmailAddress = Annotated[
    str,
    Field(
        max_length=320,
        description="An address with an ASCII local part; a last label of two letters at least.",
        examples=["michel.dupont@example.fr"],
        # Not the format email: spaces around an address and a domain with accents are accepted.
        json_schema_extra={"minLength": 5, "pattern": "^[^@]+@[^@]+$"},
    ),
    AfterValidator(refusing(parse_email)),
]
Password = Annotated[
    str,
    Field(
        max_length=256,
        description="Never trimmed; normalised to NFKC.",
        examples=_EXAMPLE_OF_PASSWORDS,
    ),
    AfterValidator(refusing(without_controls)),
]
ChosenPassword = Annotated[
    str,
    Field(
        max_length=256,
        description=(
            "10 to 50 characters once normalised to NFKC, with a lower-case letter, an upper-case"
            " letter, a digit and one of $ @ & + - / # _ ? !; never trimmed."
        ),
        examples=_EXAMPLE_OF_PASSWORDS,
        json_schema_extra={"minLength": 1, "not": {"pattern": _WEAK_IN_ASCII}},
    ),
    AfterValidator(refusing(without_controls)),
]
Message = Annotated[
    str,
    Field(
        # guard: length-of-messages: 4000 => 4001
        max_length=4000,
        description="Plain text, up to 4,000 characters.",
        examples=["Bonjour,\nle lien du courriel ne s’ouvre pas.\nMerci."],
        json_schema_extra={"minLength": 1},
    ),
    AfterValidator(refusing(_message)),
]
Label = Annotated[
    str,
    Field(
        max_length=160,
        description="What a person calls a thing of theirs: 1 to 40 characters.",
        examples=["Téléphone"],
        json_schema_extra={"minLength": 1},
    ),
    AfterValidator(refusing(_label)),
]
RegistrationHandle = Annotated[
    str,
    Field(
        description="The handle that the answer to a sign-up had, 43 characters.",
        pattern=r"^[A-Za-z0-9_-]{43}$",
        examples=["r" * 42 + "w"],
    ),
]
LinkToken = Annotated[
    str,
    Field(
        description="The token of a link, 96 characters; any other text is an unknown link.",
        examples=["A" * 96],
    ),
]
Identifier = Annotated[
    str,
    Field(
        min_length=1,
        max_length=254,
        description=(
            "An e-mail address, or a NIR, alone or with its key. A number that no account has is"
            " refused by its name: looks-like-siret, looks-like-siren, looks-like-phone."
        ),
        examples=["michel.dupont@example.fr"],
    ),
    AfterValidator(refusing(parse_identifier)),
]


def _same_email(confirmation: str, info: ValidationInfo) -> str:
    email: str | None = info.data.get("email")  # none when it was refused already
    if email is not None and email_key(email) != email_key(confirmation):
        raise PydanticCustomError(
            "confirmation-differs", "Les deux adresses courriel sont différentes."
        )
    return confirmation


EmailConfirmation = Annotated[EmailAddress, AfterValidator(_same_email)]
"""The address of the field ``email`` again, whatever the case; refused beside all other errors."""


def agreed_key(nir: str | None, key: str | None) -> str | None:
    """Return the key of a NIR, ``None`` without one; refuse one that does not agree."""
    if nir:
        try:
            parse_nir(nir, key)
        except RuleError as error:
            raise PydanticCustomError(error.code, error.detail) from None
    elif key:
        raise PydanticCustomError(
            "unexpected-key",
            "Indiquez aussi le numéro auquel appartient cette clé.",
        )
    return key or None


class NirFields(StrictModel):
    """The NIR and its key, null when never attributed; the key may also end the number.

    A refusal names the field to correct: a wrong pasted key is on `nir`, else on `nir_key`.
    """

    nir: NirText | None
    nir_key: NirKey | None

    @field_validator("nir_key")
    @classmethod
    def _agree(cls, key: str | None, info: ValidationInfo) -> str | None:
        if "nir" not in info.data:  # refused already
            return key
        return agreed_key(info.data["nir"], key)

    @property
    def nir_number(self) -> str | None:
        """The 13 characters, or None when never attributed."""
        return self.nir and split_nir(self.nir)[0]
