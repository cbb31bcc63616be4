"""The outbox's consumer: sends the mails and events that the table's stream brings."""

import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,  # pyright: ignore[reportUnknownVariableType]
)
from botocore.exceptions import BotoCoreError, ClientError

from portal.affiliation.mails import MAILS as AFFILIATION
from portal.core import aws, keys, outbox
from portal.core.bus import publisher
from portal.core.mail import Mailer
from portal.core.metrics import MESSAGES, count
from portal.core.outbox import Outgoing, Sender
from portal.core.settings import settings
from portal.core.table import table
from portal.identity.events import EVENTS
from portal.identity.mails import MAILS as IDENTITY
from portal.support.mails import MAILS as SUPPORT

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
# A batch whose every message failed is answered like any other: message by message.
processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
MAILS = {**IDENTITY, **AFFILIATION, **SUPPORT}


def deliver(record: "DynamoDBRecord") -> None:
    """Send the message of one stream record."""
    image: dict[str, Any] = record.raw_event["dynamodb"]["NewImage"]
    message, now = Outgoing.from_item(image), int(time.time())
    account_id = message.about.get("account_id")
    try:
        outbox.deliver(table(), message.id, senders(now))
    except Exception as error:
        # Not logger.exception: the text of an error may hold an address.
        logger.error(  # noqa: TRY400
            "message not sent",
            id=message.id,
            account_id=account_id,
            error=type(error).__name__,
            **count(MESSAGES, kind=message.kind, outcome="failed"),
        )
        # Where an operator's replay finds it. The stream tries again whether this works or not.
        with suppress(BotoCoreError, ClientError):
            outbox.note_unsent(table(), message, now)
        raise
    logger.info(
        "message sent",
        id=message.id,
        account_id=account_id,
        **count(MESSAGES, kind=message.kind, outcome="sent"),
    )


def senders(now: int) -> Mapping[str, Sender]:
    """Return what sends each kind of message: a mail, or an event."""
    mailer = Mailer(table(), keys.token_keys(), aws.ses(), settings(), now)
    publish = publisher(aws.event_bridge(), settings().event_bus)
    mails = {kind: partial(send, mailer) for kind, send in MAILS.items()}
    return {**mails, **dict.fromkeys(EVENTS, publish)}


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Deliver a batch of stream records; returns which failed, so that the rest is not repeated."""
    answer = process_partial_response(event, deliver, processor, context)
    # guard: poison-is-named: dict(answer) => {"batchItemFailures": []}
    return dict(answer)
