"""Events that other systems may follow: what happened to which account, and nothing of whom."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "portal.account"

ACCOUNT_ACTIVATED = "AccountActivated"
ACCOUNT_DELETED = "AccountDeleted"
LOGIN_SUCCEEDED = "LoginSucceeded"
LOGIN_FAILED = "LoginFailed"
PASSWORD_CHANGED = "PasswordChanged"  # noqa: S105 - the name of an event

KINDS = frozenset(
    {
        ACCOUNT_ACTIVATED,
        ACCOUNT_DELETED,
        LOGIN_SUCCEEDED,
        LOGIN_FAILED,
        PASSWORD_CHANGED,
    }
)


class NotPublishedError(Exception):
    """The event bus refused an event."""


def publish(
    event_bridge: "EventBridgeClient",
    bus: str,
    kind: str,
    account_id: str | None,
    at: int,
) -> None:
    """Put an event of a time (seconds) on the bus; raises ``NotPublishedError``.

    ``account_id`` is ``None`` for a failed login of nobody's identifier.
    """
    answer = event_bridge.put_events(
        Entries=[
            {
                "Source": SOURCE,
                "DetailType": kind,
                "Detail": json.dumps({"account_id": account_id}),
                "Time": datetime.fromtimestamp(at, UTC),
                "EventBusName": bus,
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise NotPublishedError(answer["Entries"][0].get("ErrorCode"))
