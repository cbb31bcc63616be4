"""Events for other systems: what happened to which account id, without personal data."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_events import EventBridgeClient

    from portal.core.outbox import Outgoing

SOURCE = "portal.account"


class NotPublishedError(Exception):
    """The event bus refused an event."""


def publish(
    event_bridge: "EventBridgeClient",
    bus: str,
    kind: str,
    ids: "Mapping[str, str | None]",
    at: int,
) -> None:
    """Put an event on the bus; ``at`` is in seconds. Raises ``NotPublishedError``.

    Of the ``ids``, ``account_id`` is ``None`` for a failed login with an unknown identifier.
    """
    answer = event_bridge.put_events(
        Entries=[
            {
                "Source": SOURCE,
                "DetailType": kind,
                "Detail": json.dumps(dict(ids)),
                "Time": datetime.fromtimestamp(at, UTC),
                "EventBusName": bus,
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise NotPublishedError(answer["Entries"][0].get("ErrorCode"))


def publisher(event_bridge: "EventBridgeClient", bus: str) -> "Callable[[Outgoing], None]":
    """Return the sender of events: the kind of a message is the detail type of its event."""

    def send(message: "Outgoing") -> None:
        ids = {"account_id": None, **message.about}
        publish(event_bridge, bus, message.kind, ids, message.created_at)

    return send
