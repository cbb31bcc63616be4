"""SEPA mandates, over HTTP: at once, of others, and what no log says."""

import pytest

from tests.world.client import Client, in_parallel
from tests.world.direct import Direct
from tests.world.ibans import french, grouped
from tests.world.journey import logged_in
from tests.world.mailbox import Mailbox
from tests.world.people import Person

pytestmark = pytest.mark.stack

PATH = "/api/me/sepa-mandates"


def affiliated(client: Client, mailbox: Mailbox, direct: Direct) -> Person:
    """Return somebody logged in whose affiliation is confirmed."""
    person = logged_in(client, mailbox)
    direct.decide("AffiliationConfirmed", direct.account(person.email)["id"]["S"])
    direct.until(lambda: direct.account(person.email)["affiliation"]["S"] == "confirmed")
    return person


def form(account: int, scheme: str = "core") -> dict[str, str]:
    """Return what a person signs with."""
    return {"iban": grouped(french(account)), "holder": "Michèle Dupont", "scheme": scheme}


def test_from_signing_to_revoking(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Signed, listed masked, printed, exported in full, revoked; each step has its mail."""
    person = affiliated(client, mailbox, direct)
    signed = client.call("POST", PATH, form(21, "b2b"))
    assert signed.status == 201, signed.text
    rum = signed.json["rum"]
    mailbox.wait_titled(person.email, "Vous avez signé un mandat de prélèvement")
    (listed,) = client.call("GET", PATH).json["mandates"]
    assert listed["iban_masked"].endswith(french(21)[-4:])
    page = client.call("GET", f"{PATH}/{rum}/pdf")
    assert (page.status, page.headers["content-type"]) == (200, ["text/html; charset=utf-8"])
    assert french(21) not in page.text.replace(" ", "")
    exported = client.call("GET", "/api/me/export").json
    assert exported["sepa_mandates"][0]["iban"] == french(21)
    assert client.call("DELETE", f"{PATH}/{rum}").status == 204
    assert client.call("GET", PATH).json == {"mandates": []}
    mailbox.wait_titled(person.email, "Un mandat de prélèvement est révoqué")
    logs = "\n".join(direct.logged())
    assert '"route":"POST /api/me/sepa-mandates"' in logs
    written = (french(21), grouped(french(21)), grouped(french(21)).lower(), "Michèle Dupont")
    assert [each for each in written if each in logs] == []
    assert [each for item in direct.items() for each in written[:3] if each in repr(item)] == []


def test_many_at_once(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Of 6 accounts at once three are signed, each with a reference of its own."""
    affiliated(client, mailbox, direct)
    answers = in_parallel(lambda n: client.call("POST", PATH, form(30 + n)), 6)
    assert {each.status for each in answers} <= {201, 409, 503}
    for number in range(3):  # what was too busy is asked again
        client.call("POST", PATH, form(40 + number))
    listed = client.call("GET", PATH).json["mandates"]
    assert len({each["rum"] for each in listed}) == len(listed) == 3


def test_the_mandate_of_another(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Another's reference is as unknown as nobody's, to read and to revoke."""
    affiliated(client, mailbox, direct)
    rum = client.call("POST", PATH, form(50)).json["rum"]
    thief = client.another()
    affiliated(thief, mailbox, direct)
    for method, path in (("GET", f"{PATH}/{rum}/pdf"), ("DELETE", f"{PATH}/{rum}")):
        others = thief.call(method, path)
        nobody = thief.call(method, path.replace(rum, "AE00000000000000-001"))
        assert (
            (others.status, others.slug) == (nobody.status, nobody.slug) == (404, "mandate-unknown")
        )
    assert [each["rum"] for each in client.call("GET", PATH).json["mandates"]] == [rum]
