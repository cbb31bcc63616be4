"""Acts of operators, from the Test tab of the AWS console: see events/ops/."""

import os
import time
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from aws_lambda_powertools import Logger
from pydantic import (
    UUID4,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    model_validator,
)

from portal.core import aws, keys
from portal.core.metrics import OPERATIONS, count
from portal.core.settings import settings
from portal.core.table import table
from portal.core.writes import put
from portal.http.fields import EmailAddress, Identifier
from portal.payments import checking, reissuing
from portal.payments.reissuing import Again, UnknownDayError
from portal.support import operators
from portal.support.operators import NoSecondFactorError, UnknownAccountError
from portal.support.records import Audit

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()

type Line = Annotated[str, StringConstraints(pattern=r"^[\w .,:#/-]{3,120}$")]


class Act(BaseModel):
    """Who acts and why: the operator's name, the number of a ticket."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    operator: Line
    reason: Line


class LookUp(Act):
    """Show the state of an account."""

    action: Literal["look-up"]
    account_id: UUID4


class EndSessions(Act):
    """End every session of an account, its password and its links."""

    action: Literal["end-sessions"]
    account_id: UUID4


class RemoveSecondFactor(Act):
    """Have the second factor of an account removed in three days."""

    action: Literal["remove-second-factor"]
    account_id: UUID4


class ResendLink(Act):
    """Send the link of each open sign-up of an address again."""

    action: Literal["resend-link"]
    email: EmailAddress


class LiftLimits(Act):
    """Clear the failed logins, mail limits and bounces of an account or an identifier."""

    action: Literal["lift-limits"]
    account_id: UUID4 | None = None
    identifier: Identifier | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.account_id is None) == (self.identifier is None):
            raise ValueError("give an account_id or an identifier")
        return self


class CheckBalance(Act):
    """Compute the balance of an account anew, and compare its payments with the bank's files."""

    action: Literal["check-balance"]
    account_id: UUID4


class ReplayMessages(Act):
    """Send again the messages that could not be sent."""

    action: Literal["replay-messages"]


class ReplayEvents(Act):
    """Process again the events that failed."""

    action: Literal["replay-events"]


class ReissueFile(Act):
    """Make a file of the bank again, under another name and reference."""

    action: Literal["reissue-file"]
    file: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}-\d{1,4}$")]
    attempt: Annotated[int, Field(ge=2, le=9)] = 2


type Asked = Annotated[
    LookUp
    | EndSessions
    | RemoveSecondFactor
    | ResendLink
    | LiftLimits
    | CheckBalance
    | ReplayMessages
    | ReplayEvents
    | ReissueFile,
    Field(discriminator="action"),
]
ASKED: TypeAdapter[Asked] = TypeAdapter(Asked)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:  # noqa: ARG001
    """Do one act and return its outcome.

    A malformed request raises ``ValidationError`` and does nothing.
    """
    asked = ASKED.validate_python(event)
    now = int(time.time())
    account_id = _account_id(asked)
    audit = Audit.of(asked.operator, asked.reason, asked.action, now, account_id)
    try:
        found, outcome = _act(asked, account_id, audit, now), "done"
    except UnknownAccountError:
        table().transact(put(audit))
        found, outcome = {}, "unknown-account"
    except UnknownDayError:  # the act is in the trail
        found, outcome = {}, "unknown-file"
    except NoSecondFactorError:
        table().transact(put(audit))
        found, outcome = {}, "no-second-factor"
    logger.info(
        "operation",
        operator=asked.operator,
        reason=asked.reason,
        account_id=account_id,
        **count(OPERATIONS, kind=asked.action, outcome=outcome),
    )
    return {"outcome": outcome, **found}


def _act(asked: Asked, account_id: str | None, audit: Audit, now: int) -> dict[str, Any]:
    match asked:
        case LookUp():
            return dict(operators.look_up(table(), str(asked.account_id), audit, now))
        case EndSessions():
            operators.end_sessions(table(), str(asked.account_id), audit, now)
        case RemoveSecondFactor():
            operators.remove_second_factor(table(), str(asked.account_id), audit, now)
        case ResendLink():
            operators.resend_link(table(), keys.lookup_keys(), asked.email, audit, now)
        case LiftLimits():
            lookup = keys.lookup_keys()
            operators.lift_limits(table(), lookup, account_id, asked.identifier, audit)
        case CheckBalance():
            return dict(checking.check_balance(table(), str(asked.account_id), audit, now))
        case ReplayMessages():
            queue = settings().unsent_messages
            return dict(operators.replay_messages(table(), aws.sqs(), queue, audit, now))
        case ReplayEvents():
            queue = settings().failed_events
            return dict(operators.replay_events(table(), aws.sqs(), aws.lambda_(), queue, audit))
        case ReissueFile():
            bank, again = os.environ["BANK_FUNCTION"], Again(asked.file, asked.attempt)
            reissuing.ask(table(), aws.lambda_(), bank, again, audit)
    return {}


def _account_id(asked: Asked) -> str | None:
    account_id = getattr(asked, "account_id", None)
    return None if account_id is None else str(account_id)
