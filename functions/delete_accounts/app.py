"""Deletes accounts as asked for, and unused ones; forgets late new addresses; runs once a day."""

import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from portal.core.settings import settings
from portal.core.table import table
from portal.declarations.held import HELD as DECLARATIONS
from portal.identity import deletion, email_change
from portal.identity.held import HELD as IDENTITY
from portal.identity.unused import look_at_unused
from portal.payments.held import HELD as PAYMENTS
from portal.support.held import HELD as SUPPORT

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
# Payments are sealed before the declarations, whose partition they are in, are removed.
# guard: payments-before-declarations: *PAYMENTS, *DECLARATIONS => *DECLARATIONS, *PAYMENTS
HELD = (*IDENTITY, *PAYMENTS, *DECLARATIONS, *SUPPORT)


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Delete the accounts that are due, and tell the holders of those that nobody uses.

    New addresses that were not confirmed in time are forgotten too.

    ``days`` in the event makes up for runs missed for longer than a month.
    """
    now, days = int(time.time()), int(event.get("days", 31))
    unused = look_at_unused(table(), HELD, settings().unused, now, days)
    deleted = deletion.delete_due(table(), HELD, now, days)
    addresses = email_change.forget_unconfirmed(table(), now, days)
    logger.info("accounts deleted", count=deleted, unused=dict(unused), addresses=addresses)
