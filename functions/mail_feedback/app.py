"""Bounces, complaints and rejections that SES reports."""

import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from portal.core.metrics import MAILS_RETURNED, count
from portal.core.table import table
from portal.identity import bounces
from portal.support.contact import ACKNOWLEDGEMENT

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

UNSOLICITED = {**bounces.UNSOLICITED, ACKNOWLEDGEMENT: (ACKNOWLEDGEMENT,)}

logger = Logger()


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Store what a permanent bounce or a complaint says; count the others.

    The address itself is not read: the mail's tags have its hashes, and what it was about.
    """
    detail = event["detail"]
    kind = str(detail["eventType"])
    bounce: dict[str, Any] = detail.get("bounce") or {}
    if kind == "Bounce" and bounce.get("bounceType") != "Permanent":
        return
    # SES did not try: the address is on its list, for whatever reason it got there.
    if bounce.get("bounceSubType") == "OnAccountSuppressionList":
        kind = "Reject"
    tags: dict[str, list[str]] = detail["mail"].get("tags") or {}
    tag = {name: values[0] for name, values in tags.items() if values}
    account_id = tag.get("account")
    logger.info("mail came back", account_id=account_id, **count(MAILS_RETURNED, kind=kind))
    now = int(time.time())
    # guard: complaints-are-no-bounces: kind == "Bounce" => kind != "Reject"
    if kind == "Bounce":
        bounces.note_bounce(table(), tag.get("address"), account_id, tag.get("registration"), now)
    if kind == "Complaint" and "mailbox" in tag:
        kinds = UNSOLICITED.get(tag.get("template", ""), ())
        bounces.note_complaint(table(), tag["mailbox"], kinds, now)
