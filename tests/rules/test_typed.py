"""The table of what people type, read with the rules."""

from collections.abc import Callable

import pytest

from portal.rules import RuleError
from portal.rules.email import email_key, parse_email
from portal.rules.identifier import parse_identifier
from portal.rules.name import parse_name
from portal.rules.nir import nir_check_key, parse_nir
from portal.rules.password import CRITERIA, check_password
from portal.rules.phone import parse_mobile, show_mobile
from portal.rules.siret import parse_siret
from tests.rules.typed import EMAILS, PASSWORDS, TYPED, WHO, Typed


def _nir(line: Typed) -> str:
    """Read a number with the key of the line, else its right one."""
    key = dict(line.given).get("nir_key")
    return parse_nir(line.typed, key if key is not None else nir_check_key(line.form or "2" * 13))


RULES: dict[str, Callable[[Typed], str]] = {
    "nir": _nir,
    "siret": lambda line: parse_siret(line.typed),
    "mobile_phone": lambda line: parse_mobile(line.typed),
    "last_name": lambda line: parse_name(line.typed),
    "first_name": lambda line: parse_name(line.typed),
    "email": lambda line: parse_email(line.typed),
    "identifier": lambda line: parse_identifier(line.typed),
}


def named(line: Typed) -> str:
    """Return the name of a line in pytest's report, with every character visible."""
    return f"{line.field}-{ascii(line.typed)[1:-1]}"


@pytest.mark.guards("names-are-visible", only="last_name-Du\\u3164pont")
@pytest.mark.guards(
    "marks-per-letter", only="last_name-Z\\u0334\\u0334\\u0334\\u0334\\u0334\\u0334"
)
@pytest.mark.guards("top-label", only="email-typed@orange.f")
@pytest.mark.parametrize("line", TYPED, ids=named)
def test_what_is_typed(line: Typed) -> None:
    """Each line is stored in its form, which is stable, or refused with its code and words."""
    rule = RULES[line.field]
    if not line.code or line.code == "nobody":
        found = rule(line)
        assert line.code == "nobody" or found == line.form
        assert rule(line._replace(typed=found, form=found, given=())) == found
    else:
        with pytest.raises(RuleError) as caught:
            rule(line)
        assert caught.value.code == line.code
        assert line.words in caught.value.detail


@pytest.mark.parametrize("line", [line for line in EMAILS if line.form], ids=named)
def test_one_key_for_all_spellings(line: Typed) -> None:
    """An address has the same key typed with invisible marks and without."""
    assert email_key(line.typed) == email_key(line.form)


@pytest.mark.parametrize(("password", "allowed"), PASSWORDS)
def test_passwords(password: str, *, allowed: bool) -> None:
    """A password is refused if it contains its person's name, address or numbers, else accepted."""
    broken = check_password(
        password,
        names=(WHO["first_name"], WHO["last_name"]),
        email=WHO["email"],
        siret=WHO["siret"],
        is_own_nir=WHO["nir"].__eq__,
    )
    assert [error.code for error in broken] == ([] if allowed else ["contains-identity"])
    assert all(criterion.is_met(password) for criterion in CRITERIA)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+33612345678", "06 12 34 56 78"),
        ("+590690123456", "0690 12 34 56"),
        ("+594694123456", "0694 12 34 56"),
        ("+596696123456", "0696 12 34 56"),
        ("+262692123456", "0692 12 34 56"),
        ("+262639012345", "0639 01 23 45"),
        ("+687751234", "+687 75.12.34"),
        ("+68987123456", "+689 87 12 34 56"),
        ("+32470123456", "+32 470 12 34 56"),
        ("unknown", "unknown"),
    ],
)
def test_phones_as_people_write_them(number: str, shown: str) -> None:
    """A number is shown with the zero and the groups that people use, overseas too."""
    assert show_mobile(number).replace("\u00a0", " ") == shown
    if shown[0] in "0+":
        assert parse_mobile(show_mobile(number)) == number
