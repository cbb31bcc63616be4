"""Passwords that everybody tries: a well-known word, with digits and signs around it.

Lists of leaked passwords are made of these words, alone or twice, with a year or a sign to pass
the rules of composition (ASVS 5.0 6.2.4, 6.2.11). A list of whole passwords would be a hundred
times as long and miss each new year.
"""

import re
import unicodedata
from itertools import pairwise

_WORDS = frozenset(
    {"abc", "abcd", "abcdef", "abcdefgh", "admin", "administrateur", "administrator"}
    | {"azerty", "azertyuiop", "azertyuiopqsdfghjklm", "bienvenue", "bonjour", "changeme"}
    | {"changezmoi", "chouchou", "coucou", "doudou", "football", "hello", "iloveyou"}
    | {"jetaime", "letmein", "loulou", "master", "mdp", "monmotdepasse", "motdepasse"}
    | {"pass", "passe", "password", "princesse", "qsdfgh", "qwerty", "qwertyuiop", "qwertz"}
    | {"secret", "superman", "test", "utilisateur", "user", "welcome"}
    | {"batman", "dragon", "france", "guest", "lemotdepasse", "login", "marseille", "monkey"}
    | {"motdepass", "mypassword", "newpassword", "nouveaumotdepasse", "passwd", "pokemon"}
    | {"princess", "pwd", "root", "starwars", "sunshine", "tata", "titi", "toto", "trustno"}
    # Neighbours on the keyboard.
    | {"aqwzsx", "asdf", "asdfgh", "asdfghjkl", "aze", "azeqsd", "azer", "azert", "azertyui", "qaz"}
    | {"qazwsx", "qazwsxedc", "qwe", "qweasd", "qwer", "qwert", "wxcv", "wxcvbn", "zaq", "zaqwsx"}
    | {"zxcv", "zxcvbn", "zxcvbnm"}
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
    return _is_run(folded) or any(_is_word(_NOT_LETTERS.sub("", each)) for each in written)


def _is_word(letters: str) -> bool:
    """Return whether letters are a word of the list, once or twice, or its reverse."""
    half = len(letters) // 2
    once = {letters, letters[:half]} if letters[:half] == letters[half:] else {letters}
    return not _WORDS.isdisjoint(once | {letters[::-1]})


def _is_run(folded: str) -> bool:
    """Return whether a password is one letter, as often as wanted, beside digits that count.

    As in « Aa123456789! » or « Aaaaaaaaa1! ». Digits count up, down, or are all the same.
    """
    letters = set(_NOT_LETTERS.sub("", folded))
    digits = [unicodedata.digit(c) for c in folded if c.isdecimal()]
    steps = {(after - before) % 10 for before, after in pairwise(digits)}
    return len(letters) == 1 and bool(digits) and steps in (set(), {0}, {1}, {9})
