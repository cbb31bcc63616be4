"""Sends reminders about periods that open, are due or are late, in the morning and after noon."""

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from portal.core.table import table
from portal.declarations.looks import look_at_due
from portal.payments.plan_looks import look_at_instalments

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Send the reminders that are due.

    ``days`` in the event makes up for runs missed for longer than a month; ``time`` (RFC 3339) is
    the time of a run that is tried, now by default.
    """
    at, days = event.get("time"), int(event.get("days", 31))
    now = int(datetime.fromisoformat(at).timestamp() if at else time.time())
    outcomes = look_at_due(table(), now, days)
    instalments = look_at_instalments(table(), now, days)
    logger.info("looked at periods", outcomes=dict(outcomes), instalments=dict(instalments))
