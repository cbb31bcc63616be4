"""Events of the back office and reports of SES, sent to the deployed event bus."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.world.bus import bounce
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import logged_in, signed_up
from tests.world.mailbox import (
    ACCOUNT_EXISTS,
    ACKNOWLEDGEMENT,
    CONFIRMED,
    RECOVERY,
    REJECTED,
    Mailbox,
)
from tests.world.people import PASSWORD, contact_form, new_nir, new_person, new_siret

pytestmark = pytest.mark.stack

SUPPORT = "assistance@portail.example"


def account_id(client: Client) -> str:
    """Return the id of the account that a client is logged in to."""
    return str(client.me().json["id"])


def test_confirmed(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A confirmation opens every service but declaring, and sets the Siret, by mail and feed."""
    person = new_person()
    assert client.sign_up(person, siret=None).status == 202
    assert client.set_password(mailbox.token(person.email)).status == 204
    client.log_in(person.email)
    siret = new_siret()
    direct.decide("AffiliationConfirmed", account_id(client), siret=siret)
    mailbox.wait_titled(person.email, CONFIRMED)
    profile = client.me().json
    assert profile["affiliation"]["status"] == "confirmed"
    assert profile["siret"] == siret
    closed = {each["id"]: each["reason"] for each in profile["services"] if not each["open"]}
    assert closed == {"declare-and-pay": "business-unknown"}
    told = {each["kind"]: each["title"] for each in client.activity().json["entries"]}
    assert told["affiliation-confirmed"] == "Notification d’affiliation"


def test_rejected(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A rejection is notified with its reason by mail and feed; the services stay closed."""
    person = logged_in(client, mailbox)
    reason = "Pièce d’identité illisible."
    direct.decide("AffiliationRejected", account_id(client), reason=reason)
    mail = mailbox.wait_titled(person.email, REJECTED)
    assert reason in mail.text
    profile = client.me().json
    assert (profile["affiliation"]["status"], profile["affiliation"]["reason"]) == (
        "rejected",
        reason,
    )
    closed = {each["reason"] for each in profile["services"] if not each["open"]}
    assert closed == {"affiliation-rejected"}
    told = {each["kind"]: each["body"] for each in client.activity().json["entries"]}
    assert reason in told["affiliation-rejected"]


def test_contact(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """The support gets a message with its NIR masked; its writer gets a ticket."""
    person = new_person()
    nir = new_nir()
    number = f"{nir[:1]} {nir[1:3]} {nir[3:5]} {nir[5:]}"
    message = f"Mon lien est mort,\nmon numéro est {number}.\n<b>Merci</b>"
    answer = client.post("/api/contact", contact_form(person, message))
    assert answer.status == 202
    ticket = answer.json["ticket"]
    receipt = mailbox.wait_titled(person.email, ACKNOWLEDGEMENT)
    assert ticket in receipt.text
    assert "Mon lien" not in receipt.text, "the address is unverified, so its mail repeats nothing"
    mailbox.settle()
    (received,) = [each for each in mailbox.of(SUPPORT) if ticket in each.text]
    assert "Mon lien est mort," in received.text
    assert person.email.replace(".", "") in received.text.replace("\u200c", "").replace(".", "")
    assert "masqué" in received.text
    assert nir[5:] not in received.text + received.html
    assert "<b>" not in received.html
    assert nir not in "".join(repr(each) for each in direct.items("CONTACT#"))


def test_a_sign_up_whose_mail_came_back(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Its own browser learns that the address bounces; nobody else does, nobody is refused."""
    person = new_person()
    handle = client.sign_up(person).json["registration"]
    mailbox.wait(person.email)

    def receives(handle: str) -> object:
        return client.post("/api/signup/delivery", {"registration": handle}).json

    assert receives(handle) == {"receives": True}
    direct.hand("MailFeedback", bounce(direct, person.email))
    assert receives(handle) == {"receives": False}
    assert client.resend(person.email.upper()).status == 202
    again = client.sign_up(person)
    assert again.status == 202
    assert receives(again.json["registration"]) == {"receives": True}
    corrected = new_person().email
    answer = client.sign_up(person, email=corrected, email_confirmation=corrected)
    assert answer.status == 202
    assert client.set_password(mailbox.token(corrected)).status == 204
    assert client.log_in(corrected).status == 200


def test_an_address_that_is_only_full(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A mail that bounces for a while changes nothing."""
    person, _ = signed_up(client, mailbox)
    transient = {"bounceType": "Transient", "bounceSubType": "MailboxFull"}
    direct.hand("MailFeedback", bounce(direct, person.email, bounce=transient))
    assert client.resend(person.email).status == 202


def test_a_holder_whose_mail_came_back(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A holder sees once that the address bounces, until a link that was sent there is used."""
    person = logged_in(client, mailbox)
    came_back = bounce(direct, person.email, account_id(client))
    for _ in range(3):
        direct.hand("MailFeedback", came_back)
    assert client.me().json["email_receives"] is False
    kinds = [each["kind"] for each in client.activity().json["entries"]]
    assert kinds.count("mail-bouncing") == 1
    assert client.log_in(person.email).status == 200
    client.recover(person.email)
    token = mailbox.token_titled(person.email, RECOVERY)
    assert client.set_password(token, PASSWORD).status == 204
    assert client.log_in(person.email).status == 200
    assert client.me().json["email_receives"] is True


def test_a_complaint(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A complaint about a stranger's mail refuses nobody anything and never reads as a bounce.

    Such mails pause; the holder of an account recovers the password all the same.
    """
    person = logged_in(client, mailbox)
    event: Any = bounce(direct, person.email, eventType="Complaint")
    tags = event["detail"]["mail"]["tags"]
    tags["ses:configuration-set"] = [direct.names["MailConfigurationSet"]]
    # PutEvents refuses events of AWS sources, so the test asks whether the rule would match.
    events = direct.client("events")
    patterns = [each.get("EventPattern") for each in events.list_rules()["Rules"]]
    (pattern,) = [each for each in patterns if each and "Email Bounced" in each]
    envelope = {"id": "1", "account": "0", "time": "2026-01-01T00:00:00Z", "region": "x"}
    for kind in ("Email Bounced", "Email Complaint Received", "Email Rejected", "Email Delivered"):
        sent = json.dumps(envelope | event | {"detail-type": kind, "resources": []})
        matches = events.test_event_pattern(EventPattern=pattern, Event=sent)["Result"]
        assert matches is (kind != "Email Delivered"), kind
    direct.hand("MailFeedback", event | {"detail-type": "Email Complaint Received"})
    direct.hand("MailFeedback", bounce(direct, person.email, eventType="Complaint"))
    assert client.me().json["email_receives"] is True
    again = client.another().sign_up(replace(new_person(), email=person.email))
    assert again.status == client.resend(person.email).status == 202
    mailbox.settle()
    assert not mailbox.titled(person.email, ACCOUNT_EXISTS)
    delivery = {"registration": again.json["registration"]}
    assert client.post("/api/signup/delivery", delivery).json == {"receives": True}
    client.recover(person.email)
    mailbox.wait_titled(person.email, RECOVERY)
