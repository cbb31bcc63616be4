"""The rules: of values that people type, of what the law says to declare, by when, at what cost.

Pure functions, one module per kind of value. Nothing here reads a table, a clock or the
environment; ``rates.toml``, beside it, is part of the package. Outside it, only libraries that
validate such values are imported.
"""

from typing import LiteralString


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
