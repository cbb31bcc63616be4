"""The rules for values that people type: pure functions, one module per kind of value.

Nothing here reads a table, a clock or the environment. Outside this package, only libraries
that validate such values are imported.
"""

import unicodedata
from typing import LiteralString

_LONGEST_TYPED_NUMBER = 64


class RuleError(ValueError):
    """A value breaks a rule.

    `code` is stable and part of the API; `detail` is French, for the person.
    Both are literal strings, so the type checker proves that no typed value is echoed.
    """

    def __init__(self, code: LiteralString, detail: LiteralString) -> None:
        """Name the broken rule."""
        super().__init__(code, detail)
        self.code: LiteralString = code
        self.detail: LiteralString = detail


def compact_number(text: str) -> str:
    """Return a typed number without spaces of any kind, dots and invisible marks.

    Contact lists and PDF files paste no-break spaces and direction marks around numbers.
    Only ASCII is accepted: digits of other scripts and full-width digits are refused, not
    converted. Blank text gives an empty string. The length is checked first.
    """
    if len(text) > _LONGEST_TYPED_NUMBER:
        raise RuleError("invalid-length", "Ce numéro est trop long.")
    kept = "".join(c for c in text if c != "." and unicodedata.category(c) not in {"Zs", "Cf"})
    if not kept.isascii():
        raise RuleError(
            "invalid-characters",
            "Ce numéro contient un caractère inattendu\u00a0: utilisez les chiffres de 0 à 9.",
        )
    return kept
