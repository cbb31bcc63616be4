"""The words of passwords that everybody tries: what they refuse, and what they let pass."""

import string
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.common import is_common
from portal.rules.password import CRITERIA, check_password
from tools import common_words

SIGNS = "$@&+-/#_?!"
WORDS = [each for each in common_words.FILE.read_text().splitlines() if each.isalpha()]
ENDS = ("-2026", "2026!", "-1-1-1", "_123456", "?19851225", "-75013-")


def test_the_file_is_what_the_tool_writes() -> None:
    """The words are those of the locked packages; the file stays small."""
    assert common_words.FILE.read_text() == common_words.text(), "run make words"
    assert common_words.FILE.stat().st_size < 170_000


@pytest.mark.guards("leaked-words")
@pytest.mark.parametrize(
    "password",
    [
        *("Nicolas-2026", "Marseille13!", "Sunshine-2026", "Mickael-1985", "@Juillet2026"),
        *("Sh@d0w-2026", "Michel-Michel-1", "Liverpool1!", "Celine_2026", "Éléonore-2026"),
    ],
)
def test_a_leaked_word_is_refused(password: str) -> None:
    """A word of the leaked passwords is none, with digits and signs around it; nor is a name."""
    assert [error.code for error in check_password(password)] == ["too-common"]


@pytest.mark.parametrize(
    "password",
    [
        *("Motdepasse-2026", "Azertyuiop-1", "Password-123", "Automne-2026", "Hiver2026!"),
        *("Ete-20262026", "Monamour-1", "Papillon-42"),
    ],
)
def test_our_own_words_are_refused(password: str) -> None:
    """So are those that people use in France, which the leaked lists do not have."""
    assert [error.code for error in check_password(password)] == ["too-common"]


@given(word=st.sampled_from(WORDS), end=st.sampled_from(ENDS))
def test_every_word_completed_to_pass_the_rules_is_refused(word: str, end: str) -> None:
    """Each word is refused as people complete it, whatever its case."""
    for typed in (f"{word.capitalize()}{end}", f"{end}{word.title()}", f"{word.upper()}{end}"):
        assert is_common(typed)


@given(
    st.text(string.ascii_letters + string.digits + SIGNS, min_size=16, max_size=50).filter(
        lambda text: (
            all(criterion.is_met(text) for criterion in CRITERIA) and len(set(text)) > 10
        )  # what shrinks to one character again and again is not generated
    )
)
def test_a_generated_password_passes(password: str) -> None:
    """What a password manager makes passes: no word is left of it."""
    assert check_password(password) == []


@given(st.lists(st.sampled_from(WORDS).filter(lambda word: len(word) > 3), min_size=4, max_size=4))
def test_a_phrase_of_common_words_passes(words: list[str]) -> None:
    """Four words are a password, even if everybody tries each of them alone."""
    if len(set(words)) > 2:
        assert not is_common("-".join(words).capitalize() + "-1")


def test_the_start_of_a_login_does_not_read_them() -> None:
    """The words are read where a password is chosen, not when a function starts."""
    check = """
import sys
opened = []
sys.addaudithook(lambda event, given: event == "open" and opened.append(str(given[0])))
from portal.identity import login
from portal.rules.password import check_password
assert not any("common.txt" in each for each in opened)
check_password("Tournesol-42")
assert any("common.txt" in each for each in opened)
"""
    subprocess.run([sys.executable, "-c", check], check=True, env={"PYTHONPATH": "layers/shared"})  # noqa: S603 - ours
