"""The rules of an IBAN and of its holder. Numbers are synthetic, or examples of the registry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import RuleError
from portal.rules.holder import parse_holder
from portal.rules.iban import mask_iban, parse_iban
from tests.world.ibans import french, grouped, with_iso_key

EXAMPLE = "FR1420041010050500013M02606"


def refusal(text: str) -> RuleError:
    """Return the error with which an IBAN is refused."""
    with pytest.raises(RuleError) as caught:
        parse_iban(text)
    return caught.value


@pytest.mark.parametrize(
    "typed",
    [
        EXAMPLE,
        EXAMPLE.lower(),
        grouped(EXAMPLE),
        f"IBAN {grouped(EXAMPLE)}",
        f"iban: {EXAMPLE}".replace(":", ""),
        "FR14-2004-1010-0505-0001-3M02-606",
        f"\u202d{grouped(EXAMPLE)}\u00a0\n".replace(" ", "\u2009"),
    ],
)
def test_what_is_between_the_characters_is_dropped(typed: str) -> None:
    """Spaces, dashes, small letters, marks and the word IBAN change nothing."""
    assert parse_iban(typed) == EXAMPLE


@pytest.mark.parametrize(
    "iban",
    [
        *("DE89 3704 0044 0532 0130 00", "BE68 5390 0754 7034", "MC5811222000010123456789030"),
        *("GB29NWBK60161331926819", "CH9300762011623852957", "MT84MALT011000012345MTLCAST001S"),
        *("NO9386011117947", "AL47212110090000000235698741", "RS35260005601001611379"),
    ],
)
def test_countries_of_the_zone(iban: str) -> None:
    """An account of the SEPA zone is accepted, in the euro or not."""
    assert parse_iban(iban) == iban.replace(" ", "")


@pytest.mark.guards("sepa-only")
@pytest.mark.parametrize("iban", ["TR330006100519786457841326", "SA0380000000608010167519"])
def test_other_countries(iban: str) -> None:
    """A right IBAN of another country is refused by its name."""
    assert refusal(iban).code == "iban-outside-sepa"


@pytest.mark.guards("rib-key")
@pytest.mark.parametrize(
    ("country", "bban"),
    [("FR", "30006000011234567890188"), ("MC", "11222000010123456789031")],
)
def test_a_wrong_rib_key(country: str, bban: str) -> None:
    """A French or Monegasque account with a right ISO key and a wrong RIB key is refused."""
    assert refusal(with_iso_key(country, bban)).code == "iban-invalid"


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        ("", "required", "Indiquez"),
        (" - ", "required", "Indiquez"),
        ("20041010050500013026060", "iban-invalid", "RIB"),
        ("1420041010050500013M02606", "iban-invalid", "deux lettres"),
        (EXAMPLE[:-1], "iban-invalid", "erreur"),
        (f"{EXAMPLE}0", "iban-invalid", "erreur"),
        ("FR", "iban-invalid", "erreur"),
        ("XX00", "iban-invalid", "erreur"),
        ("FR14 2004 1010 0505 0001 3M02 6é6", "iban-invalid", "sans accent"),
        ("FR1420041010050500013M02٦06", "iban-invalid", "sans accent"),
        ("F" * 65, "iban-invalid", "lettres"),
    ],
)
def test_what_is_no_iban(typed: str, code: str, words: str) -> None:
    """What is no IBAN is refused, in words that say what to do."""
    error = refusal(typed)
    assert error.code == code
    assert words in error.detail


@given(st.integers(0, 10**11 - 1), st.integers(0, 26), st.integers(1, 9))
def test_one_wrong_digit_is_found(account: int, place: int, by: int) -> None:
    """A French IBAN is right as it was made, and wrong with any one digit changed."""
    iban = french(account)
    assert parse_iban(iban) == iban.replace(" ", "")
    if iban[place].isdigit():
        changed = iban[:place] + str((int(iban[place]) + by) % 10) + iban[place + 1 :]
        assert refusal(changed).code == "iban-invalid"


@given(st.text(max_size=70))
def test_any_text_is_accepted_or_refused(text: str) -> None:
    """Any text is an IBAN or refused with a code; nothing else is raised."""
    try:
        outcome = parse_iban(text)[:2]
    except RuleError as error:
        outcome = error.code
    assert outcome in {"required", "iban-invalid", "iban-outside-sepa"} or outcome.isalpha()


def test_it_is_shown_by_its_last_four() -> None:
    """The masked form has the last four characters and no other."""
    assert mask_iban("2606") == "••••\u00a02606"


@pytest.mark.parametrize("name", ["Michèle Dupont", "M. ou Mme D’Œuf-Łuczak", "EI Nguyễn"])
def test_holders(name: str) -> None:
    """A name in Latin letters, with any accent, is a holder."""
    assert parse_holder(f"  {name} ") == name


@pytest.mark.guards("length-of-holders")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "required"),
        ("Иван", "not-latin"),
        ("a" * 71, "invalid-length"),
        ("<b>Dupont</b>", "invalid-characters"),
        ("FR76 3000", "invalid-characters"),
    ],
)
def test_who_is_no_holder(name: str, code: str) -> None:
    """Other scripts, long names, mark-up and numbers are refused."""
    with pytest.raises(RuleError) as caught:
        parse_holder(name)
    assert caught.value.code == code
    assert parse_holder("a" * 70)
