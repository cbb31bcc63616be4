"""Texts that look like others, are read as others, or hide something."""

import unicodedata

import pytest

from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import account_holder, logged_in, signed_up
from tests.world.mailbox import ACKNOWLEDGEMENT, Mailbox
from tests.world.people import PASSWORD, contact_form, new_person

pytestmark = pytest.mark.stack

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u061c\u180e"
DIRECTIONS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    "trick",
    [
        lambda local: local.replace("m", "\uff4d", 1),  # full-width
        lambda local: local.replace("m", "\U0001d426", 1),  # mathematical
        lambda local: local.replace(".", "\u2024", 1),  # one dot leader
        lambda local: local.replace(".t", ".\u0442", 1),  # Cyrillic
        lambda local: f"{local}\u0301",
        lambda local: f"{local[:3]}\u200b{local[3:]}",
        lambda local: f"{local[:3]}\u202e{local[3:]}",
        lambda local: f"{local}\u2066",
        lambda local: local + "\u00adx",
        lambda local: local + "\ud800",
        lambda local: local + "\x7f",
        lambda local: f'"{local}"',
        lambda local: f"{local}(x)",
        lambda local: f"a@{local}",
        lambda local: f"{local}@example.fr,b",
    ],
)
def test_local_parts(client: Client, mailbox: Mailbox, trick: object) -> None:
    """An address that only looks like a holder's is refused or is another address."""
    if not _holder:
        _holder.append(account_holder(client, mailbox).email)
    local, _, domain = _holder[0].rpartition("@")
    alike = f"{trick(local)}@{domain}"  # type: ignore[operator]
    answer = client.sign_up(new_person(), email=alike, email_confirmation=alike)
    assert (answer.status, answer.slug) == (422, "invalid-request")
    assert ("email", "undeliverable") not in answer.errors
    assert client.log_in(alike).status in {401, 422, 429}


_holder: list[str] = []


@pytest.mark.parametrize(
    "domain",
    ["\uff45xample.fr", "example\u3002fr", "ex\u00adample.fr", "EXAMPLE.FR", "example.f\u1d63"],
)
def test_domains(client: Client, mailbox: Mailbox, direct: Direct, domain: str) -> None:
    """A domain that IDNA maps to another is that other one, or is refused."""
    person, token = signed_up(client, mailbox)
    assert client.set_password(token).status == 204
    alike = f"{person.email.partition('@')[0]}@{domain}"
    direct.forget_mails_to(person.email)
    answer = client.sign_up(new_person(), email=alike, email_confirmation=alike)
    if answer.status == 202:
        late = client.set_password(direct.new_link(answer.json["registration"]))
        assert (late.status, late.slug) == (409, "identity-conflict")
    else:
        assert answer.errors <= {("email", "invalid-email"), ("email", "invalid-characters"),
                                 ("email_confirmation", "invalid-email"),
                                 ("email_confirmation", "invalid-characters")}  # fmt: skip


@pytest.mark.parametrize("digits", ["full-width", "arabic", "superscript", "mathematical"])
def test_digits_of_other_scripts(client: Client, digits: str) -> None:
    """Digits of other scripts are refused in a NIR, a Siret and a phone."""
    zero = {"full-width": 0xFF10, "arabic": 0x0660, "superscript": 0x2080, "mathematical": 0x1D7CE}
    table = {ord("0") + n: zero[digits] + n for n in range(10)}
    person = new_person()
    for field in ("nir", "siret", "mobile_phone", "nir_key"):
        written = str(person.form()[field]).translate(table)
        answer = client.sign_up(person, **{field: written})
        assert answer.status == 422, field
        assert field in {each for each, _ in answer.errors}
    assert client.log_in(person.nir.translate(table)).status == 401


@pytest.mark.parametrize("hidden", [*DIRECTIONS, "\u200b", "\u2060", "\ufeff", "\u00ad"])
def test_names(client: Client, hidden: str) -> None:
    """A name with a character that turns or hides text is refused."""
    person = new_person()
    for field in ("last_name", "first_name"):
        answer = client.sign_up(person, **{field: f"Du{hidden}pont"})
        assert (answer.status, answer.errors) == (422, {(field, "invalid-characters")})
        contact = client.post("/api/contact", contact_form(person) | {field: f"Du{hidden}pont"})
        assert (contact.status, contact.errors) == (422, {(field, "invalid-characters")})


@pytest.mark.guards("names-carry-no-link")
@pytest.mark.parametrize(
    "name",
    ["https://a.example", "a.example/x", "<b>Dupont", "a@example.fr", "Dupont:", "Dupont 3",
     "Dupont\r\nBcc: x", "Du\u2028pont", "{{7*7}}", "${7*7}", "Dupont\uff1a", "Dupont\uff0f",
     "Dupont\u2024\u2044", "\uff1cb\uff1e", "e" + "\u0301" * 300],
)  # fmt: skip
def test_names_that_are_links(client: Client, name: str) -> None:
    """No link, address, tag, number or header reaches a mail by a name."""
    person = new_person()
    for field in ("last_name", "first_name"):
        answer = client.sign_up(person, **{field: name})
        assert (answer.status, {each for each, _ in answer.errors}) == (422, {field})


@pytest.mark.guards("names-are-visible", "marks-per-letter")
def test_names_that_show_nothing_or_too_much(client: Client) -> None:
    """A name of blank letters is missing; one with blanks inside or piles of marks is refused."""
    person = new_person()
    blank = ("\u3164", "\u115f\u1160", "\uffa0\uffa0", "\u2800", "\u200b", "\u3164 \u034f")
    refused = (
        *((each, "required") for each in blank),
        *((f"Du{each}pont", "invalid-characters") for each in "\u3164\u115f\uffa0\u2800\u034f"),
        ("Z" + "\u0334\u0351\u036b\u0343\u036a" * 6, "invalid-marks"),
        ("Dupont" + "\u0489" * 12, "invalid-marks"),
        ("\u0301\u0302", "no-letter"),
        ("-’-", "no-letter"),
    )
    for name, code in refused:
        for field in ("last_name", "first_name"):
            answer = client.sign_up(person, **{field: name})
            assert (answer.status, answer.errors) == (422, {(field, code)}), ascii(name)
            contact = client.post("/api/contact", contact_form(person) | {field: name})
            assert (contact.status, contact.errors) == (422, {(field, code)}), ascii(name)
    message = client.post("/api/contact", contact_form(person, "\u3164\n\u2800 \u200b"))
    assert (message.status, message.errors) == (422, {("message", "required")})


def test_a_name_that_a_mail_reader_may_link(client: Client, mailbox: Mailbox) -> None:
    """A name of letters and dots is no link in a mail."""
    person = new_person()
    assert client.sign_up(person, last_name="Evil.example", first_name="www.evil.example").status
    mail = mailbox.wait(person.email)
    for text in (mail.text, mail.html):
        assert "evil.example" not in text.lower().replace("evil.example.fr", "")


def test_passwords(client: Client, mailbox: Mailbox) -> None:
    """A password is the same in any composition (NFKC); nothing is trimmed, cut or folded."""
    person, token = signed_up(client, mailbox)
    password = "Ⅷ-Éte\u0301-ﬁn-12 "
    assert client.set_password(token, password).status == 204
    for same in (
        unicodedata.normalize("NFC", password),
        unicodedata.normalize("NFD", password),
        unicodedata.normalize("NFKC", password),
        unicodedata.normalize("NFKD", password),
    ):
        assert client.log_in(person.email, same).status == 200
    for other in (
        password.strip(),
        f" {password}",
        password.swapcase(),
        password + "\u200b",
        password.replace("É", "E"),
    ):
        assert client.log_in(person.email, other).status == 401
    assert client.log_in(person.email, password).status == 200


def test_passwords_that_hold_who_one_is(client: Client, mailbox: Mailbox) -> None:
    """Parts of the identity are found in a password in any equivalent writing."""
    person = logged_in(client, mailbox)
    local = person.email.partition("@")[0]
    wide = {n: n + 0xFEE0 for n in range(0x21, 0x7F)}
    for part in (local.upper(), local.translate(wide), person.last_name.swapcase()):
        answer = client.change_password(f"Aa1-{part}")
        assert ("password", "contains-identity") in answer.errors, part
    nir = person.nir.translate(wide)
    assert ("password", "contains-identity") in client.change_password(f"Aa-{nir}").errors
    assert client.another().log_in(person.email, PASSWORD).status == 200


def test_messages(client: Client, mailbox: Mailbox) -> None:
    """A message keeps its lines; no tag, header or control character reaches a mail."""
    person = new_person()
    for bad in ("\x00", "\x1b[2J", "\x08", "\x85", "\ud800", "\u2028" * 0 + "\x0b"):
        answer = client.post("/api/contact", contact_form(person, f"a{bad}b"))
        assert (answer.status, answer.errors) == (422, {("message", "invalid-characters")})
    assert client.post("/api/contact", contact_form(person, "x" * 4001)).status == 422
    text = "Bonjour\r\nSubject: faux\n.\n</p><script>alert(1)</script>{{ 7 * 7 }}"
    answer = client.post("/api/contact", contact_form(person, text))
    assert answer.status == 202
    mailbox.wait_titled(person.email, ACKNOWLEDGEMENT)
    mailbox.settle()
    (mail,) = [
        each
        for each in mailbox.of("assistance@portail.example")
        if answer.json["ticket"] in each.text
    ]
    assert "<script>" not in mail.html
    assert "{{ 7 * 7 }}" in mail.text
    assert "Subject:" not in mail.subject
