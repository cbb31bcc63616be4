"""The types of request models. Every number is synthetic."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from portal.http.fields import (
    EmailAddress,
    Identifier,
    LinkToken,
    MobilePhone,
    NirFields,
    Password,
    PersonName,
    Siret,
    StrictModel,
)
from portal.http.french import french_detail

SECRET = "Zz9-secret-marker"


class Everything(NirFields):
    """A body with a field of each type."""

    siret: Siret | None
    mobile_phone: MobilePhone
    last_name: PersonName
    email: EmailAddress
    password: Password
    token: LinkToken
    identifier: Identifier
    is_agent: bool


BODY = {
    "siret": "356 000 000 49837",
    "nir": "2 94 03 2a 120 005",
    "nir_key": "51",
    "mobile_phone": "06 12 34 56 78",
    "last_name": " He\u0301le\u0300ne ",
    "email": " Michel@EXAMPLE.fr ",
    "password": "  Aa1-5678\u00a0",
    "token": "abc-_9",
    "identifier": " miche\u0301l@example.fr ",
    "is_agent": False,
}


def refusals(body: object) -> list[tuple[str, str]]:
    """Return the (field, code) pairs with which a body is refused, checking each detail."""
    with pytest.raises(ValidationError) as caught:
        Everything.model_validate(body)
    found: list[tuple[str, str]] = []
    for error in caught.value.errors():
        code, detail = french_detail(error["type"], error["msg"])
        assert detail.endswith((".", "!"))
        assert SECRET not in detail
        found.append((".".join(map(str, error["loc"])), code))
    assert SECRET not in str(caught.value)
    return found


def test_a_good_body() -> None:
    """Each field is passed on in its stored form; the password keeps its spaces."""
    body = Everything.model_validate(BODY)
    assert body.model_dump() == {
        "siret": "35600000049837",
        "nir": "294032A120005",
        "nir_key": "51",
        "mobile_phone": "+33612345678",
        "last_name": "Hélène",
        "email": "Michel@example.fr",
        "password": "  Aa1-5678\u00a0",
        "token": "abc-_9",
        "identifier": "michél@example.fr",
        "is_agent": False,
    }
    assert body.nir_number == "294032A120005"


@pytest.mark.guards("strict-types", "no-control-characters")
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("siret", "", "required"),
        ("siret", 35600000049837, "invalid-type"),
        ("siret", "35600000049838", "invalid-checksum"),
        ("siret", "1" * 65, "too-long"),
        ("siret", "\ud800", "invalid-characters"),
        ("nir", "294032C120005", "invalid-characters"),
        ("nir", "294032A12000552", "invalid-checksum"),
        ("nir", 2940375120005, "invalid-type"),
        ("nir", True, "invalid-type"),
        ("nir_key", "52", "invalid-checksum"),
        ("nir_key", "", "key-required"),
        ("nir_key", None, "key-required"),
        ("nir_key", "5", "invalid-key"),
        ("nir_key", 51, "invalid-type"),
        ("nir_key", "\udfff", "invalid-characters"),
        ("mobile_phone", "0123456789", "not-mobile"),
        ("mobile_phone", None, "invalid-type"),
        ("mobile_phone", SECRET, "invalid-characters"),
        ("last_name", "Dup@ont", "invalid-characters"),
        ("last_name", "A" * 81, "invalid-length"),
        ("last_name", "A" * 321, "too-long"),
        ("last_name", "Dup\ud83d", "invalid-characters"),
        ("last_name", ["Dupont"], "invalid-type"),
        ("email", SECRET, "invalid-email"),
        ("email", "a" * 400, "too-long"),
        ("email", "michel@example\udc00.fr", "invalid-characters"),
        ("password", "A" * 257, "too-long"),
        ("password", f"{SECRET}\n", "invalid-characters"),
        ("password", f"{SECRET}\x7f", "invalid-characters"),
        ("password", f"{SECRET}\ud800", "invalid-characters"),
        ("password", {}, "invalid-type"),
        ("token", 5, "invalid-type"),
        ("token", None, "invalid-type"),
        ("identifier", "", "too-short"),
        ("identifier", " \u00a0", "required"),
        ("identifier", "a" * 255, "too-long"),
        ("identifier", "a\0b", "invalid-characters"),
        ("identifier", "\ud800", "invalid-characters"),
        ("is_agent", "true", "invalid-type"),
        ("is_agent", 1, "invalid-type"),
        ("is_agent", None, "invalid-type"),
        ("surprise", SECRET, "unknown-field"),
    ],
)
def test_refusals(field: str, value: object, code: str) -> None:
    """Each wrong value, sent as JSON, is refused on its own field with a code, in French."""
    body = json.loads(json.dumps({**BODY, field: value}))
    assert refusals(body) == [(field, code)]


def test_a_field_named_by_no_text() -> None:
    """A field named by a lone surrogate is refused like a wrong value."""
    assert refusals(json.loads(json.dumps({**BODY, "\ud800": SECRET}))) == [
        ("", "invalid-characters")
    ]


@pytest.mark.parametrize("token", ["", "a.b", "é", "a\n", "\ud800", "a" * 5000])
def test_any_text_is_a_link_token(token: str) -> None:
    """A text that is no token is accepted by its type, and is later an unknown link."""
    assert Everything.model_validate({**BODY, "token": token}).token == token


@pytest.mark.parametrize("field", list(BODY))
def test_every_field_is_required(field: str) -> None:
    """A missing field is refused: null must be explicit, and consent too."""
    assert refusals({name: value for name, value in BODY.items() if name != field}) == [
        (field, "required")
    ]


@pytest.mark.parametrize("body", [None, [], "text", 5, True])
def test_bodies_that_are_no_object(body: object) -> None:
    """A body that is not an object is refused as such."""
    assert refusals(body) == [("", "invalid-type")]


@pytest.mark.parametrize("body", ["{", "", "nul", '{"a": NaN'])
def test_malformed_json(body: str) -> None:
    """A text that is not JSON is refused and not quoted."""
    with pytest.raises(ValidationError) as caught:
        Everything.model_validate_json(body)
    [error] = caught.value.errors()
    assert french_detail(error["type"], error["msg"])[0] == "invalid-json"


@pytest.mark.parametrize(
    ("nir", "key", "number"),
    [
        (None, None, None),
        (None, "", None),
        ("294032A120005", "51", "294032A120005"),
        ("294032A12000551", None, "294032A120005"),
        ("2 94 03 2A 120 005 51", " ", "294032A120005"),
        ("294032A12000551", "51", "294032A120005"),
    ],
)
def test_number_and_key(nir: str | None, key: str | None, number: str | None) -> None:
    """The key has its own field or ends the number; both are null for who has no number."""
    body = NirFields.model_validate({"nir": nir, "nir_key": key})
    assert body.nir_number == number
    assert body.nir_key in {None, "51"}


@pytest.mark.parametrize(
    ("nir", "key", "expected"),
    [
        (None, "51", [("nir_key", "unexpected-key")]),
        ("294032A12000551", "52", [("nir_key", "invalid-checksum")]),
        ("0940375120005", "91", [("nir", "invalid-number")]),
        ("", None, [("nir", "required")]),
    ],
)
def test_number_and_key_that_disagree(
    nir: str | None, key: str | None, expected: list[tuple[str, str]]
) -> None:
    """A refusal names only the field to correct."""
    assert refusals({**BODY, "nir": nir, "nir_key": key}) == expected


def test_models_are_frozen() -> None:
    """A validated body cannot be changed."""
    body = NirFields.model_validate({"nir": None, "nir_key": None})
    with pytest.raises(ValidationError, match="frozen"):
        body.nir = "1"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("error_type", "expected"),
    [
        ("missing", "required"),
        ("int_parsing", "invalid-type"),
        ("less_than_equal", "out-of-range"),
        ("literal_error", "invalid-choice"),
        ("url_parsing", "invalid"),
        ("value_error", "invalid"),
    ],
)
def test_no_message_of_the_library_reaches_people(error_type: str, expected: str) -> None:
    """Pydantic's own errors are translated; unknown ones get a general answer."""
    code, detail = french_detail(error_type, SECRET)
    assert code == expected
    assert SECRET not in detail


def test_our_refusals_pass_as_they_are() -> None:
    """A rule's own code and detail are passed on unchanged."""
    assert french_detail("not-mobile", "Texte.") == ("not-mobile", "Texte.")


@given(
    body=st.dictionaries(
        st.sampled_from([*BODY, "other"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(st.characters(exclude_categories=[]), max_size=40)
        | st.lists(st.text(), max_size=2),
    )
)
def test_no_body_makes_it_fail(body: dict[str, object]) -> None:
    """Any JSON, lone surrogates included, is accepted or refused with French details."""
    try:
        Everything.model_validate(json.loads(json.dumps({**BODY, **body})))
    except ValidationError as caught:
        for error in caught.errors():
            code, detail = french_detail(error["type"], error["msg"])
            assert code
            assert "\u00a0" in detail or not any(c in detail for c in ":;?!")


def test_login_loads_no_slow_library() -> None:
    """Validating a login body loads neither phonenumbers, email-validator nor stdnum."""

    class _Login(StrictModel):
        identifier: Identifier
        password: Password

    assert _Login.model_validate({"identifier": "a", "password": "b"})
    code = """
import sys
from portal.http.fields import Identifier, Password, StrictModel
class Login(StrictModel):
    identifier: Identifier
    password: Password
Login.model_validate({"identifier": "2940375120005", "password": "b"})
slow = {"phonenumbers", "email_validator", "idna", "dns", "stdnum", "jinja2"}
print(slow & set(sys.modules))
"""
    done = subprocess.run(  # noqa: S603 - a constant program
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"
