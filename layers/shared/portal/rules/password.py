"""What a password must be: one rule set, for the server and for the page.

From the guide: 10 to 50 characters with a lower-case letter, an upper-case letter, a digit and
one of ten special characters. Any other character is allowed in addition. Added: it must not
contain what others know about the person, nor be one that everybody tries (NIST SP 800-63B
5.1.1.2, ASVS 5.0 6.2.4 and 6.2.11).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import LiteralString

from msgspec import Struct

from portal.rules import RuleError
from portal.rules.common import is_common
from portal.rules.nir import looks_like_nir

_NIR_LENGTH = 13
_SIREN_LENGTH = 9
# One letter names nobody.
_SHORTEST = 2
# A shorter name occurs inside other words: Tom may choose « Anatomie-2026! ».
_SHORTEST_INSIDE_WORDS = 5
# Two letters in one, which keyboards of few people have: Lebœuf types « Leboeuf ».
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})
# Words of a compound name that are words of any sentence too.
_PARTICLES = frozenset(
    {"al", "ben", "bin", "da", "das", "de", "del", "den", "der", "des", "di", "do", "dos", "du"}
    | {"el", "la", "las", "le", "les", "los", "van", "von"}
)


class Criterion(Struct, frozen=True):
    """One condition: a length in code points, or a kind of character that must occur.

    `label` is shown beside the field, `detail` in an error. Exactly one of `minimum`, `maximum`,
    `category` (Unicode general category) and `characters` is set.
    """

    code: LiteralString
    label: LiteralString
    detail: LiteralString
    minimum: int | None = None
    maximum: int | None = None
    category: LiteralString = ""
    characters: LiteralString = ""

    @property
    def pattern(self) -> str:
        """The character wanted, as a JavaScript regular expression for the flag u or v."""
        if self.category:
            return rf"\p{{{self.category}}}"
        if self.characters:
            return "[" + re.sub(r"[-/\\\[\](){}|^]", r"\\\g<0>", self.characters) + "]"
        return ""

    def is_met(self, password: str) -> bool:
        """Return whether a password, already normalised, meets this condition."""
        if self.minimum is not None:
            return len(password) >= self.minimum
        if self.maximum is not None:
            return len(password) <= self.maximum
        if self.category:
            return any(unicodedata.category(c) == self.category for c in password)
        return any(c in self.characters for c in password)


CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "too-short",
        "Au moins 10 caractères",
        "Votre mot de passe est trop court\u00a0: il doit comporter au moins 10 caractères.",
        minimum=10,
    ),
    Criterion(
        "too-long",
        "Au plus 50 caractères",
        "Votre mot de passe est trop long\u00a0: il doit comporter au plus 50 caractères.",
        maximum=50,
    ),
    Criterion(
        "no-lowercase",
        "Au moins une minuscule",
        "Votre mot de passe doit comporter au moins une minuscule.",
        category="Ll",
    ),
    Criterion(
        "no-uppercase",
        "Au moins une majuscule",
        "Votre mot de passe doit comporter au moins une majuscule.",
        category="Lu",
    ),
    Criterion(
        "no-digit",
        "Au moins un chiffre",
        "Votre mot de passe doit comporter au moins un chiffre.",
        category="Nd",
    ),
    Criterion(
        "no-special",
        "Au moins un caractère spécial"
        " parmi $\u00a0@\u00a0&\u00a0+\u00a0-\u00a0/\u00a0#\u00a0_\u00a0?\u00a0!",
        "Votre mot de passe doit comporter au moins un caractère spécial"
        " parmi $\u00a0@\u00a0&\u00a0+\u00a0-\u00a0/\u00a0#\u00a0_\u00a0?\u00a0!",
        characters="$@&+-/#_?!",
    ),
)


def normalize_password(password: str) -> str:
    """Return the form that is counted, checked and hashed: NFKC, not trimmed or truncated."""
    return unicodedata.normalize("NFKC", password)


def _no_nir(_candidate: str) -> bool:
    return False


def check_password(
    password: str,
    *,
    names: Iterable[str] = (),
    email: str = "",
    siret: str | None = None,
    is_own_nir: Callable[[str], bool] = _no_nir,
) -> list[RuleError]:
    """Return the rules that a new password breaks, in the order of the page; empty if none.

    `names`, `email` and `siret` are the person's. They are searched whatever the case, accents
    and separators; names and local parts under five letters, as whole words only. The NIR is not
    known in clear here: `is_own_nir` is called with each run of 13 characters that has its shape.
    """
    password = normalize_password(password)
    broken = [
        RuleError(criterion.code, criterion.detail)
        for criterion in CRITERIA
        if not criterion.is_met(password)
    ]
    folded = _fold(password)
    bare = _bare(folded)
    clues = {*_name_clues(names), *_email_clues(email)}
    numbers = {_bare(siret), _bare(siret)[:_SIREN_LENGTH]} if siret else set[str]()
    if (
        any(_contains(folded, bare, clue) for clue in clues)
        or any(number in bare for number in numbers)
        or any(map(is_own_nir, _nir_candidates(bare)))
    ):
        broken.append(
            RuleError(
                "contains-identity",
                "Votre mot de passe ne doit contenir ni votre nom, ni votre prénom, ni le début"
                " de votre adresse courriel, ni votre Siren ou votre Siret, ni votre numéro de"
                " Sécurité sociale.",
            )
        )
    # guard: passwords-that-everybody-tries: is_common(password) => False
    if is_common(password):
        broken.append(
            RuleError(
                "too-common",
                "Ce mot de passe est de ceux que tout le monde essaie\u00a0:"
                " choisissez-en un autre.",
            )
        )
    return broken


def _name_clues(names: Iterable[str]) -> Iterator[str]:
    """Return each name, and each part of a compound one, as letters and digits."""
    for name in names:
        yield _bare(name)
        for part in re.split(r"[\s.'’·-]+", name):
            if (bare := _bare(part)) not in _PARTICLES:
                yield bare


def _email_clues(email: str) -> Iterator[str]:
    local = email.rpartition("@")[0]
    yield _bare(local)
    yield _bare(local.partition("+")[0])


def _contains(folded: str, bare: str, clue: str) -> bool:
    """Return whether a password contains a clue: a short one as a whole word."""
    if len(clue) >= _SHORTEST_INSIDE_WORDS:
        return clue in bare
    if len(clue) < _SHORTEST:
        return False
    # A word ends where letters end: « Tom2026 » is Tom and a year.
    before = r"(?<![^\W\d_])" if clue[0].isalpha() else r"(?<!\d)"
    after = r"(?![^\W\d_])" if clue[-1].isalpha() else r"(?!\d)"
    return re.search(f"{before}{re.escape(clue)}{after}", folded) is not None


def _nir_candidates(bare: str) -> Iterator[str]:
    text = bare.upper()
    for start in range(len(text) - _NIR_LENGTH + 1):
        candidate = text[start : start + _NIR_LENGTH]
        if looks_like_nir(candidate):
            yield candidate


def _fold(text: str) -> str:
    """Return a text without case, accents and ligatures."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(c for c in folded if unicodedata.category(c) != "Mn").translate(_LIGATURES)


def _bare(text: str) -> str:
    """Return only letters and digits, without case and accents."""
    return "".join(c for c in _fold(text) if c.isalnum())
