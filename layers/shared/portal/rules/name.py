"""Last and first names, in any script."""

import re
import unicodedata

from portal.rules import RuleError
from portal.rules.characters import is_dash, is_invisible, trim

# guard: length-of-names: 80 => 81
_LONGEST = 80
# An accented letter may be typed as a letter and three marks.
_LONGEST_TYPED = 4 * _LONGEST
_PUNCTUATION = frozenset(" -’.·")
# What keyboards, word processors and identity cards give for an apostrophe: quotes, primes, accents
# that are typed alone, letters that look like one, and the Hebrew and Armenian signs.
_APOSTROPHES = frozenset(
    "\u0027\u0060\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u055a\u05f3\u1fbd"
    "\u1fbf\u2018\u2019\u201b\u2032\u2035\ua78c\uff07\uff40"
)
_COMMAS = frozenset("\u002c\u060c\u3001\uff0c\uff64")
# The Catalan middle dot, and those that keyboards give for it or between foreign first names.
_MIDDLE_DOTS = frozenset("\u00b7\u2027\u2219\u22c5\u30fb\uff65")
_LETTER_AND_DOT = {"\u013f": "L·", "\u0140": "l·"}
# They choose between the glyphs of one letter.
_GLYPH_SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_SPACES = re.compile(" +")
# guard: marks-per-letter: {6,} => {99,}
_MISPLACED_MARKS = re.compile("(?<![LlM])M|M{6,}")


def parse_name(text: str) -> str:
    """Return a name in NFC, trimmed, with one form for each kind of sign.

    Letters of any script with up to five combining marks each, spaces, hyphens, apostrophes, dots
    and the middle dot are accepted. Any apostrophe becomes ’, any dash a hyphen, commas a space;
    invisible marks at the ends are dropped. All else is refused, such as what would turn a name
    quoted in a mail into a link or header, or would show nothing.
    Raises RuleError: required, invalid-length, invalid-characters, no-letter, invalid-marks.
    """
    if len(text) > _LONGEST_TYPED:
        raise _too_long()
    bare = _GLYPH_SELECTORS.sub("", text)
    # guard: composed-names: unicodedata.normalize("NFC", bare) => bare
    composed = unicodedata.normalize("NFC", bare)
    name = _SPACES.sub(" ", trim("".join(map(_in_one_form, composed))))
    if not name:
        raise RuleError("required", "Ce champ est obligatoire.")
    if len(name) > _LONGEST:
        raise _too_long()
    kinds = "".join(map(_kind, name))
    # guard: names-carry-no-link: "?" in kinds => False
    if "?" in kinds:
        raise RuleError(
            "invalid-characters",
            "Utilisez seulement des lettres, espaces, traits d’union, apostrophes et points.",
        )
    if "L" not in kinds:
        raise RuleError("no-letter", "Indiquez au moins une lettre.")
    if _MISPLACED_MARKS.search(kinds):
        raise RuleError(
            "invalid-marks",
            "Un accent ou un signe s’écrit sur une lettre, et une lettre en porte cinq au plus.",
        )
    return name


def _in_one_form(character: str) -> str:
    """Return the form in which a sign is stored; any other character unchanged."""
    if character in _APOSTROPHES:
        return "’"
    if character in _COMMAS or unicodedata.category(character) == "Zs":
        return " "
    if character in _MIDDLE_DOTS:
        return "·"
    if is_dash(character):
        return "-"
    return _LETTER_AND_DOT.get(character, character)


def _kind(character: str) -> str:
    """Return L for a letter, M for a mark, l for what modifies letters, a space between, else ?."""
    if character in _PUNCTUATION:
        return " "
    category = unicodedata.category(character)
    # guard: names-are-visible: is_invisible(character) => False
    if category[0] not in "LM" or is_invisible(character):
        return "?"
    return "l" if category == "Lm" else category[0]


def _too_long() -> RuleError:
    return RuleError("invalid-length", "Indiquez 80 caractères au plus.")
