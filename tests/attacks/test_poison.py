"""A message that cannot be sent, among others that can."""

import time
from typing import Any

import pytest

from portal.core.outbox import Outgoing
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import account_holder, signed_up
from tests.world.mailbox import ACKNOWLEDGEMENT, Mailbox
from tests.world.people import contact_form, new_person

pytestmark = pytest.mark.stack


def record(item: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a stream's record of a new item."""
    return {
        "eventID": str(number),
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-3",
        "dynamodb": {
            "Keys": {"pk": item["pk"], "sk": item["sk"]},
            "NewImage": item,
            "SequenceNumber": f"{number:021}",
            "SizeBytes": 1,
            "StreamViewType": "NEW_IMAGE",
        },
    }


def put(direct: Direct, message: Outgoing) -> dict[str, Any]:
    """Store a message, which the stream then delivers."""
    item: dict[str, Any] = message.to_item()
    direct.dynamodb.put_item(TableName=direct.table, Item=item)
    return item


def test_among_good_ones(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Mails before and after a message that cannot be sent are sent; only that one stays."""
    people = [new_person() for _ in range(4)]
    for each in people[:2]:
        assert client.sign_up(each).status == 202
    poison = put(direct, Outgoing.new("no-such-kind", int(time.time())))
    for each in people[2:]:
        assert client.post("/api/contact", contact_form(each)).status == 202
    for each in people[:2]:
        assert client.validate(mailbox.token(each.email)).status == 200
    for each in people[2:]:
        mailbox.wait_titled(each.email, ACKNOWLEDGEMENT)
    mailbox.settle()
    assert [len(mailbox.of(each.email)) for each in people] == [1] * 4
    assert [item["pk"] for item in direct.items(poison["pk"]["S"])] == [poison["pk"]]
    direct.delete(poison)


@pytest.mark.guards("poison-is-named")
def test_only_the_poison_is_tried_again(direct: Direct, client: Client, mailbox: Mailbox) -> None:
    """The function names the failed record of a batch, so that AWS repeats only that one.

    After its retries AWS puts it in the queue of unsent messages; the emulator does not.
    """
    account_holder(client, mailbox)
    now = int(time.time())
    sent = [Outgoing.new("validation", now, registration_id="nobody") for _ in range(2)]
    poison = Outgoing.new("no-such-kind", now)
    items = [sent[0].to_item(), put(direct, poison), sent[1].to_item()]
    batch = {"Records": [record(dict(item), n) for n, item in enumerate(items, 1)]}
    answer = direct.hand("SendMail", batch)
    assert answer == {"batchItemFailures": [{"itemIdentifier": f"{2:021}"}]}
    mapping = direct.client("lambda").list_event_source_mappings(
        FunctionName=direct.names["SendMail"]
    )["EventSourceMappings"][0]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["MaximumRetryAttempts"] == 5
    assert mapping["BisectBatchOnFunctionError"] is True
    queue = mapping["DestinationConfig"]["OnFailure"]["Destination"]
    assert queue.rpartition(":")[2] == direct.names["UnsentMessages"].rpartition("/")[2]
    direct.delete(poison.to_item())
    # Once the message is deleted, its record does nothing.
    assert direct.hand("SendMail", batch) == {"batchItemFailures": []}


def test_sent_again_once(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A message in the table is sent once when its record is delivered again."""
    person, _ = signed_up(client, mailbox)
    (registration_id,) = direct.registrations(person.email)
    message = Outgoing.new("validation", int(time.time()), registration_id=registration_id)
    batch = {"Records": [record(dict(message.to_item()), 1)]}
    # Its row was deleted, as after it was sent: nothing is sent.
    assert direct.hand("SendMail", batch) == {"batchItemFailures": []}
    assert len(mailbox.of(person.email)) == 1
    put(direct, message)
    for _ in range(3):
        assert direct.hand("SendMail", batch) == {"batchItemFailures": []}
    mailbox.settle()
    assert len(mailbox.of(person.email)) <= 3, (
        "the stream and the test may both send it: one repeated mail"
    )
    assert list(direct.items(message.to_item()["pk"]["S"])) == []
