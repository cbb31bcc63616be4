"""Declare, order, have the files made, be settled or returned: on the deployed stack."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.world.businesses import affiliated
from tests.world.client import Client, in_parallel
from tests.world.direct import Direct
from tests.world.ibans import french, grouped
from tests.world.mailbox import Mailbox
from tools.stack import bank

if TYPE_CHECKING:
    from tools.stack.stack import Stack

pytestmark = pytest.mark.stack

PAYS, LACKS = 201, 204
"""Accounts of the local bank: one that pays, one without enough money."""


def declared(client: Client) -> tuple[str, int]:
    """Declare the period that is open; return its code and what is due in cents."""
    code = client.call("GET", "/api/me/periods?state=open").json["periods"][0]["code"]
    form = {"turnover": {"sales": 1000, "commercial_services": 0}, "expected_version": 0}
    period = client.call("PUT", f"/api/me/periods/{code}/declaration", form)
    assert period.status == 200, period.text
    return code, period.json["amounts"]["total"] * 100


def signed(client: Client, account: int) -> str:
    """Sign a mandate; return its reference."""
    form = {"iban": grouped(french(account)), "holder": "Michèle Dupont", "scheme": "core"}
    answer = client.call("POST", "/api/me/sepa-mandates", form)
    assert answer.status == 201, answer.text
    return answer.json["rum"]


def order(client: Client, code: str, rum: str, cents: int, key: str) -> Any:
    """Order a payment."""
    form = {"rum": rum, "amount_cents": cents}
    path = f"/api/me/periods/{code}/payments"
    return client.call("POST", path, form, headers={"Idempotency-Key": key})


def states(client: Client) -> dict[str, str]:
    """Return the state of each payment."""
    listed = client.call("GET", "/api/me/payments").json["payments"]
    return {each["id"]: each["state"] for each in listed}


def test_from_the_order_to_the_bank_and_back(
    stack: "Stack", client: Client, mailbox: Mailbox, direct: Direct
) -> None:
    """One payment is settled, one returned with its reason; each is in one file, and told."""
    person = affiliated(client, mailbox, direct)
    code, due = declared(client)
    pays, lacks = signed(client, PAYS), signed(client, LACKS)
    first = order(client, code, pays, due - 100, "1")
    assert first.status == 201, first.text
    assert order(client, code, pays, due - 100, "1").json == first.json
    second = order(client, code, lacks, 100, "2")
    mailbox.wait_titled(person.email, "Vous avez ordonné un prélèvement")
    one, other = first.json["id"], second.json["id"]
    cancelled = order(client, code, pays, 1, "3")
    assert (cancelled.status, cancelled.slug) == (409, "already-ordered")

    bank.make_files(stack)
    assert states(client) == {one: "sent", other: "sent"}
    late = client.call("DELETE", f"/api/me/payments/{one}")
    assert (late.status, late.slug) == (409, "cut-off-passed")
    files = bank.Bucket(stack)
    debited = [each.id for key in files.keys("out/") for each in bank.read(files.read(key))]
    assert [debited.count(each) for each in (one, other)] == [1, 1]

    bank.answer(stack)
    direct.until(lambda: states(client) == {one: "settled", other: "returned"})
    mailbox.wait_titled(person.email, "Un prélèvement a été rejeté")
    shown = {e["id"]: e for e in client.call("GET", "/api/me/payments").json["payments"]}
    assert shown[other]["reason"] == "AM04"
    period = client.call("GET", f"/api/me/periods/{code}").json
    assert period["paid_cents"] == due - 100
    again = order(client, code, pays, 100, "4")
    assert again.status == 201, again.text

    bank.give_back(stack, "MD06", one)
    direct.until(lambda: states(client)[one] == "returned")
    logs = "\n".join(direct.logged())
    written = (french(PAYS), french(LACKS), "Michèle Dupont")
    assert [each for each in written if each in logs] == []
    assert [each for each in written[:2] if each in json.dumps(shown)] == []


def test_what_is_not_understood_is_set_aside(stack: "Stack", direct: Direct) -> None:
    """An object that is no report goes to aside/, by the function's own rights."""
    bucket = bank.Bucket(stack)
    bucket.drop("in/strange.xml", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>")
    direct.until(lambda: "aside/strange.xml" in bucket.keys("aside/"))
    direct.until(lambda: "in/strange.xml" not in bucket.keys("in/"))


def test_many_orders_at_once(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Of six orders of the whole amount at once one is taken, and of one repeated too."""
    affiliated(client, mailbox, direct)
    code, due = declared(client)
    rum = signed(client, PAYS)
    answers = in_parallel(lambda n: order(client, code, rum, due, f"key {n}"), 6)
    assert {each.status for each in answers} <= {201, 409, 503}
    taken = [each for each in answers if each.status == 201]
    assert len(states(client)) == len(taken) == 1
    id_ = taken[0].json["id"]
    assert client.call("DELETE", f"/api/me/payments/{id_}").status == 204
    same = in_parallel(lambda _: order(client, code, rum, due, "the same"), 4)
    assert {each.json["id"] for each in same if each.status == 201}
    assert sorted(states(client).values()) == ["cancelled", "ordered"]
