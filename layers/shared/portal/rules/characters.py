"""What people and their programs type or paste beside the characters that count.

Contact lists, spreadsheets, PDF files and identity cards put no-break spaces, hyphens of every kind
and invisible marks around and between what was meant.
"""

import re
import unicodedata

from portal.rules import RuleError

_LONGEST_TYPED_NUMBER = 64
# No glyph, though letters, marks or symbols by category: Hangul fillers, the blank of braille,
# selectors of glyphs, and the rest of Unicode's Default_Ignorable_Code_Point.
_NO_GLYPH = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U00013441\U00013442\U000e0000-\U000e0fff]"
)
# Dashes that are not of the category Pd: the minus sign, the hyphen bullet, the modifier letter.
_OTHER_DASHES = frozenset("\u2212\u2043\u02d7")
_BETWEEN_DIGITS = frozenset(".,_|·•‧․∙⋅。．，/\\⁄∕／＼()（）")


def is_invisible(character: str) -> bool:
    """Return whether a character shows nothing and takes no part in a word: no space, no letter."""
    return unicodedata.category(character) == "Cf" or bool(_NO_GLYPH.match(character))


def is_dash(character: str) -> bool:
    """Return whether a character is a hyphen or a dash of any kind."""
    return unicodedata.category(character) == "Pd" or character in _OTHER_DASHES


def trim(text: str) -> str:
    """Return a text without the spaces, line breaks and invisible marks at its ends."""
    start, end = 0, len(text)
    while start < end and _is_empty(text[start]):
        start += 1
    while start < end and _is_empty(text[end - 1]):
        end -= 1
    return text[start:end]


def is_blank(text: str) -> bool:
    """Return whether a text shows nothing."""
    return all(map(_is_empty, text))


def compact_number(text: str) -> str:
    """Return a typed number without what is typed or pasted between its characters.

    That is: spaces of any kind, tabs and line breaks, dots, commas, hyphens and dashes, slashes,
    parentheses, invisible marks. Only ASCII is left: digits of other scripts and full-width digits
    are refused, not converted. Blank text gives an empty string. The length is checked first.
    """
    if len(text) > _LONGEST_TYPED_NUMBER:
        raise RuleError("invalid-length", "Ce numéro est trop long.")
    kept = "".join(c for c in text if not (c in _BETWEEN_DIGITS or _is_empty(c) or is_dash(c)))
    if not kept.isascii():
        raise RuleError(
            "invalid-characters",
            "Ce numéro contient un caractère inattendu\u00a0: utilisez les chiffres de 0 à 9.",
        )
    return kept


def without_controls(text: str) -> str:
    """Return a text as it is, if it has no control character and no half of a character."""
    # guard: no-control-characters: any( => False and any(
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise RuleError(
            "invalid-characters",
            "Un caractère invisible, comme une tabulation, n’est pas accepté ici.",
        )
    return text


def _is_empty(character: str) -> bool:
    return character.isspace() or is_invisible(character)
