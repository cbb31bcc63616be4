"""Mobile numbers, kept as E.164.

Importing this module loads phonenumbers, which is slow: import it only to read a number.
"""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from portal.rules import RuleError
from portal.rules.characters import compact_number

_FRANCE = 33
# The territories that share the ten-digit plan, one for each country code (Mayotte uses Réunion's,
# Saint-Martin and Saint-Barthélemy use Guadeloupe's). A block of numbers belongs to one of them
# only: 0692… is in Réunion, and is not valid when parsed for France.
_TEN_DIGIT_PLAN = ("FR", "GP", "GF", "MQ", "RE")
_MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
_TYPED = re.compile(r"\+?[0-9]+")


def parse_mobile(text: str) -> str:
    """Return a mobile number in E.164, read as French when it has no country code.

    A mobile number of any country is accepted if typed with the country code. Raises RuleError:
    required, invalid-characters, invalid-length, invalid-number, not-mobile.
    """
    typed = compact_number(text)
    if not typed:
        raise RuleError("required", "Indiquez votre numéro de téléphone mobile.")
    if not _TYPED.fullmatch(typed):
        raise RuleError(
            "invalid-characters",
            "Le numéro de téléphone ne comporte que des chiffres,"
            " et le signe + devant l’indicatif d’un pays.",
        )
    readings = [number for number in _readings(typed) if phonenumbers.is_valid_number(number)]
    if not readings:
        raise RuleError(
            "invalid-number",
            "Ce numéro de téléphone n’est pas attribuable\u00a0: vérifiez chacun de ses chiffres.",
        )
    for number in readings:
        if phonenumbers.number_type(number) in _MOBILE:
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    raise RuleError(
        "not-mobile", "Indiquez un numéro de téléphone mobile, et non de téléphone fixe."
    )


def show_mobile(number: str) -> str:
    """Return a number kept as E.164 as a person in France writes it: 06 12 34 56 78.

    A number outside the ten-digit plan of France keeps its country code: +687 75.12.34. What is no
    number is returned unchanged.
    """
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return number
    regions = phonenumbers.region_codes_for_country_code(parsed.country_code or 0)
    national = any(region in _TEN_DIGIT_PLAN for region in regions)
    form = PhoneNumberFormat.NATIONAL if national else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form).replace(" ", "\u00a0")


def _readings(typed: str) -> list[phonenumbers.PhoneNumber]:
    """Return the numbers that a text may mean; +33 692… is read too, as people abroad type it."""
    try:
        number = phonenumbers.parse(typed, "FR")
        if number.country_code != _FRANCE:
            return [number]
        national = f"0{number.national_number}"
        return [phonenumbers.parse(national, region) for region in _TEN_DIGIT_PLAN]
    except NumberParseException:
        return []
