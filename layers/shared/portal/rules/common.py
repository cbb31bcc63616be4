"""Passwords that everybody tries: a well-known word, with digits and signs around it.

Lists of leaked passwords are made of these words, alone or twice, with a year or a sign to pass
the rules of composition (ASVS 5.0 6.2.4, 6.2.11). A list of whole passwords would be a hundred
times as long and miss each new year. The words of leaked passwords are in common.txt, which
``make words`` writes; those of this file are ours: French, of the keyboard, of the service.
"""

import re
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path

WORDS = frozenset(
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
    # The seasons, which come before a year, and words of love.
    | {"automne", "chaton", "chocolat", "ete", "hiver", "maman", "monamour", "moncoeur", "papa"}
    | {"papillon", "printemps", "soleil", "vacances"}
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
    folded = _fold(password)
    begun = _END.sub("", folded)
    written = (folded, begun.translate(_LETTERS), _START.sub("", begun).translate(_LETTERS))
    return _is_run(folded) or any(_is_word(_NOT_LETTERS.sub("", each)) for each in written)


def letters_of(password: str) -> str:
    """Return the letters of a password, without case and accents."""
    return _NOT_LETTERS.sub("", _fold(password))


def _fold(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))


def _is_word(letters: str) -> bool:
    """Return whether letters are a word of a list, once or twice, or its reverse."""
    half = len(letters) // 2
    once = {letters, letters[:half]} if letters[:half] == letters[half:] else {letters}
    candidates = once | {letters[::-1]}
    # guard: leaked-words: or any(map(_is_leaked, candidates)) =>
    return not WORDS.isdisjoint(candidates) or any(map(_is_leaked, candidates))


def _is_leaked(word: str) -> bool:
    """Return whether a word is one of common.txt, searched as it is: no start pays for a set."""
    return word.isalpha() and f"\n{word}\n".encode() in _leaked()


@cache
def _leaked() -> bytes:
    return Path(__file__).with_suffix(".txt").read_bytes()


def _is_run(folded: str) -> bool:
    """Return whether a password is one letter, as often as wanted, beside digits that count.

    As in « Aa123456789! » or « Aaaaaaaaa1! ». Digits count up, down, or are all the same.
    """
    letters = set(_NOT_LETTERS.sub("", folded))
    digits = [unicodedata.digit(c) for c in folded if c.isdecimal()]
    steps = {(after - before) % 10 for before, after in pairwise(digits)}
    return len(letters) == 1 and bool(digits) and steps in (set(), {0}, {1}, {9})
