"""``python -m tools.common_words``: write the words of passwords that everybody tries.

They are made of two packages of the development lock, both under the MIT licence: the leaked
passwords of zxcvbn, by Dropbox, and the French names, months and days of Faker. Of a leaked
password its letters are kept: people complete a word to satisfy rules, and leave it as it is.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from faker.providers.date_time.fr_FR import Provider as French
from faker.providers.person.fr_FR import Provider as People
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from portal.rules.common import WORDS, letters_of

FILE = Path(__file__).resolve().parents[1] / "layers/shared/portal/rules/common.txt"
_LICENCE = """\
# Made by `make words` from zxcvbn (Copyright 2012-2016 Dan Wheeler and Dropbox, Inc.) and Faker
# (Copyright 2012 Daniele Faraglia), both under the MIT licence: permission is granted, free of
# charge, to deal in them without restriction, if this notice is kept; without warranty of any kind.
"""
_SHORTEST = 5
"""Letters of a word: the few that a generated password has may be a shorter one by chance."""
_SHORTEST_OF_THE_FIRST = 4
_FIRST = 10_000
"""So many of the leaked passwords are frequent enough for shorter words."""


def _leaked() -> Iterator[str]:
    for rank, password in enumerate(FREQUENCY_LISTS["passwords"]):
        letters = letters_of(password)
        if len(letters) >= (_SHORTEST_OF_THE_FIRST if rank < _FIRST else _SHORTEST):
            yield letters


def _french() -> Iterator[str]:
    names = (*People.first_names_male, *People.first_names_female)
    for word in (*names, *French.MONTH_NAMES.values(), *French.DAY_NAMES.values()):
        if len(letters := letters_of(word)) >= _SHORTEST_OF_THE_FIRST:
            yield letters


def _is_new(word: str, words: set[str]) -> bool:
    """Return whether a word is not refused for another: twice the same, or a word backwards."""
    half = word[: len(word) // 2]
    return word not in WORDS and not (half * 2 == word and half in words | WORDS)


def text() -> str:
    """Return the file: the licence, then the words in order, each on a line."""
    words = {word for word in (*_leaked(), *_french()) if word.isascii()}
    kept: Iterable[str] = sorted(word for word in words if _is_new(word, words))
    return _LICENCE + "".join(f"{word}\n" for word in kept)


if __name__ == "__main__":
    FILE.write_text(text())
