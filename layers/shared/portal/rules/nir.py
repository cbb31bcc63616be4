"""The NIR, or social security number: 13 characters, and a key of 2 digits.

Not always digits: births in Corsica have 2A or 2B. Month, département and order are not
checked, because real numbers contradict every published table: incomplete civil records have
months 20 to 42 and 50 to 99, the département 20 was used before 2A and 2B, provisional numbers
contain no birth data at all.
"""

import re

from portal.rules import RuleError
from portal.rules.business import is_siren, is_siret
from portal.rules.characters import compact_number

_LENGTH = 13
_LENGTH_WITH_KEY = 15
# 1 and 2: attributed numbers. 3 and 4: foreigners being registered. 7 and 8: provisional
# numbers. 0, 5, 6 and 9 are not used.
_FIRST = "123478"
# A provisional number has no key of its own: people may not know one.
_PROVISIONAL = "78"
_NIR = re.compile(rf"[{_FIRST}][0-9]{{4}}(?:[0-9]{{2}}|2[AB])[0-9]{{6}}")
_PLACES = re.compile(r"[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]+")
_KEY = re.compile(r"[0-9]{2}")


def looks_like_nir(text: str) -> bool:
    """Return whether a text is 13 characters in the shape of a NIR: upper-case, no spaces."""
    return _NIR.fullmatch(text) is not None


def resembles_nir(number: str) -> bool:
    """Return whether a bare number that should be another one is rather a NIR.

    That is: with its right key, or born in Corsica, or with the month of a birth and no Siren at
    its start.
    """
    nir, key = number[:_LENGTH].upper(), number[_LENGTH:]
    if not looks_like_nir(nir):
        return False
    if key or not nir.isdigit():
        return key in {"", nir_check_key(nir)}
    return "01" <= nir[3:5] <= "12" and not is_siren(nir[:9])


def find_nir(text: str) -> str | None:
    """Return the 13 characters if the text is a NIR, alone or with its right key, else None.

    Used to look up an account. Whoever types a key that is wrong did not type that NIR.
    """
    try:
        number, key = split_nir(text)
    except RuleError:
        return None
    # guard: key-of-a-typed-nir: key != nir_check_key(number) => False
    if key and key != nir_check_key(number):
        return None
    return number


def split_nir(text: str) -> tuple[str, str]:
    """Return the 13 characters and the key, empty when only 13 characters were typed.

    The key is not checked. Raises RuleError: required, invalid-characters, looks-like-siret,
    looks-like-siren, invalid-length, invalid-number.
    """
    typed = compact_number(text).upper()
    if not typed:
        raise RuleError("required", "Indiquez votre numéro de Sécurité sociale.")
    if not set(typed) <= set("0123456789AB"):
        raise RuleError(
            "invalid-characters",
            "Le numéro de Sécurité sociale ne comporte que des chiffres,"
            " et 2A ou 2B pour une naissance en Corse.",
        )
    if is_siret(typed):
        raise RuleError(
            "looks-like-siret",
            "Ce numéro de 14 chiffres est un Siret. Le numéro de Sécurité sociale comporte"
            " 13 caractères\u00a0: il figure sur votre carte Vitale.",
        )
    if is_siren(typed):
        raise RuleError(
            "looks-like-siren",
            "Ce numéro de 9 chiffres est un Siren. Le numéro de Sécurité sociale comporte"
            " 13 caractères\u00a0: il figure sur votre carte Vitale.",
        )
    if len(typed) not in {_LENGTH, _LENGTH_WITH_KEY}:
        raise RuleError(
            "invalid-length",
            "Le numéro de Sécurité sociale comporte 13 caractères, ou 15 avec sa clé.",
        )
    if not _PLACES.fullmatch(typed):
        raise RuleError(
            "invalid-characters",
            "Dans le numéro de Sécurité sociale, seuls les 6e et 7e caractères"
            " peuvent former 2A ou 2B\u00a0; les autres sont des chiffres.",
        )
    if typed[0] not in _FIRST:
        raise RuleError(
            "invalid-number",
            "Un numéro de Sécurité sociale commence par 1, 2, 3, 4, 7 ou 8.",
        )
    return typed[:_LENGTH], typed[_LENGTH:]


def parse_nir(nir: str, key: str | None) -> str:
    """Return the 13 characters of a NIR, once its key is checked.

    The key is in its own field, at the end of `nir`, or in both; then both must be right. That of a
    provisional number may be missing. Raises RuleError as `split_nir`, and: key-required,
    invalid-key (not two digits), invalid-checksum (number and key do not match).
    """
    number, pasted_key = split_nir(nir)
    typed_key = compact_number(key or "")
    if typed_key and not _KEY.fullmatch(typed_key):
        raise RuleError("invalid-key", "La clé comporte 2 chiffres.")
    keys = {pasted_key, typed_key} - {""}
    if not keys and number[0] in _PROVISIONAL:
        return number
    if not keys:
        raise RuleError(
            "key-required",
            "Indiquez la clé\u00a0: les 2 chiffres qui suivent le numéro de Sécurité sociale.",
        )
    if keys != {nir_check_key(number)}:
        raise RuleError(
            "invalid-checksum",
            "Le numéro de Sécurité sociale et sa clé ne s’accordent pas\u00a0:"
            " vérifiez chacun de leurs chiffres.",
        )
    return number


def nir_check_key(nir: str) -> str:
    """Return the key of 13 characters in the shape of a NIR: 97 − N mod 97, 2A as 19, 2B as 18."""
    # Imported at the first use: stdnum.util imports pydoc, and few people log in with a key.
    from stdnum.fr.nir import calc_check_digits  # noqa: PLC0415

    return calc_check_digits(nir)


def mask_nir(nir: str) -> str:
    """Return the form shown to its owner and stored in clear: the first and last two characters.

    Birth date and place are hidden: they would make the rest guessable.
    """
    return f"{nir[0]} •• •• •• ••• •{nir[-2:]}".replace(" ", "\u00a0")
