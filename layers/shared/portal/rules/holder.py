"""The holder of a bank account, as a SEPA message may name one."""

import unicodedata

from portal.rules import RuleError
from portal.rules.name import parse_name

# guard: length-of-holders: 70 => 80
_LONGEST = 70
"""Characters of a name in a SEPA message (ISO 20022, Max70Text)."""


def parse_holder(text: str) -> str:
    """Return a holder's name in NFC, as ``parse_name`` does; only Latin letters.

    Raises RuleError: those of ``parse_name``, not-latin.
    """
    name = parse_name(text)
    if len(name) > _LONGEST:
        raise RuleError("invalid-length", "Indiquez 70 caractères au plus.")
    letters = (c for c in name if unicodedata.category(c).startswith("L"))
    if not all(unicodedata.name(c, "").startswith("LATIN") for c in letters):
        raise RuleError(
            "not-latin", "Écrivez le nom en lettres latines, comme sur votre relevé bancaire."
        )
    return name
