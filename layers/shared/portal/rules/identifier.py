"""What a person names themselves with at login: an e-mail address or a NIR."""

import re
import unicodedata

from portal.rules import RuleError
from portal.rules.business import is_siren, is_siret
from portal.rules.characters import compact_number, trim, without_controls
from portal.rules.nir import find_nir

_PHONE = re.compile(r"(?:\+|00)?(?:33|0)[67][0-9]{8}")
_NUMBER = re.compile(r"[0-9AB]+")


def parse_identifier(text: str) -> str:
    """Return an identifier as it is looked up: an address trimmed, a NIR in its 13 characters.

    Any other text may be an identifier of nobody, and is accepted. Refused is only what no account
    can have: raises RuleError: required, looks-like-siret, looks-like-siren, looks-like-phone,
    invalid-characters.
    """
    identifier = trim(unicodedata.normalize("NFC", text))
    if not identifier:
        raise RuleError(
            "required", "Indiquez votre adresse courriel ou votre numéro de Sécurité sociale."
        )
    if "@" not in identifier and (number := _number(identifier)):
        return find_nir(number) or _named(number)
    return without_controls(identifier)


def _number(text: str) -> str:
    """Return a text that is a number without what is between its characters, else nothing."""
    try:
        number = compact_number(text).upper()
    except RuleError:
        return ""
    return number if _NUMBER.fullmatch(number.removeprefix("+")) else ""


def _named(number: str) -> str:
    """Return a number, unless it is known as another one than a NIR."""
    if is_siret(number):
        raise RuleError(
            "looks-like-siret",
            "Ce numéro est un Siret. Indiquez votre adresse courriel"
            " ou votre numéro de Sécurité sociale.",
        )
    if is_siren(number):
        raise RuleError(
            "looks-like-siren",
            "Ce numéro est un Siren. Indiquez votre adresse courriel"
            " ou votre numéro de Sécurité sociale.",
        )
    if _PHONE.fullmatch(number):
        raise RuleError(
            "looks-like-phone",
            "Ce numéro est un numéro de téléphone. Indiquez votre adresse courriel"
            " ou votre numéro de Sécurité sociale.",
        )
    return number
