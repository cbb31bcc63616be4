"""The Siret: 14 digits that name an establishment."""

from portal.rules import RuleError
from portal.rules.business import is_siren, is_siret
from portal.rules.characters import compact_number
from portal.rules.nir import resembles_nir

_LENGTH = 14
_NO_SIREN = "0" * 9


def parse_siret(text: str) -> str:
    """Return the 14 digits of a Siret, once the Luhn key is checked (La Poste has its own rule).

    Raises RuleError: required, invalid-characters, looks-like-siren, looks-like-nir,
    invalid-length, invalid-checksum, invalid-number. Whether the establishment exists is not
    checked.
    """
    number = compact_number(text)
    if not number:
        raise RuleError("required", "Indiquez votre Siret.")
    if resembles_nir(number):
        raise RuleError(
            "looks-like-nir",
            "Ce numéro ressemble à un numéro de Sécurité sociale. Indiquez ici votre Siret\u00a0:"
            " 14 chiffres.",
        )
    if not number.isdigit():
        raise RuleError("invalid-characters", "Le Siret ne comporte que des chiffres.")
    if is_siren(number):
        raise RuleError(
            "looks-like-siren",
            "Ce numéro de 9 chiffres est un Siren. Le Siret en comporte 14\u00a0: ces 9 chiffres,"
            " puis 5 autres. Il figure sur vos factures et sur votre avis de situation de l’Insee.",
        )
    if len(number) != _LENGTH:
        raise RuleError("invalid-length", "Le Siret comporte 14 chiffres.")
    if number.startswith(_NO_SIREN):
        raise RuleError("invalid-number", "Ce Siret n’existe pas\u00a0: vérifiez-le.")
    if not is_siret(number):
        raise RuleError(
            "invalid-checksum",
            "Ce Siret comporte une erreur\u00a0: vérifiez chacun de ses chiffres.",
        )
    return number


def mask_siret(siret: str) -> str:
    """Return the form shown to who confirms a Siret: the first and last three digits."""
    return f"{siret[:3]} ••• ••• ••{siret[-3:]}".replace(" ", "\u00a0")
