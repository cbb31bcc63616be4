"""Last and first names, in any script."""

import re
import unicodedata

from portal.rules import RuleError

# guard: length-of-names: 80 => 81
_LONGEST = 80
# An accented letter may be typed as a letter and three marks.
_LONGEST_TYPED = 4 * _LONGEST
_PUNCTUATION = frozenset(" -'’.")
_HYPHENS = re.compile("[\u2010\u2011]")
_SPACES = re.compile(" +")


def parse_name(text: str) -> str:
    """Return a name in NFC, trimmed, with single plain spaces and plain hyphens.

    Letters of any script, combining marks, spaces, hyphens, apostrophes and dots are accepted.
    All else is refused, such as what would turn a name quoted in a mail into a link or header.
    Raises RuleError: required, invalid-length, invalid-characters, no-letter.
    """
    if len(text) > _LONGEST_TYPED:
        raise _too_long()
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)
    # guard: composed-names: unicodedata.normalize("NFC", spaced) => spaced
    name = _SPACES.sub(" ", _HYPHENS.sub("-", unicodedata.normalize("NFC", spaced))).strip(" ")
    if not name:
        raise RuleError("required", "Ce champ est obligatoire.")
    if len(name) > _LONGEST:
        raise _too_long()
    kinds = [unicodedata.category(c)[0] for c in name if c not in _PUNCTUATION]
    # guard: names-carry-no-link: not set(kinds) <= {"L", "M"} => False
    if not set(kinds) <= {"L", "M"}:
        raise RuleError(
            "invalid-characters",
            "Utilisez seulement des lettres, espaces, traits d’union, apostrophes et points.",
        )
    if "L" not in kinds:
        raise RuleError("no-letter", "Indiquez au moins une lettre.")
    return name


def _too_long() -> RuleError:
    return RuleError("invalid-length", "Indiquez 80 caractères au plus.")
