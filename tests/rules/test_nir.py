"""The NIR rule. Every number is synthetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import RuleError
from portal.rules.nir import find_nir, looks_like_nir, mask_nir, nir_check_key, parse_nir

VECTORS = [
    ("2940375120005", "91"),
    ("2550814168025", "38"),
    ("2951099126111", "93"),
    ("294032A120005", "51"),
    ("294032B120005", "78"),
    ("2940320120005", "24"),
    ("1850797212005", "08"),
    ("1850798735005", "05"),
    ("1850799126005", "12"),
    ("1853175056007", "38"),
    ("1856275056007", "49"),
    ("153072A073004", "93"),
    ("153072B073004", "23"),
    ("1530720073004", "66"),
]
SEPARATORS = ["", " ", ".", "-", "/", "\t", "\u00a0", "\u202f", "\u2009", "\u2013", "\u200e"]

nirs = st.from_regex(r"[123478][0-9]{4}([0-9]{2}|2[AB])[0-9]{6}", fullmatch=True)


def key_of(nir: str) -> str:
    """Compute the key by the other published way: the letter as 0, then a million or two less."""
    number = int(nir.replace("A", "0").replace("B", "0"))
    number -= 1_000_000 * ("A" in nir) + 2_000_000 * ("B" in nir)
    return f"{97 - number % 97:02}"


def refusal(nir: str, key: str | None) -> str:
    """Return the code with which a number and a key are refused."""
    with pytest.raises(RuleError) as caught:
        parse_nir(nir, key)
    return caught.value.code


@pytest.mark.parametrize(("nir", "key"), VECTORS)
def test_vectors(nir: str, key: str) -> None:
    """Mainland, Corsican, overseas, foreign and incomplete-record numbers pass with their key."""
    assert nir_check_key(nir) == key
    assert parse_nir(nir, key) == nir
    assert parse_nir(nir.lower(), key) == nir
    assert parse_nir(nir + key, None) == nir
    assert parse_nir(nir + key, "") == nir
    assert parse_nir(nir + key, key) == nir


@pytest.mark.parametrize("first", "123478")
def test_first_digits(first: str) -> None:
    """Attributed, provisional and not yet registered numbers are accepted."""
    nir = first + "940375120005"
    assert parse_nir(nir, key_of(nir)) == nir


@pytest.mark.parametrize(
    ("nir", "key", "code"),
    [
        ("", "91", "required"),
        (" ", "91", "required"),
        ("2940375120005", None, "key-required"),
        ("2940375120005", "", "key-required"),
        ("2940375120005", " ", "key-required"),
        ("2940375120005", "9", "invalid-key"),
        ("2940375120005", "091", "invalid-key"),
        ("2940375120005", "9A", "invalid-key"),
        ("2940375120005", "٩١", "invalid-characters"),
        ("2940375120005", "92", "invalid-checksum"),
        ("2940375120006", "91", "invalid-checksum"),
        ("294037512000592", None, "invalid-checksum"),
        ("294037512000591", "92", "invalid-checksum"),
        ("294037512000592", "91", "invalid-checksum"),
        ("294032A120005", "78", "invalid-checksum"),
        ("294037512000", "91", "invalid-length"),
        ("29403751200059", "1", "invalid-length"),
        ("2" * 65, "91", "invalid-length"),
        ("294032C120005", "51", "invalid-characters"),
        ("2940A75120005", "51", "invalid-characters"),
        ("29403A2120005", "51", "invalid-characters"),
        ("294033A120005", "51", "invalid-characters"),
        ("294037512000A", "51", "invalid-characters"),
        ("2940375120005A1", None, "invalid-characters"),
        ("2940375120005\0", "91", "invalid-characters"),
        ("73282932000074", "91", "looks-like-siret"),
        ("732829320", "91", "looks-like-siren"),
        ("２940375120005", "91", "invalid-characters"),
        *(
            (first + "940375120005", key_of(first + "940375120005"), "invalid-number")
            for first in "0569"
        ),
    ],
)
def test_refusals(nir: str, key: str | None, code: str) -> None:
    """Each kind of wrong number or key is refused with its own code."""
    assert refusal(nir, key) == code


@given(nir=nirs, data=st.data())
def test_round_trip_whatever_the_separators(nir: str, data: st.DataObject) -> None:
    """A number with its computed key passes in any case, with any separators."""
    typed = nir + key_of(nir)
    gaps = data.draw(st.lists(st.sampled_from(SEPARATORS), min_size=15, max_size=15))
    spaced = "".join(gap + c for gap, c in zip(gaps, typed, strict=True))
    assert parse_nir(spaced.lower(), None) == nir
    assert parse_nir(nir, key_of(nir)) == nir


@given(nir=nirs, key=st.integers(0, 99))
def test_only_the_right_key_passes(nir: str, key: int) -> None:
    """Exactly one of the hundred keys fits a number."""
    typed = f"{key:02}"
    if typed == key_of(nir):
        assert parse_nir(nir, typed) == nir
    else:
        assert refusal(nir, typed) == "invalid-checksum"


@given(nir=st.text(), key=st.none() | st.text())
def test_any_text_passes_or_is_refused(nir: str, key: str | None) -> None:
    """Any text is accepted, or refused by the rule's own refusal."""
    try:
        number = parse_nir(nir, key)
    except RuleError:
        return
    assert looks_like_nir(number)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("2 94 03 75 120 005", "2940375120005"),
        ("2 94 03 75 120 005 91", "2940375120005"),
        ("2 94 03 75 120 005 92", None),
        ("2 94 03 2a 120 005", "294032A120005"),
        ("2 94 03 2a 120 005 51", "294032A120005"),
        ("2 94 03 2a 120 005 91", None),
        ("michel.dupont@example.fr", None),
        ("0940375120005", None),
        ("", None),
    ],
)
def test_find_for_login(typed: str, found: str | None) -> None:
    """At login a number is found alone or with its right key, and never in an address."""
    assert find_nir(typed) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2940375120005", True),
        ("294032A120005", True),
        ("294032a120005", False),
        ("0940375120005", False),
        ("29403751200059", False),
        ("294037512000", False),
    ],
)
def test_shape(text: str, *, expected: bool) -> None:
    """Only 13 bare upper-case characters have the shape of a NIR."""
    assert looks_like_nir(text) is expected


@given(nir=nirs)
def test_mask_hides_birth(nir: str) -> None:
    """The masked form shows the first and the last two characters and nothing of the birth."""
    masked = mask_nir(nir)
    assert [c for c in masked if c.isalnum()] == [nir[0], *nir[-2:]]
    assert masked.count("•") == 10
