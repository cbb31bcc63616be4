"""Corrections of one's identity, over HTTP and by the event bus."""

import json
import time

import pytest

from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import logged_in
from tests.world.mailbox import Mailbox
from tests.world.people import new_person

pytestmark = pytest.mark.stack


def test_by_oneself_then_with_a_proof(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Names are corrected until the affiliation is confirmed; then by the back office's event."""
    person, other = logged_in(client, mailbox), new_person()
    answer = client.call("PATCH", "/api/me", {"last_name": other.last_name, "siret": other.siret})
    assert (answer.status, answer.json["last_name"]) == (200, other.last_name)
    assert answer.json["siret"] == other.siret
    mailbox.wait_titled(person.email, "Vos informations ont été corrigées")
    account_id = answer.json["id"]
    direct.decide("AffiliationConfirmed", account_id)
    direct.until(lambda: client.me().json["affiliation"]["status"] == "confirmed")
    refused = client.call("PATCH", "/api/me", {"last_name": "Durand"})
    assert (refused.status, refused.slug) == (409, "identity-confirmed")
    detail = {"account_id": account_id, "proof": "2026/12", "last_name": "Durand"}
    entry = {
        "Source": "portal.backoffice",
        "DetailType": "IdentityCorrected",
        "Detail": json.dumps(detail),
        "Time": time.time(),
        "EventBusName": direct.names["EventBus"],
    }
    assert direct.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    direct.until(lambda: client.me().json["last_name"] == "Durand")
    mailbox.wait_titled(person.email, "Vos informations ont été corrigées à votre demande")


def test_a_new_address_is_withdrawn(client: Client, mailbox: Mailbox) -> None:
    """A new address that is not confirmed is withdrawn, as often as it is asked."""
    logged_in(client, mailbox)
    assert client.change_email(new_person().email).status == 202
    assert client.me().json["new_email_masked"]
    assert [client.call("DELETE", "/api/me/email").status for _ in range(2)] == [204, 204]
    assert client.me().json["new_email_masked"] is None
    assert client.another().call("DELETE", "/api/me/email").status == 401
