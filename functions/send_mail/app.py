"""The outbox's consumer: sends the mails and events that the table's stream brings."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,  # pyright: ignore[reportUnknownVariableType]
)
from botocore.exceptions import BotoCoreError, ClientError

from portal import aws, keys
from portal.items import Outgoing, Unsent
from portal.metrics import MESSAGES, count
from portal.outbox import Outbox
from portal.settings import settings
from portal.table import table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
# A batch whose every message failed is answered like any other: message by message.
processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)


def deliver(record: "DynamoDBRecord") -> None:
    """Send the message of one stream record."""
    image: dict[str, Any] = record.raw_event["dynamodb"]["NewImage"]
    message = Outgoing.from_item(image)
    outbox = Outbox(table(), keys.token_keys(), aws.ses(), aws.event_bridge(), settings())
    try:
        outbox.deliver(message.id, int(time.time()))
    except Exception as error:
        # Not logger.exception: the text of an error may hold an address.
        logger.error(  # noqa: TRY400
            "message not sent",
            id=message.id,
            account_id=message.account_id,
            error=type(error).__name__,
            **count(MESSAGES, kind=message.kind, outcome="failed"),
        )
        # Where an operator's replay finds it. The stream tries again whether this works or not.
        with suppress(BotoCoreError, ClientError):
            table().note_unsent(
                Unsent(
                    id=message.id,
                    kind=message.kind,
                    at=int(time.time()),
                    expires_at=message.expires_at,
                )
            )
        raise
    logger.info(
        "message sent",
        id=message.id,
        account_id=message.account_id,
        **count(MESSAGES, kind=message.kind, outcome="sent"),
    )


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Deliver a batch of stream records; returns which failed, so that the rest is not repeated."""
    answer = process_partial_response(event, deliver, processor, context)
    return dict(answer)
