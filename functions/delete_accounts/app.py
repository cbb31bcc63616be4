"""Deletes accounts 30 days after their holders asked for it; runs once a day."""

import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from portal.core.table import table
from portal.identity import deletion
from portal.identity.held import HELD as IDENTITY
from portal.support.held import HELD as SUPPORT

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
HELD = (*IDENTITY, *SUPPORT)


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Delete the accounts that are due."""
    deleted = deletion.delete_due(table(), HELD, int(time.time()))
    logger.info("accounts deleted", count=deleted)
