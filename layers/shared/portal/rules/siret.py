"""The Siret: 14 digits that name an establishment."""

from portal.rules import RuleError, compact_number

_LENGTH = 14
_NO_SIREN = "0" * 9


def parse_siret(text: str) -> str:
    """Return the 14 digits of a Siret, once the Luhn key is checked (La Poste has its own rule).

    Raises RuleError: required, invalid-characters, invalid-length, invalid-checksum,
    invalid-number. Whether the establishment exists is not checked.
    """
    # Imported at the first use: stdnum.util imports pydoc, and login and set_password,
    # which reach this module through fields.py, never check a Siret.
    from stdnum.exceptions import ValidationError  # noqa: PLC0415
    from stdnum.fr import siret  # noqa: PLC0415

    number = compact_number(text)
    if not number:
        raise RuleError("required", "Indiquez votre Siret.")
    if not number.isdigit():
        raise RuleError("invalid-characters", "Le Siret ne comporte que des chiffres.")
    if len(number) != _LENGTH:
        raise RuleError("invalid-length", "Le Siret comporte 14 chiffres.")
    # stdnum accepts it: the Luhn sum of zeros is zero.
    if number.startswith(_NO_SIREN):
        raise RuleError("invalid-number", "Ce Siret n’existe pas\u00a0: vérifiez-le.")
    try:
        return siret.validate(number)
    except ValidationError:
        raise RuleError(
            "invalid-checksum",
            "Ce Siret comporte une erreur\u00a0: vérifiez chacun de ses chiffres.",
        ) from None
