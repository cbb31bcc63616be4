"""Deletes, once a day, the accounts whose holders asked for it 30 days ago."""

import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from portal import accounts
from portal.table import table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Delete what is due."""
    logger.info("accounts deleted", count=accounts.delete_due(table(), int(time.time())))
