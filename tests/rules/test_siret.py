"""The Siret rule. Every number is synthetic, except those of La Poste, which are public."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.rules import RuleError
from portal.rules.siret import parse_siret

SEPARATORS = ["", " ", ".", "-", " / ", "\t", "\u00a0", "\u2009", "\u2012", "\u202d"]


def luhn_digit(digits: str) -> str:
    """Return the digit that makes the Luhn sum of `digits` and it a multiple of ten."""
    doubled = [int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(reversed(digits))]
    return str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


@st.composite
def sirets(draw: st.DrawFn) -> str:
    """Draw a valid Siret that is not La Poste's."""
    siren = draw(st.from_regex(r"[0-9]{8}", fullmatch=True))
    siren += luhn_digit(siren)
    assume(siren not in {"000000000", "356000000"})
    nic = draw(st.from_regex(r"[0-9]{4}", fullmatch=True))
    return siren + nic + luhn_digit(siren + nic)


def refusal(text: str) -> str:
    """Return the code with which a text is refused."""
    with pytest.raises(RuleError) as caught:
        parse_siret(text)
    return caught.value.code


@pytest.mark.parametrize(
    "typed",
    ["35600000000048", "35600000049837", " 356 000 000 49837 ", "356.000.000.49837"],
)
def test_la_poste(typed: str) -> None:
    """La Poste's establishments pass by the sum of their digits, its head office by Luhn."""
    assert parse_siret(typed) == "".join(c for c in typed if c.isdigit())


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "required"),
        (" \u00a0. ", "required"),
        ("0" * 14, "invalid-number"),
        ("00000000000018", "invalid-number"),
        ("35600000049838", "invalid-checksum"),
        ("3560000004983", "invalid-length"),
        ("356000000498370", "invalid-length"),
        ("1" * 65, "invalid-length"),
        ("732829320", "looks-like-siren"),
        ("2940375120005", "looks-like-nir"),
        ("294037512000591", "looks-like-nir"),
        ("294032A120005", "looks-like-nir"),
        ("294037512000592", "invalid-length"),
        ("2941375120005", "invalid-length"),
        ("3560000004983A", "invalid-characters"),
        ("35600000049837\0", "invalid-characters"),
        ("٣٥٦٠٠٠٠٠٠٤٩٨٣٧", "invalid-characters"),
        ("３５６０００００04９８３７", "invalid-characters"),
        ("3560000004983²", "invalid-characters"),
    ],
)
def test_refusals(typed: str, code: str) -> None:
    """Each kind of wrong Siret is refused with its own code."""
    assert refusal(typed) == code


@given(siret=sirets(), data=st.data())
def test_separators_are_dropped(siret: str, data: st.DataObject) -> None:
    """A valid Siret passes with any spaces, dots and invisible marks pasted in it."""
    gaps = data.draw(st.lists(st.sampled_from(SEPARATORS), min_size=14, max_size=14))
    typed = "".join(gap + digit for gap, digit in zip(gaps, siret, strict=True))
    assert parse_siret(typed) == siret
    assert parse_siret(parse_siret(typed)) == siret


@given(siret=sirets(), place=st.integers(0, 13), change=st.integers(1, 9))
def test_any_single_wrong_digit_is_refused(siret: str, place: int, change: int) -> None:
    """A Siret with one wrong digit is refused."""
    wrong = str((int(siret[place]) + change) % 10)
    code = refusal(siret[:place] + wrong + siret[place + 1 :])
    assert code in {"invalid-checksum", "invalid-number"}


@given(siret=sirets(), wrong=st.integers(1, 9))
def test_the_siren_has_a_key_of_its_own(siret: str, wrong: int) -> None:
    """A Siret whose 14 digits pass Luhn is refused if its first nine do not."""
    siren = siret[:8] + str((int(siret[8]) + wrong) % 10)
    assume(siren != "356000000")
    code = refusal(siren + siret[9:13] + luhn_digit(siren + siret[9:13]))
    assert code in {"invalid-checksum", "invalid-number"}


@given(text=st.text())
def test_any_text_passes_or_is_refused(text: str) -> None:
    """Any text is accepted, or refused by the rule's own refusal."""
    try:
        siret = parse_siret(text)
    except RuleError:
        return
    assert siret.isdigit()
