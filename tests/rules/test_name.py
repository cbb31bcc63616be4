"""The name rule."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import RuleError
from portal.rules.characters import is_invisible
from portal.rules.name import parse_name


@pytest.mark.guards("composed-names")
@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Dupont", "Dupont"),
        ("  Dupont\u00a0", "Dupont"),
        ("de  La\u202fTour", "de La Tour"),
        ("Jean-Pierre", "Jean-Pierre"),
        ("Jean\u2011Pierre", "Jean-Pierre"),
        ("L'Hermitte", "L’Hermitte"),
        ("L’Hermitte", "L’Hermitte"),
        ("J.-P.", "J.-P."),
        ("He\u0301le\u0300ne", "Hélène"),
        ("Œuvrard", "Œuvrard"),
        ("Γιώργος", "Γιώργος"),
        ("عائشة", "عائشة"),
        ("अनिल", "अनिल"),
        ("王小明", "王小明"),
        ("O", "O"),
        ("É" * 80, "É" * 80),
        ("E\u0301" * 80, "É" * 80),
    ],
)
def test_names(typed: str, stored: str) -> None:
    """Names of any script are accepted, in NFC, trimmed, with single spaces and one apostrophe."""
    assert parse_name(typed) == stored


@pytest.mark.guards("length-of-names")
def test_names_are_eighty_characters_at_most() -> None:
    """Up to 80 characters are stored and 320 typed; spaces around do not count."""
    assert parse_name("É" * 80) == "É" * 80
    assert parse_name(" " * 240 + "É" * 80) == "É" * 80
    for long in ("É" * 81, " " * 241 + "É" * 80):
        with pytest.raises(RuleError) as caught:
            parse_name(long)
        assert caught.value.code == "invalid-length"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "required"),
        (" \u00a0 ", "required"),
        ("É" * 81, "invalid-length"),
        (" " * 320 + "A", "invalid-length"),
        ("-", "no-letter"),
        (". '", "no-letter"),
        ("\u0301", "no-letter"),
        *((f"Dup{c}ont", "invalid-characters") for c in ':/<>@\\"&;_0²٣Ⅳ\t\n\r\0\x7f\x85'),
        *(
            (f"Dup{c}ont", "invalid-characters")
            for c in "\u200b\u200d\u200e\u202e\u2066\u2028\ufeff"
        ),
        ("Dup\ud800ont", "invalid-characters"),
        ("Dup：ont", "invalid-characters"),
        ("https://example.com", "invalid-characters"),
    ],
)
def test_refusals(typed: str, code: str) -> None:
    """A text that could forge a link, a line or a direction in a mail is refused."""
    with pytest.raises(RuleError) as caught:
        parse_name(typed)
    assert caught.value.code == code


@given(text=st.text() | st.text("aÉ’-. \u0301\u00a0", max_size=90))
def test_what_passes_is_stable_and_of_allowed_kinds(text: str) -> None:
    """An accepted name has only letters, marks and the five signs, and is accepted unchanged."""
    try:
        name = parse_name(text)
    except RuleError:
        return
    assert parse_name(name) == name
    assert 1 <= len(name) <= 80
    assert unicodedata.is_normalized("NFC", name)
    assert all(unicodedata.category(c)[0] in "LM" or c in " -’.·" for c in name)
    assert any(unicodedata.category(c)[0] == "L" for c in name)


SHOWN = st.characters(categories=["L"]).filter(
    lambda c: not is_invisible(c) and parse_name(f"A{c}A")[1:-1] == c
)


@given(text=st.text(SHOWN, min_size=1, max_size=20), mark=st.characters(categories=["M"]))
def test_letters_of_any_script_pass(text: str, mark: str) -> None:
    """Letters of every script are accepted, with marks."""
    name = unicodedata.normalize("NFC", f"A{text}")
    assert parse_name(name) == name
    marked = unicodedata.normalize("NFC", f"A{mark}{text}")
    assert is_invisible(mark) or parse_name(marked) == marked
