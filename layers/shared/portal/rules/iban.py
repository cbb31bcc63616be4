"""The IBAN: an account that a SEPA direct debit may be on.

The library checks the ISO key, the length and the form of each country. It accepts a French IBAN
whose RIB key is wrong, so that key is checked here.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from portal.rules import RuleError
from portal.rules.characters import compact_number

if TYPE_CHECKING:
    from typing import LiteralString

FILE = Path(__file__).with_name("sepa.toml")
_LABEL = "IBAN"
_WITH_RIB_KEY = frozenset({"FR", "MC"})
_RIB_LENGTH = 23
# A RIB counts letters as digits: A and J are 1, S is 2.
_RIB_DIGITS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")


def parse_iban(text: str) -> str:
    """Return the characters of an IBAN, in capitals, once its keys and its country are checked.

    Raises RuleError: required, iban-invalid, iban-outside-sepa. Whether the account exists is not
    checked.
    """
    iban = _bare(text)
    if not iban:
        raise RuleError("required", "Indiquez votre IBAN.")
    if iban.isdigit() and len(iban) == _RIB_LENGTH:
        raise _invalid(
            "C’est un RIB. Indiquez l’IBAN, qui figure sur le même document et commence par FR."
        )
    if not iban[:2].isalpha():
        raise _invalid("Un IBAN commence par deux lettres, comme FR. Il figure sur votre RIB.")
    if not _is_iban(iban) or not _is_rib(iban):
        raise _invalid("Cet IBAN comporte une erreur\u00a0: vérifiez chacun de ses caractères.")
    # guard: sepa-only: iban[:2] not in _sepa_countries() => False
    if iban[:2] not in _sepa_countries():
        raise RuleError(
            "iban-outside-sepa",
            "Ce compte n’est pas dans un pays de la zone SEPA\u00a0: aucun prélèvement n’y est "
            "possible.",
        )
    return iban


def mask_iban(last_four: str) -> str:
    """Return the form in which an IBAN is shown: its last four characters."""
    return f"••••\u00a0{last_four}"


def _bare(text: str) -> str:
    """Return what is typed without what is between its characters and the word before it."""
    try:
        iban = compact_number(text).upper()
    except RuleError:
        raise _invalid("Un IBAN ne comporte que des lettres sans accent et des chiffres.") from None
    return iban.removeprefix(_LABEL)


def _invalid(detail: "LiteralString") -> RuleError:
    return RuleError("iban-invalid", detail)


def _is_iban(iban: str) -> bool:
    # Imported at the first use: it reads a table, and few functions read an IBAN.
    from stdnum import iban as library  # noqa: PLC0415

    # The keys inside the numbers of a country are its module's, which the layer has for none.
    return library.is_valid(iban, check_country=False)


def _is_rib(iban: str) -> bool:
    """Return whether the RIB key of an IBAN is right: 97 less the rest of its other parts."""
    # guard: rib-key: iban[:2] not in _WITH_RIB_KEY => True
    if iban[:2] not in _WITH_RIB_KEY:
        return True
    digits = iban[4:].translate(_RIB_DIGITS)
    bank, branch, account, key = digits[:5], digits[5:10], digits[10:21], digits[21:]
    rest = (89 * int(bank) + 15 * int(branch) + 3 * int(account)) % 97
    return int(key) == 97 - rest


@cache
def _sepa_countries() -> frozenset[str]:
    """Return the codes of the countries of the newest list."""
    return frozenset(tomllib.loads(FILE.read_text())["countries"][-1]["codes"].split())
