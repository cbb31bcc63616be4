"""What the document says of a field: never more than its rule, and as much as a pattern can."""

import json
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from portal.http import fields
from portal.rules.password import CRITERIA, normalize_password
from tests.rules.typed import TYPED, Typed

FIELDS: dict[str, TypeAdapter[str]] = {
    "nir": TypeAdapter(fields.NirText),
    "nir_key": TypeAdapter(fields.NirKey),  # read with a number: see accepts()
    "siret": TypeAdapter(fields.Siret),
    "mobile_phone": TypeAdapter(fields.MobilePhone),
    "last_name": TypeAdapter(fields.PersonName),
    "first_name": TypeAdapter(fields.PersonName),
    "email": TypeAdapter(fields.EmailAddress),
    "identifier": TypeAdapter(fields.Identifier),
    "message": TypeAdapter(fields.Message),
    "token": TypeAdapter(fields.LinkToken),
    "password": TypeAdapter(fields.Password),
}
SCHEMAS = {name: Draft202012Validator(each.json_schema()) for name, each in FIELDS.items()}
CHOSEN = Draft202012Validator(TypeAdapter(fields.ChosenPassword).json_schema())


NUMBERS_OF_A_KEY = (None, "2940375120005", "294037512000591", "7940375120005")


def accepts(field: str, text: str) -> bool:
    """Return whether the rule of a field accepts a text; of a key, with any of some numbers."""
    if field == "nir_key":
        return any(accepts_key(number, text) for number in NUMBERS_OF_A_KEY)
    try:
        FIELDS[field].validate_python(text)
    except ValidationError:
        return False
    return True


def accepts_key(nir: str | None, key: str) -> bool:
    """Return whether a key may be sent with a number, or with null."""
    try:
        PAIR.validate_python({"nir": nir, "nir_key": key})
    except ValidationError:
        return False
    return True


PAIR = TypeAdapter(fields.NirFields)
BETWEEN = st.text(
    st.sampled_from(" .-_/()\t\n,\u00a0\u2011\u2013\u200b\u202f\ufeff\u00ad·•+"), max_size=2
)


def spaced(digits: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return numbers with what people type between their characters, and around them."""

    @st.composite
    def build(draw: Callable[..., str]) -> str:
        return draw(BETWEEN) + "".join(each + draw(BETWEEN) for each in draw(digits))

    return build()


GOOD = {
    "nir": ["2940375120005", "294037512000591", "294032A120005", "294032b12000551"],
    "nir_key": ["91", ""],
    "siret": ["35600000000048", "73282932000074"],
    "mobile_phone": ["0612345678", "+33612345678", "0033692123456", "+687751234", "+6834000"],
}
TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(st.sampled_from("abéÉ '’-.·\u3164\u200b\u0301日@,`´"), max_size=12),
)
ADDRESSES = st.one_of(
    st.emails(),
    st.builds(
        "{}{}@{}.{}{}".format,
        st.sampled_from(["", " ", "\u200b", "\ufeff"]),
        st.text(string.ascii_letters + "+.'-", min_size=1, max_size=8),
        st.sampled_from(["a", "ex", "bücher", "例え", "a。b"]),
        st.sampled_from(["fr", "рф", "℡", "xn--p1ai", "f"]),
        st.sampled_from(["", " ", "\n", "\u2060"]),
    ),
)
ANY = st.text(max_size=20)
NUMBERS = {field: spaced(st.sampled_from(good)) for field, good in GOOD.items()}
TYPED_IN: dict[str, st.SearchStrategy[str]] = {
    **{
        field: good | spaced(st.text(string.digits + "ABab")) | ANY
        for field, good in NUMBERS.items()
    },
    **dict.fromkeys(("last_name", "first_name", "message", "token", "password"), TEXTS),
    "email": ADDRESSES,
    "identifier": ADDRESSES | NUMBERS["nir"] | TEXTS,
}


@pytest.mark.parametrize("field", FIELDS)
@given(st.data())
def test_what_a_rule_accepts_its_schema_accepts(field: str, data: st.DataObject) -> None:
    """No client that is generated from the document refuses what the service accepts."""
    text = data.draw(TYPED_IN[field])
    if accepts(field, text):
        SCHEMAS[field].validate(text)


@pytest.mark.parametrize("line", [each for each in TYPED if not each.code or each.code == "nobody"])
def test_what_people_type_fits_the_schema(line: Typed) -> None:
    """Whatever the table of typed values has as accepted, the document accepts."""
    SCHEMAS[line.field].validate(line.typed)


@given(st.text(min_size=6, max_size=46))
def test_a_password_that_is_accepted_fits_the_schema(beginning: str) -> None:
    """A password that meets the criteria, in any script, is accepted by the document."""
    password = f"{beginning}Aa1!"
    if all(each.is_met(normalize_password(password)) for each in CRITERIA):
        CHOSEN.validate(password)


@given(st.text(st.sampled_from("abyzABYZ0189$@&+-/#_?!\"%'*,.:>[^`{~ "), max_size=54))
def test_a_password_of_ascii_is_refused_exactly_as_by_the_criteria(password: str) -> None:
    """Of a password without accents the document says all that the criteria say."""
    assert CHOSEN.is_valid(password) == all(each.is_met(password) for each in CRITERIA)


@pytest.mark.parametrize("typed", ["㎐℀①２３４５６７８", "Élève-№-Ⅻ①!", "Ａａ１！Ａａ１！Ａａ１！"])
def test_a_password_is_judged_in_its_normal_form(typed: str) -> None:
    """A password that becomes good when it is normalised is not refused by the document."""
    assert all(each.is_met(normalize_password(typed)) for each in CRITERIA)
    CHOSEN.validate(typed)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("nir", ""),
        ("nir", "294037512000"),
        ("nir", "29403751200059"),
        ("nir", "5940375120005"),
        ("nir", "29403751200X5"),
        ("nir", "2940375120005" + " " * 60),
        ("nir_key", "9"),
        ("nir_key", "9X"),
        ("nir_key", "912"),
        ("siret", "3560000000004"),
        ("siret", "356000000000481"),
        ("siret", "3560000000004A"),
        ("mobile_phone", ""),
        ("mobile_phone", "06"),
        ("mobile_phone", "06 12 34 56 7X"),
        ("last_name", ""),
        ("last_name", "Dupont3"),
        ("last_name", "a/b"),
        ("last_name", "<b>"),
        ("last_name", "a" * 321),
        ("email", "michel"),
        ("email", "@example.fr"),
        ("email", "a@b@c.fr"),
        ("identifier", ""),
        ("message", ""),
        ("message", "a" * 4001),
    ],
)
def test_what_a_pattern_can_refuse_is_refused(field: str, text: str) -> None:
    """The document refuses what the rule refuses, as far as a schema can say it."""
    assert not accepts(field, text)
    assert not SCHEMAS[field].is_valid(text)


def test_no_schema_needs_more_than_json() -> None:
    """What is added to a schema is JSON, as any client reads it."""
    for each in FIELDS.values():
        schema: dict[str, Any] = each.json_schema()
        assert json.loads(json.dumps(schema)) == schema
