"""The table of what people type, sent to the deployed portal."""

from typing import Any

import pytest

from portal.core.identifiers import email_mac, nir_mac
from portal.rules.nir import nir_check_key
from tests.rules.typed import (
    EMAILS,
    IDENTIFIERS,
    KEY,
    NAMES,
    NIR,
    NUMBERS,
    PASSWORDS,
    SIREN,
    SIRET,
    WHO,
    Typed,
)
from tests.world.client import Answer, Client
from tests.world.direct import Direct
from tests.world.journey import account_holder
from tests.world.mailbox import Mailbox
from tests.world.people import new_person

pytestmark = pytest.mark.stack


def sign_up(client: Client, line: Typed) -> tuple[str, Answer]:
    """Sign up with one field as typed; return the address, and the answer."""
    person = new_person()
    changes: dict[str, Any] = {line.field: line.typed} | dict(line.given)
    if line.field == "nir" and "nir_key" not in changes:
        changes["nir_key"] = nir_check_key(line.form or NIR)
    if line.field == "email":
        changes["email_confirmation"] = line.typed
    return changes.get("email", person.email), client.sign_up(person, **changes)


def says(answer: Answer, line: Typed) -> bool:
    """Return whether an answer refuses a field with a line's code and words, without echo."""
    assert len(line.typed.strip()) < 4 or line.typed not in answer.text
    return answer.status == 422 and any(
        (each["field"], each["code"]) == (line.on, line.code) and line.words in each["detail"]
        for each in answer.json["errors"]
    )


def test_fields_of_the_sign_up(client: Client, direct: Direct) -> None:
    """Each line is accepted, and stored in its form; or is refused with its code and words."""
    accepted: dict[str, Typed] = {}
    for line in (*NUMBERS, *NAMES, *EMAILS):
        email, answer = sign_up(client, line)
        if line.code:
            assert says(answer, line), (line, answer.text)
        else:
            assert answer.status == 202, (line, answer.text)
            accepted[email_mac(direct.lookup, email)] = line
    kept = {item["email_mac"]["S"]: item for item in direct.items("REGISTRATION#")}
    for mac, line in accepted.items():
        if line.field == "nir":
            assert kept[mac]["nir_mac"]["S"] == nir_mac(direct.lookup, line.form), line
        else:
            assert kept[mac][line.field]["S"] == line.form, line


def test_the_first_form(client: Client) -> None:
    """The numbers are read alike by the form that only checks them."""
    for line in NUMBERS:
        if line.field not in {"nir", "siret"}:
            continue
        numbers: dict[str, Any] = {"siret": SIRET, "nir": NIR, "nir_key": KEY}
        if line.field == "nir":
            numbers["nir_key"] = nir_check_key(line.form or NIR)
        numbers |= {line.field: line.typed} | dict(line.given)
        answer = client.post("/api/signup/identifiers", numbers)
        assert says(answer, line) if line.code else answer.status == 204, (line, answer.text)


@pytest.mark.guards("key-of-a-typed-nir")
def test_identifiers(client: Client, mailbox: Mailbox) -> None:
    """A NIR logs in however it is typed; not with a wrong key; another number is named."""
    person = account_holder(client, mailbox)
    own = dict(zip(range(15), person.nir + person.nir_key, strict=True))
    for line in IDENTIFIERS:
        typed, place = "", 0
        for character in line.typed:  # the holder's digits in place of the table's
            if not line.on and character == f"{NIR}{KEY}"[place : place + 1]:
                typed, place = typed + own[place], place + 1
            else:
                typed += character
        if line.code == "nobody" and place == 14:  # the key's last digit differs
            typed = typed[:-1] + str((int(own[14]) + 1) % 10)
        answer = client.another().log_in(typed)
        if line.on:
            assert says(answer, line), (line, answer.text)
            recovery = client.post("/api/password-recovery", {"identifier": typed})
            assert says(recovery, line), (line, recovery.text)
        else:
            assert answer.status == (401 if line.code else 200), (line, answer.text)


def test_passwords(client: Client, mailbox: Mailbox) -> None:
    """Each password of the table is refused for what it contains, or is accepted."""
    person = new_person()
    mark = person.email.partition("@")[0].replace(".", "")
    email = WHO["email"].replace("+ae", f"+{mark}")
    names = {name: WHO[name] for name in ("first_name", "last_name")}
    assert client.sign_up(person, **names, email=email, email_confirmation=email).status == 202
    token = mailbox.token(email)
    assert client.set_password(token, "Correct-Horse-7").status == 204
    assert client.log_in(email, "Correct-Horse-7").status == 200
    for typed, allowed in PASSWORDS:
        password = typed
        for sample, own in (
            (SIRET, person.siret),
            (SIREN, person.siret[:9]),
            ("732 829 320", " ".join((person.siret[:3], person.siret[3:6], person.siret[6:9]))),
            ("732.829.320", ".".join((person.siret[:3], person.siret[3:6], person.siret[6:9]))),
            (" 00074", f" {person.siret[9:]}"),
            (WHO["nir"], person.nir),
            ("2 55 08 14 168 025", f"{person.nir[0]} {person.nir[1:7]} {person.nir[7:]}"),
        ):
            password = password.replace(sample, own)
        answer = client.change_password(password)
        assert answer.status == (204 if allowed else 422), typed
        assert allowed or answer.errors == {("password", "contains-identity")}, typed


def test_a_phone_is_read_back(client: Client, mailbox: Mailbox) -> None:
    """A phone is read back in the account and in the mail as people write it, overseas too."""
    for typed, kept, shown in (
        ("0612345678", "+33612345678", "06 12 34 56 78"),
        ("+590 690 12 34 56", "+590690123456", "0690 12 34 56"),
    ):
        person = new_person()
        assert client.sign_up(person, mobile_phone=typed).status == 202
        mail = mailbox.wait(person.email)
        assert shown in mail.text.replace("\u00a0", " ")
        assert client.set_password(mailbox.token(person.email)).status == 204
        assert client.log_in(person.email).status == 200
        me = client.me().json
        assert me["mobile_phone"] == kept
        assert me["mobile_phone_shown"].replace("\u00a0", " ") == shown
