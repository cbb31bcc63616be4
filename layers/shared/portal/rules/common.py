"""Passwords that everybody tries: a well-known word, with digits and signs around it.

Lists of leaked passwords are made of these words, alone or twice, with a year or a sign to pass
the rules of composition (ASVS 5.0 6.2.4, 6.2.11). A list of whole passwords would be a hundred
times as long and miss each new year.
"""

import re
import unicodedata

_WORDS = frozenset(
    {"abc", "abcd", "abcdef", "abcdefgh", "admin", "administrateur", "administrator"}
    | {"azerty", "azertyuiop", "azertyuiopqsdfghjklm", "bienvenue", "bonjour", "changeme"}
    | {"changezmoi", "chouchou", "coucou", "doudou", "football", "hello", "iloveyou"}
    | {"jetaime", "letmein", "loulou", "master", "mdp", "monmotdepasse", "motdepasse"}
    | {"pass", "passe", "password", "princesse", "qsdfgh", "qwerty", "qwertyuiop", "qwertz"}
    | {"secret", "superman", "test", "utilisateur", "user", "welcome"}
    # The words of this service.
    | {"autoentreprise", "autoentrepreneur", "microentreprise", "microentrepreneur", "urssaf"}
)
# The signs that people put in place of letters.
_LETTERS = str.maketrans("@4301!$57", "aaeoiisst")
_END = re.compile(r"[\W\d_]+$")
_START = re.compile(r"^[\W\d_]+")
_NOT_LETTERS = re.compile(r"[\W\d_]+")


def is_common(password: str) -> bool:
    """Return whether a password is a word that everybody tries, whatever is put around it."""
    apart = unicodedata.normalize("NFKD", password.casefold())
    folded = "".join(c for c in apart if not unicodedata.combining(c))
    begun = _END.sub("", folded)
    written = (folded, begun.translate(_LETTERS), _START.sub("", begun).translate(_LETTERS))
    return any(_once(_NOT_LETTERS.sub("", each)) in _WORDS for each in written)


def _once(word: str) -> str:
    """Return a word that is written twice as it is written once."""
    half = len(word) // 2
    return word[:half] if word[:half] == word[half:] else word
