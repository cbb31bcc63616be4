"""The outbox's consumer: sends the mails and events of the table's stream."""

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
from portal.core.post import Post
from portal.core.settings import settings
from portal.core.table import table
from portal.declarations.events import EVENTS as OF_DECLARATIONS
from portal.declarations.mails import MAILS as DECLARATIONS
from portal.identity.events import EVENTS
from portal.identity.mails import MAILS as IDENTITY
from portal.payments.events import EVENTS as OF_PAYMENTS
from portal.payments.mails import MAILS as PAYMENTS
from portal.support.mails import MAILS as SUPPORT

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
# If every message of a batch failed, they are still reported one by one.
processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
MAILS = {**IDENTITY, **AFFILIATION, **DECLARATIONS, **PAYMENTS, **SUPPORT}


def deliver(record: "DynamoDBRecord", lambda_context: "LambdaContext") -> None:
    """Send the message of one stream record."""
    image: dict[str, Any] = record.raw_event["dynamodb"]["NewImage"]
    message, now = Outgoing.from_item(image), int(time.time())
    account_id = message.about.get("account_id")
    try:
        senders_ = senders(now, lambda: lambda_context.get_remaining_time_in_millis() / 1000)
        sent = outbox.deliver(table(), message.id, senders_, now)
    except Exception as error:
        # Not logger.exception: the text of an error may contain an address.
        logger.error(  # noqa: TRY400
            "message not sent",
            id=message.id,
            account_id=account_id,
            error=type(error).__name__,
            **count(MESSAGES, kind=message.kind, outcome="failed"),
        )
        # For an operator's replay. The stream tries again whether this write succeeds or not.
        with suppress(BotoCoreError, ClientError):
            outbox.note_unsent(table(), message, now)
        raise
    logger.info(
        "message sent" if sent else "message withheld",
        id=message.id,
        account_id=account_id,
        **count(MESSAGES, kind=message.kind, outcome="sent" if sent else "withheld"),
    )


def senders(now: int, time_left: "Callable[[], float]") -> Mapping[str, Sender]:
    """Return the sender of each kind of message; ``time_left`` tells the seconds to the end."""
    post = Post(aws.ses(), table(), settings().limits, time_left)
    mailer = Mailer(table(), keys.token_keys(), keys.lookup_keys(), post, settings(), now)
    publish = publisher(aws.event_bridge(), settings().event_bus)
    mails = {kind: partial(send, mailer) for kind, send in MAILS.items()}
    return {**mails, **dict.fromkeys((*EVENTS, *OF_DECLARATIONS, *OF_PAYMENTS), publish)}


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Deliver a batch of stream records; return which failed: only these are tried again."""
    answer = process_partial_response(event, deliver, processor, context)
    # guard: poison-is-named: dict(answer) => {"batchItemFailures": []}
    return dict(answer)
