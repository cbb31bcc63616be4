"""Events of the back office: repeated, late, about unknown or other accounts, or broken."""

import json
import time
import uuid
from collections import Counter
from dataclasses import replace

import pytest

from tests.world.bus import Listener, decision_event
from tests.world.client import Client, in_parallel
from tests.world.direct import HOUR, Direct
from tests.world.journey import logged_in
from tests.world.mailbox import CONFIRMED, REJECTED, Mailbox
from tests.world.people import PASSWORD, new_person, new_siret
from tools.stack.stack import ALIAS

pytestmark = pytest.mark.stack

OTHER_PASSWORD = f"{PASSWORD}-bis"


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
    closed = [each["id"] for each in profile["services"] if not each["open"]]
    assert closed == ["declare-and-pay"], "no business was said"
    assert told(client)["affiliation-confirmed"] == told(client)["affiliation-rejected"] == 1
    mailbox.settle()
    assert len(mailbox.titled(person.email, REJECTED)) == 1
    direct.hand(
        "Affiliation", decision_event("AffiliationRejected", account_id, now, reason="Radié.")
    )
    assert client.me().json["affiliation"]["status"] == "rejected"


@pytest.mark.guards("clocks-of-others")
def test_a_decision_from_the_future(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A decision dated in the year 9999 is refused and logged; the next one is applied."""
    logged_in(client, mailbox)
    account_id = client.me().json["id"]
    future = decision_event("AffiliationRejected", account_id, 253_402_300_799, reason="Radié.")
    function = {"FunctionName": direct.names["Affiliation"], "Qualifier": ALIAS}
    assert direct.client("lambda").invoke(**function, Payload=json.dumps(future))["FunctionError"]
    assert client.me().json["affiliation"]["status"] == "pending"
    assert any(account_id in line and "implausible time" in line for line in direct.logged())
    direct.hand("Affiliation", decision_event("AffiliationConfirmed", account_id, time.time()))
    assert client.me().json["affiliation"]["status"] == "confirmed"


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


def test_a_number_that_a_stranger_typed(
    client: Client, mailbox: Mailbox, direct: Direct, listener: Listener
) -> None:
    """Who types another’s NIR and Siret first keeps nothing from their holder, and learns nothing.

    The holder's account is created alike, gets the numbers when it is confirmed, and the stranger's
    login by NIR ends. A stranger who is confirmed later only causes a dispute.
    """
    stranger, holder = client.another(), client
    squatter = logged_in(stranger, mailbox)
    person = replace(new_person(), nir=squatter.nir, siret=squatter.siret)
    assert holder.sign_up(person).status == 202
    answer = holder.set_password(mailbox.token(person.email), OTHER_PASSWORD)
    assert (answer.status, answer.body) == (204, b"")
    assert holder.log_in(person.email, OTHER_PASSWORD).status == 200
    assert holder.me().json["nir_status"] == holder.me().json["siret_status"] == "claimed"
    mailbox.wait_titled(person.email, "Un numéro que vous avez indiqué est en attente")
    assert client.another().log_in(person.nir, PASSWORD).status == 200
    ids = [each.me().json["id"] for each in (holder, stranger)]
    now = time.time()
    direct.hand("Affiliation", decision_event("AffiliationConfirmed", ids[0], now))
    assert client.another().log_in(person.nir, OTHER_PASSWORD).status == 200
    assert client.another().log_in(person.nir, PASSWORD).status == 401
    assert holder.me().json["nir_status"] == holder.me().json["siret_status"] == "own"
    assert stranger.me().json["nir_status"] == stranger.me().json["siret_status"] == "claimed"
    mailbox.wait_titled(squatter.email, "Un numéro a été retiré de votre compte")
    assert told(stranger)["number-lost"] == told(holder)["number-gained"] == 1
    for at in (now, now + 1):
        direct.hand("Affiliation", decision_event("AffiliationConfirmed", ids[1], at))
    assert holder.me().json["nir_status"] == "own"
    assert stranger.me().json["nir_status"] == "disputed"
    events = listener.wait(ids[1], 4)
    (disputed,) = [each for each in events if each["detail-type"] == "NumberDisputed"]
    assert disputed["source"] == "portal.account"
    assert disputed["detail"] == {"account_id": ids[1], "holder_account_id": ids[0]}


@pytest.mark.guards("confirmed-with-this-number", "typed-after-the-decision")
def test_a_confirmed_stranger_who_typed_another_s_numbers(
    client: Client, mailbox: Mailbox, direct: Direct
) -> None:
    """Who is confirmed with numbers of their own keeps no other's: neither Siret nor NIR.

    The Siret was typed at the sign-up, and the back office confirms another; the NIR was typed
    after the back office decided, before its decision arrived.
    """
    stranger = client.another()
    squatter = logged_in(stranger, mailbox)
    holder = replace(new_person(), siret=squatter.siret)
    assert client.sign_up(holder).status == 202
    assert client.set_password(mailbox.token(holder.email), PASSWORD).status == 204
    assert client.log_in(holder.email, PASSWORD).status == 200
    decided_at = time.time() - 60
    wanted = {"nir": holder.nir, "nir_key": holder.nir_key}
    assert stranger.call("PATCH", "/api/me", wanted).json["nir_status"] == "claimed"
    ids = [each.me().json["id"] for each in (stranger, client)]
    event = decision_event("AffiliationConfirmed", ids[0], decided_at, siret=new_siret())
    direct.hand("Affiliation", event)
    assert stranger.me().json["affiliation"]["status"] == "confirmed"
    assert stranger.me().json["nir_status"] == "claimed"
    assert client.another().log_in(holder.nir, PASSWORD).status == 200
    direct.hand("Affiliation", decision_event("AffiliationConfirmed", ids[1], time.time()))
    assert client.me().json["nir_status"] == client.me().json["siret_status"] == "own"
    assert stranger.me().json["siret_status"] == "claimed"


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
