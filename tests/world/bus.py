"""The events that other systems can follow."""

import json
import time
import uuid
from typing import Any

from portal.core.identifiers import email_mac, mailbox_mac
from tests.world.direct import Direct

_PATIENCE = 100.0
"""Seconds to wait for an event: it takes one or two, more on a busy machine."""


def decision_event(decision: str, account_id: object, at: float, **detail: Any) -> dict[str, Any]:
    """Return the back office's decision on an affiliation, as the bus gives it to the function."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "source": "portal.backoffice",
        "detail-type": decision,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)),
        "detail": {"account_id": account_id, **detail},
    }


class Listener:
    """A queue that receives the events of the portal's bus."""

    def __init__(self, direct: "Direct") -> None:
        self._sqs, self._events = direct.client("sqs"), direct.client("events")
        self._bus = direct.names["EventBus"]
        self.received: list[dict[str, Any]] = []
        self._url = self._sqs.create_queue(QueueName="test-events")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self._events.put_rule(
            Name="test-events",
            EventBusName=self._bus,
            EventPattern=json.dumps({"source": [{"prefix": ""}]}),
        )
        target = {"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}
        self._events.put_targets(Rule="test-events", EventBusName=self._bus, Targets=[target])

    def wait(self, account_id: str | None, count: int) -> list[dict[str, Any]]:
        """Wait for ``count`` events about an account, then a little longer for one too many."""
        deadline = time.monotonic() + _PATIENCE
        while len(self._about(account_id)) < count and time.monotonic() < deadline:
            self.received += self._receive(1)
        self.received += self._receive(1)
        return self._about(account_id)

    def _about(self, account_id: str | None) -> list[dict[str, Any]]:
        return [each for each in self.received if each["detail"]["account_id"] == account_id]

    def _receive(self, seconds: int) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=seconds
        )
        messages = answer.get("Messages", [])
        for each in messages:
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=each["ReceiptHandle"])
        return [json.loads(each["Body"]) for each in messages]

    def close(self) -> None:
        """Remove the queue from the bus."""
        self._events.remove_targets(Rule="test-events", EventBusName=self._bus, Ids=["queue"])
        self._events.delete_rule(Name="test-events", EventBusName=self._bus)
        self._sqs.delete_queue(QueueUrl=self._url)


def bounce(direct: Direct, email: str, account: str | None = None, **changes: Any) -> object:
    """Return the event that SES puts on the bus when a mail to an address comes back."""
    tags = {
        "ses:configuration-set": ["portail"],
        "template": ["validation"],
        "address": [email_mac(direct.lookup, email)],
        "mailbox": [mailbox_mac(direct.lookup, email)],
    }
    if registrations := direct.registrations(email):
        tags["registration"] = registrations[-1:]
    if account:
        tags["account"] = [account]
    detail = {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": email, "action": "failed", "status": "5.1.1"}],
        },
        "mail": {"messageId": "0100", "destination": [email], "tags": tags},
    }
    return {
        "version": "0",
        "source": "aws.ses",
        "detail-type": "Email Bounced",
        "detail": detail | changes,
    }
