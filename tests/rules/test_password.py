"""The password rules. Every number is synthetic."""

import string
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.rules.password import CRITERIA, check_password, normalize_password

SPECIALS = "$@&+-/#_?!"
GOOD = "Tournesol-42"
NIR = "294032A120005"
SIRET = "35600000049837"


def codes(
    password: str,
    *,
    names: tuple[str, ...] = (),
    email: str = "",
    siret: str | None = None,
    is_own_nir: Callable[[str], bool] = lambda _: False,
) -> list[str]:
    """Return the codes of the rules that a password breaks."""
    broken = check_password(password, names=names, email=email, siret=siret, is_own_nir=is_own_nir)
    return [error.code for error in broken]


def test_order_of_the_criteria() -> None:
    """The page and the server share these codes, in this order, with two sentences each."""
    assert [criterion.code for criterion in CRITERIA] == [
        "too-short",
        "too-long",
        "no-lowercase",
        "no-uppercase",
        "no-digit",
        "no-special",
    ]
    assert all(criterion.label and criterion.detail for criterion in CRITERIA)


def test_what_the_page_receives() -> None:
    """The page receives lengths as numbers, kinds of characters as regular expressions."""
    assert [(c.minimum, c.maximum, c.pattern) for c in CRITERIA] == [
        (10, None, ""),
        (None, 50, ""),
        (None, None, r"\p{Ll}"),
        (None, None, r"\p{Lu}"),
        (None, None, r"\p{Nd}"),
        (None, None, r"[$@&+\-\/#_?!]"),
    ]


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        (GOOD, []),
        ("Aa1-567890", []),
        ("Aa1-56789", ["too-short"]),
        ("Aa1-" + "x" * 46, []),
        ("Aa1-" + "x" * 47, ["too-long"]),
        ("TOURNESOL-42", ["no-lowercase"]),
        ("tournesol-42", ["no-uppercase"]),
        ("Tournesol-ab", ["no-digit"]),
        ("Tournesol42", ["no-special"]),
        ("Tournesol*42", ["no-special"]),
        ("", ["too-short", "no-lowercase", "no-uppercase", "no-digit", "no-special"]),
        ("Tournesol-42 été 🌻 «日本»", []),
        (" Tournesol-42 ", []),
        (" Aa1-5678 ", []),
        ("ÉTÉÉTÉÉTÉé-1", []),
        ("Ａａ１＿５６７８９０", []),
        ("Aa1-56789🌻", []),
        ("Aa1-5678e\u0301", ["too-short"]),
        ("Tournesol-٤", []),
        ("Tournesol-Ⅳ", ["no-digit"]),
        ("Aa1-\ufdfa", []),
        *((f"Tournesol{special}42", []) for special in SPECIALS),
    ],
)
def test_criteria(password: str, expected: list[str]) -> None:
    """Lengths include their bounds and count code points after NFKC; any character is allowed."""
    assert codes(password) == expected


@pytest.mark.parametrize(
    ("password", "known"),
    [
        ("Dupontel-2026", {"names": ("Dupont", "Michel")}),
        ("x9-MICHELx9", {"names": ("Dupont", "Michel")}),
        ("Du-Pontel-2026", {"names": ("Dupont",)}),
        ("Helenette-26", {"names": ("Hélène",)}),
        ("Hélènette-26", {"names": ("Helene",)}),
        ("He\u0301le\u0300nette-26", {"names": ("HÉLÈNE",)}),
        ("JeanPierre-1", {"names": ("Jean-Pierre",)}),
        ("Pierreline-26", {"names": ("Jean-Pierre",)}),
        ("Lhermitte-26", {"names": ("L’Hermitte",)}),
        ("Lea-1234567", {"names": ("Léa",)}),
        ("Strasse-2026", {"names": ("Straße",)}),
        ("Leboeuf-2026", {"names": ("Lebœuf",)}),
        ("LEBŒUFe-2026", {"names": ("Leboeuf",)}),
        ("Laetitiane-26", {"names": ("Lætitia",)}),
        ("Micheldupont1-", {"email": "michel.dupont@example.fr"}),
        ("Michel.Dupont1-", {"email": "michel.dupont@example.fr"}),
        ("Sol-2026-sol", {"email": "sol+@example.fr"}),
        ("Boutique-2026", {"email": "boutique+ae@example.fr"}),
        ("Jo+boutique-26", {"email": "jo+boutique@example.fr"}),
        ("Boutique+ae-26", {"email": "boutique+ae@example.fr"}),
        ("Aa-35600000049837", {"siret": SIRET}),
        ("Aa-356 000 000 49837", {"siret": SIRET}),
        ("Aa-３５６000000.49837", {"siret": SIRET}),
        ("Aa-294032A120005", {"is_own_nir": NIR.__eq__}),
        ("aA-294032a120005", {"is_own_nir": NIR.__eq__}),
        ("Aa-2 94 03 2A 120 005 51", {"is_own_nir": NIR.__eq__}),
        ("Aa9-294032A120005", {"is_own_nir": NIR.__eq__}),
        ("294032A120005-a", {"is_own_nir": NIR.__eq__}),
    ],
)
def test_identity_is_refused(password: str, known: dict[str, Any]) -> None:
    """A person's identity is found in any case, with any accents and separators."""
    assert codes(password, **known) == ["contains-identity"]
    assert codes(password) == []


@pytest.mark.parametrize(
    "known",
    [
        {"names": ("Ly", "Bo")},
        {"names": ("van Sol",)},
        {"names": ("", "-")},
        {"email": "to@example.fr"},
        {"email": "@example.fr"},
        {"siret": ""},
        {"siret": SIRET},
        {"is_own_nir": NIR.__eq__},
    ],
)
def test_chance_likeness_is_allowed(known: dict[str, Any]) -> None:
    """Short names inside words, particles and absent numbers refuse nothing."""
    assert codes(GOOD, **known) == []


def test_only_candidates_are_asked_for() -> None:
    """The secret comparison is only called for texts shaped as a NIR."""
    asked: list[str] = []
    codes("Aa-0294032A1200059", is_own_nir=lambda nir: bool(asked.append(nir)))
    assert asked == ["294032A120005"]
    asked.clear()
    codes("Tournesol-42-Tournesol", is_own_nir=lambda nir: bool(asked.append(nir)))
    assert asked == []


def test_without_a_nir_none_is_found() -> None:
    """For a person without a NIR, thirteen characters in its shape are allowed."""
    assert check_password("Aa-294032A120005") == []


def test_all_failures_come_together() -> None:
    """A person sees every broken rule at once, identity last."""
    assert codes("dupontel", names=("Dupontel",)) == [
        "too-short",
        "no-uppercase",
        "no-digit",
        "no-special",
        "contains-identity",
    ]


@given(
    password=st.text(max_size=60)
    | st.text(string.ascii_letters + string.digits + SPECIALS + " éÉ", max_size=60)
)
@example("Aa1-567890")
def test_verdict_equals_an_independent_oracle(password: str) -> None:
    """The codes of the criteria are those that another computation of them gives."""
    text = unicodedata.normalize("NFKC", password)
    kinds = {unicodedata.category(c) for c in text}
    broken = {
        "too-short": len(text) < 10,
        "too-long": len(text) > 50,
        "no-lowercase": "Ll" not in kinds,
        "no-uppercase": "Lu" not in kinds,
        "no-digit": "Nd" not in kinds,
        "no-special": not set(SPECIALS) & set(text),
    }
    found = [code for code in codes(password) if code != "too-common"]
    assert found == [code for code, is_broken in broken.items() if is_broken]


@given(
    password=st.text(max_size=60),
    name=st.text(st.sampled_from("abcdeÉç-’ "), min_size=1, max_size=8),
    place=st.integers(0, 60),
)
def test_a_hidden_name_is_found(password: str, name: str, place: int) -> None:
    """A name of five letters or more is found anywhere in a password; nothing raises."""
    letters = [c for c in name if c.isalpha()]
    found = "contains-identity" in codes(
        password[:place] + name.upper() + password[place:], names=(name,)
    )
    assert found or len(letters) < 5


@given(text=st.text())
def test_normalisation_is_stable(text: str) -> None:
    """Normalising twice changes nothing, so a stored hash still fits its password."""
    once = normalize_password(text)
    assert normalize_password(once) == once


@given(text=st.text(), known=st.text(), email=st.text(), siret=st.text())
def test_no_text_makes_it_fail(text: str, known: str, email: str, siret: str) -> None:
    """For any text, the answer is a list of named rules."""
    assert set(codes(text, names=(known,), email=email, siret=siret)) <= {
        "too-short",
        "too-long",
        "no-lowercase",
        "no-uppercase",
        "no-digit",
        "no-special",
        "contains-identity",
        "too-common",
    }


def test_clues_at_their_shortest() -> None:
    """Parts of four letters of a name are clues, and an address's part before the first « + »."""
    assert codes("Luce-mauve-12", names=("Marie-Luce Dupond",)) == ["contains-identity"]
    assert codes("Tournesol-42", email="tournesol+a+b@example.fr") == ["contains-identity"]
    assert codes("Tournesol-42", email="other+tournesol@example.fr") == []


@pytest.mark.guards("passwords-that-everybody-tries")
@pytest.mark.parametrize(
    "password",
    [
        *("Password1!", "P@ssw0rd2026", "Motdepasse-1", "Mot-de-passe-2026", "@Dmin-12345"),
        *("Azerty-12345", "AzertyAzerty1!", "Azerty-123-Azerty", "Qwertyuiop1$", "Bonjour-2026"),
        *("2026-Bienvenue", "Je-t-aime-2026", "Auto-Entrepreneur-1"),
        # Words that are twice the same letters
        *("Doudou-2026", "Loulou2026!", "Coucou-123", "Chouchou-1"),
        # Neighbours on the keyboard, words backwards, one letter beside digits that count
        *("1qaz@WSX3edc", "Aqwzsx-1234", "Wxcvbn123!", "Drowssap-12", "Ｐａｓｓｗｏｒｄ１！"),
        *("Aa123456789!", "Aa-987654321", "aA-11111111", "Aaaaaaaaa1!", "Aa890123456!"),
    ],
)
def test_a_password_that_everybody_tries_is_refused(password: str) -> None:
    """A well-known word is no password, whatever digits and signs are put around it."""
    assert codes(password + "@") == ["too-common"]


@pytest.mark.parametrize(
    "password",
    [
        "Anatomie-2026!",
        "Sample-Password-1",
        "Bonjour-Tristesse-1",
        "Azerty-Mauve-88",
        "Testament-77",
        "Aa-83749205",
        "Tototte-2026",
    ],
)
def test_a_word_that_many_use_may_be_part_of_a_password(password: str) -> None:
    """Only a password without anything else is one that everybody tries."""
    assert codes(password) == []
