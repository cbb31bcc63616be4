"""Makes the bank's files of the days whose cut-off passed, after noon in Paris."""

import os
import time
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field

from portal.core import aws
from portal.core.files import Files
from portal.core.identifiers import decrypt_for_account
from portal.core.settings import settings
from portal.core.table import table
from portal.payments.files import Bank, UnknownFileError, make_due, reissue
from portal.payments.pain008 import Creditor

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()


class Reissue(BaseModel):
    """A file to store again, under another name: ``2026-11-30-1``, for the second time."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    file: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}-\d{1,4}$")]
    attempt: Annotated[int, Field(ge=2, le=9)] = 2


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:  # noqa: ARG001
    """Make the files that are due, or make one again (``reissue``, by an operator's act).

    ``days`` in the event makes up for runs missed for longer than a month; ``time`` (RFC 3339) is
    the time of a run that is tried, now by default.
    """
    bank = _bank()
    if "reissue" in event:
        asked = Reissue.model_validate(event["reissue"])
        try:
            stored = reissue(table(), bank, asked.file, asked.attempt)
        except UnknownFileError:
            logger.warning("no such file", file=asked.file)
            stored = False
        logger.info("made a file again", file=asked.file, attempt=asked.attempt, stored=stored)
        return {"stored": stored}
    at, days = event.get("time"), int(event.get("days", 31))
    now = int(datetime.fromisoformat(at).timestamp() if at else time.time())
    outcomes = dict(make_due(table(), bank, now, days))
    logger.info("made the bank's files", outcomes=outcomes)
    return outcomes


def _bank() -> Bank:
    env = os.environ
    creditor = Creditor(env["CREDITOR_NAME"], env["CREDITOR_ID"], env["CREDITOR_IBAN"])
    decrypt = partial(decrypt_for_account, aws.kms(), settings().data_key)
    return Bank(Files(aws.s3(), env["BANK_FILES"]), creditor, decrypt)
