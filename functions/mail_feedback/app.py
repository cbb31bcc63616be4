"""Bounces and complaints that SES reports."""

import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from portal.core.metrics import MAILS_RETURNED, count
from portal.core.table import table
from portal.identity import bounces

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Store that an address bounces, for a permanent bounce or a complaint.

    The address itself is not read: the mail's tags have its hash and its account's id.
    """
    detail = event["detail"]
    bounce: dict[str, Any] = detail.get("bounce") or {}
    if detail["eventType"] == "Bounce" and bounce.get("bounceType") != "Permanent":
        return
    tags: dict[str, list[str]] = detail["mail"].get("tags") or {}
    address = next(iter(tags.get("address", [])), None)
    account_id = next(iter(tags.get("account", [])), None)
    logger.info(
        "mail came back",
        account_id=account_id,
        **count(MAILS_RETURNED, kind=str(detail["eventType"])),
    )
    if address:
        bounces.note_bounce(table(), address, account_id, int(time.time()))
