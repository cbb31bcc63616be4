"""Events of the back office: repeated, late, about unknown or other accounts, or broken."""

import json
import time
import uuid
from collections import Counter

import pytest

from tests.world.bus import decision_event
from tests.world.client import Client, in_parallel
from tests.world.direct import HOUR, Direct
from tests.world.journey import logged_in
from tests.world.mailbox import CONFIRMED, REJECTED, Mailbox
from tests.world.people import new_siret
from tools.stack.stack import ALIAS

pytestmark = pytest.mark.stack


def told(client: Client) -> Counter[str]:
    """Count the entries of a feed by kind."""
    return Counter(each["kind"] for each in client.activity("?limit=50").json["entries"])


def test_twice(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A decision that is sent eight times at once, and again later, is notified once."""
    person = logged_in(client, mailbox)
    confirmed = decision_event("AffiliationConfirmed", client.me().json["id"], time.time())
    in_parallel(lambda _: direct.hand("Affiliation", confirmed), 8, 2)
    direct.hand("Affiliation", confirmed)
    mailbox.wait_titled(person.email, CONFIRMED)
    mailbox.settle()
    assert len(mailbox.titled(person.email, CONFIRMED)) == 1
    assert told(client)["affiliation-confirmed"] == 1


def test_out_of_order(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Decisions that arrive in another order end with the latest one."""
    person = logged_in(client, mailbox)
    account_id, now = client.me().json["id"], time.time()
    decisions = [
        decision_event(
            "AffiliationRejected", account_id, now - 3 * HOUR, reason="Pièce illisible."
        ),
        decision_event("AffiliationConfirmed", account_id, now - HOUR),
        decision_event(
            "AffiliationRejected", account_id, now - 2 * HOUR, reason="Autre pièce illisible."
        ),
    ]
    for number in (0, 1, 2, 0):
        direct.hand("Affiliation", decisions[number])
    profile = client.me().json
    assert profile["affiliation"]["status"] == "confirmed"
    assert profile["affiliation"]["reason"] is None
    assert {each["open"] for each in profile["services"]} == {True}
    assert told(client)["affiliation-confirmed"] == told(client)["affiliation-rejected"] == 1
    mailbox.settle()
    assert len(mailbox.titled(person.email, REJECTED)) == 1
    direct.hand(
        "Affiliation", decision_event("AffiliationRejected", account_id, now, reason="Radié.")
    )
    assert client.me().json["affiliation"]["status"] == "rejected"


def test_nobody(direct: Direct) -> None:
    """A decision about an unknown or deleted account creates no account."""
    account_id = str(uuid.uuid4())
    direct.hand("Affiliation", decision_event("AffiliationConfirmed", account_id, time.time()))
    assert [item["pk"] for item in direct.items() if account_id in repr(item)] == []


def test_a_siret_of_somebody_else(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A decision never adds another account's Siret, and never a second Siret."""
    holder = logged_in(client.another(), mailbox)
    person = logged_in(client, mailbox)
    account_id = client.me().json["id"]
    for siret in (holder.siret, new_siret()):
        direct.hand(
            "Affiliation",
            decision_event("AffiliationConfirmed", account_id, time.time(), siret=siret),
        )
        assert client.me().json["siret"] == person.siret
    assert len(direct.accounts(siret=holder.siret)) == 1


def test_a_reason_that_attacks(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """The reason of a rejection is shown as text in the mail and in the feed."""
    person = logged_in(client, mailbox)
    account_id = client.me().json["id"]
    reason = "{first_name.__class__} {{ 7*7 }} <script>alert(1)</script> %s {0}"
    direct.hand(
        "Affiliation", decision_event("AffiliationRejected", account_id, time.time(), reason=reason)
    )
    mail = mailbox.wait_titled(person.email, REJECTED)
    assert "<script>" not in mail.html
    bodies = [each["body"] for each in client.activity().json["entries"]]
    assert any(reason in each for each in bodies)


def test_broken(direct: Direct) -> None:
    """A broken event fails without logging its content, and is left for its queue.

    The emulator has no queue for an alias: only its setting is checked here.
    """
    mark = f"Zebulon-{uuid.uuid4()}"
    broken = decision_event("AffiliationRejected", mark, time.time(), reason=mark)
    function = {"FunctionName": direct.names["Affiliation"], "Qualifier": ALIAS}
    client = direct.client("lambda")
    called = client.invoke(**function, Payload=json.dumps(broken))
    assert called["FunctionError"]
    assert mark not in called["Payload"].read().decode()
    assert not any(mark in line for line in direct.logged())
    kept = client.get_function_event_invoke_config(**function)
    queue = kept["DestinationConfig"]["OnFailure"]["Destination"]
    assert queue.rpartition(":")[2] == direct.names["FailedEvents"].rpartition("/")[2]
    assert kept["MaximumRetryAttempts"] == 2
