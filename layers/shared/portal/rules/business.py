"""The numbers of a business: the Siren, 9 digits, and the Siret, which adds 5 for an address."""

_SIREN_LENGTH = 9
_SIRET_LENGTH = 14
_NO_SIREN = "0" * _SIREN_LENGTH


def is_siren(number: str) -> bool:
    """Return whether a bare number is a Siren: 9 digits with a right Luhn key."""
    if len(number) != _SIREN_LENGTH or number == _NO_SIREN:
        return False
    # Imported at the first use: stdnum.util imports pydoc, and few logins are with a Siren.
    from stdnum.fr import siren  # noqa: PLC0415

    return siren.is_valid(number)


def is_siret(number: str) -> bool:
    """Return whether a bare number is a Siret: 14 digits with right keys (La Poste has its own)."""
    # stdnum accepts it: the Luhn sum of zeros is zero.
    if len(number) != _SIRET_LENGTH or number.startswith(_NO_SIREN):
        return False
    from stdnum.fr import siret  # noqa: PLC0415 - as above

    return siret.is_valid(number)
