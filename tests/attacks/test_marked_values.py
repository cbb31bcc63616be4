"""The whole journey with marked values, then a search for them where they must not be."""

import json
import time
from typing import TYPE_CHECKING

import pytest

from portal.core.identifiers import email_mac
from tests.world.bus import Listener, decision_event
from tests.world.client import Client
from tests.world.direct import Direct, be_due
from tests.world.mailbox import (
    ACKNOWLEDGEMENT,
    EMAIL_CHANGE,
    EMAIL_CHANGED,
    EMAIL_RESTORED,
    RECOVERY,
    REJECTED,
    Mailbox,
)
from tests.world.people import contact_form, new_person

if TYPE_CHECKING:
    from tools.stack.stack import Stack

pytestmark = pytest.mark.stack

OF_A_PERSON = {"ACCOUNT", "LOGIN", "ACTIVITY", "REGISTRATION", "CONTACT", "TOKEN"}
"""Records with a name, an address or a phone; a link only has the address that it gives."""


def spellings(number: str) -> list[str]:
    """Return a number bare and with the spaces that people write."""
    return [number, f"{number[:1]} {number[1:3]} {number[3:5]} {number[5:7]} {number[7:]}"]


@pytest.mark.guards("logs-without-content")
def test_the_whole_journey(  # noqa: PLR0915 - it is long because it is whole
    client: Client, mailbox: Mailbox, direct: Direct, listener: Listener, stack: "Stack"
) -> None:
    """After all that an account can do, no log, event, queue or key has personal data.

    Nor does any stored item have a NIR, a password or a token, in clear or in part.
    """
    person, writer = new_person(), new_person()
    other_nir = f"{person.nir[:-1]}{(int(person.nir[-1]) + 1) % 10}"  # of another key, always
    passwords = [f"Mot-De-Passe-Marqué-{number}" for number in range(5)]
    wrong, refused, bad_token = "Faux-Mot-De-Passe-777", "Refusé<77>", "Zz9" * 32
    answers = [
        client.sign_up(person, last_name=refused),
        client.sign_up(person, nir=other_nir),
        client.sign_up(person),
        client.resend(person.email),
        client.validate(bad_token),
    ]
    assert [each.status for each in answers] == [422, 422, 202, 202, 404]
    tokens = [mailbox.token(person.email)]
    answers += [
        client.validate(tokens[0]),
        client.set_password(tokens[0], wrong[:9]),
        client.set_password(tokens[0], passwords[0]),
        client.validate(tokens[0]),
    ]
    sessions: list[str] = []
    for identifier in (person.email, person.nir, person.nir + person.nir_key):
        answers += [client.log_in(identifier, wrong), client.log_in(identifier, passwords[0])]
        assert answers[-1].status == 200
        sessions += [client.session, client.device]
    account_id = client.me().json["id"]
    phone = "+33699123456"
    answers.append(client.call("PATCH", "/api/me", {"mobile_phone": phone}))
    answers.append(client.call("PATCH", "/api/me", {"mobile_phone": refused}))
    # Another device, sessions, password
    other = client.another()
    other.log_in(person.email, passwords[0])
    sessions += [other.session, other.device]
    listed = client.open_sessions().json["sessions"]
    answers += [client.end_session(each["id"]) for each in listed if not each["current"]]
    answers.append(client.change_password(passwords[1]))
    answers.append(client.change_password(f"{passwords[1]}{person.nir}"))
    # Address: changed, undone
    email = new_person().email
    answers.append(client.change_email(email))
    tokens.append(mailbox.token_titled(email, EMAIL_CHANGE))
    answers.append(client.confirm_email(tokens[-1]))
    tokens.append(mailbox.token_titled(person.email, EMAIL_CHANGED))
    answers.append(client.undo_email(tokens[-1]))
    mailbox.wait_titled(person.email, EMAIL_RESTORED)
    # Recovery
    answers += [client.recover(person.nir), client.recover("personne@example.fr")]
    tokens.append(mailbox.token_titled(person.email, RECOVERY))
    answers += [client.set_password(tokens[-1], passwords[2]), client.set_password(tokens[-1])]
    assert client.log_in(person.nir, passwords[2]).status == 200
    sessions += [client.session, client.device]
    # Contact, back office, bounce
    message = f"Mon numéro : {' '.join(spellings(other_nir))}, {other_nir}."
    answers.append(client.post("/api/contact", contact_form(writer, message)))
    mailbox.wait_titled(writer.email, ACKNOWLEDGEMENT)
    rejected = decision_event("AffiliationRejected", account_id, time.time(), reason="Illisible.")
    direct.hand(
        "Affiliation", rejected
    )  # invoked directly: the emulator keeps no log of what its bus calls
    mailbox.wait_titled(person.email, REJECTED)
    tags = {"address": [email_mac(direct.lookup, person.email)], "account": [account_id]}
    bounce = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": person.email}]}
    feedback = {
        "eventType": "Bounce",
        "bounce": bounce,
        "mail": {"tags": tags, "destination": [person.email]},
    }
    direct.hand("MailFeedback", {"source": "aws.ses", "detail": feedback})
    assert client.me().json["email_receives"] is False
    exported = client.call("GET", "/api/me/export")
    assert person.nir in exported.text
    mailbox.settle()

    secrets = [*spellings(person.nir), *spellings(other_nir), *passwords, wrong, refused]
    secrets += [part for each in (*tokens, bad_token) for part in (each, each[:40], each[-40:])]
    secrets += [part for each in sessions for part in (each, each[-43:])]
    national = f"0{phone[3:]}"
    personal = [person.email, email, person.first_name, person.last_name, person.siret, phone]
    personal += [national, person.mobile_phone, f"+33{person.mobile_phone[1:]}"]
    personal += [writer.email, writer.first_name, writer.last_name]

    for item in direct.items():
        stored, (kind, _, _) = repr(item), item["pk"]["S"].partition("#")
        assert [each for each in secrets if each in stored] == [], item["pk"]
        found = [each for each in personal if each.lower() in stored.lower()]
        assert found == [] or kind in OF_A_PERSON, item["pk"]
        assert kind != "TOKEN" or set(found) <= {person.email, email}, item["pk"]
        keys = item["pk"]["S"] + item["sk"]["S"]
        assert [each for each in personal if each.lower() in keys.lower()] == []

    # The end
    assert client.call("DELETE", "/api/me", {}).status == 202
    be_due(direct, account_id)
    direct.hand("DeleteAccounts", {})
    events = listener.wait(account_id, 8)
    assert {each["detail-type"] for each in listener.received} >= {
        "AccountActivated",
        "LoginSucceeded",
        "LoginFailed",
        "PasswordChanged",
        "AccountDeleted",
    }
    assert len(events) >= 8
    ours = [each for each in listener.received if each["source"] == "portal.account"]
    assert all(set(each["detail"]) == {"account_id"} for each in ours)

    for answer in answers:
        if answer.status >= 400:
            found = [each for each in secrets + personal if each.lower() in answer.text.lower()]
            assert found == []

    lines = (stack.folder / "emulator.log").read_text(errors="replace").splitlines()
    # The emulator's SES and bus log what they were given; AWS's do not.
    log = "\n".join(each for each in lines if "SESv2 SendEmail" not in each)
    logs = "\n".join(direct.logged())
    assert logs.count('"route":"POST /api/login"') >= 8
    assert logs.count('"message":"affiliation"') >= 1
    queues = json.dumps([direct.failed(each, 0.1) for each in ("UnsentMessages", "FailedEvents")])
    for place, text in {"logs": logs, "log": log, "bus": json.dumps(listener.received),
                        "queues": queues}.items():  # fmt: skip
        found = [each for each in secrets + personal if each.lower() in text.lower()]
        assert found == [], place
    for item in direct.items():
        if item["pk"]["S"].partition("#")[0] in {"REGISTRATION", "CONTACT"}:
            continue
        found = [each for each in personal if each.lower() in repr(item).lower()]
        assert set(found) <= {person.email, email}, item["pk"]
        assert not found or item["pk"]["S"].startswith("TOKEN#"), item["pk"]
