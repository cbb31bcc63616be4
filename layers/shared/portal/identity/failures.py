"""Refused logins, reported whatever the method."""

from botocore.exceptions import BotoCoreError, ClientError

from portal.core import aws
from portal.core.bus import NotPublishedError, publish
from portal.core.outbox import Outgoing
from portal.core.settings import settings
from portal.core.table import table
from portal.core.writes import put
from portal.identity.events import LOGIN_FAILED


def report_failure(now: int, account_id: str | None) -> None:
    """Publish a refused login directly; through the outbox only when that fails.

    There is no transaction that the message could be part of.
    """
    bus, detail = settings().event_bus, {"account_id": account_id}
    try:
        publish(aws.event_bridge(), bus, LOGIN_FAILED, detail, now)
    except (BotoCoreError, ClientError, NotPublishedError):
        table().write(put(Outgoing.new(LOGIN_FAILED, now, account_id=account_id)))
