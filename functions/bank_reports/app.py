"""Applies the bank's reports: objects that are dropped under ``in/``."""

import os
import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from portal.core import aws
from portal.core.files import Files
from portal.core.metrics import REPORTS, count
from portal.core.table import table
from portal.payments import reports
from portal.payments.report_reading import MOST_BYTES, NotUnderstoodError, read

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
_FOLDER, _ASIDE = "in/", "aside/"
_GONE = {"NoSuchKey", "404"}


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Apply the report of an object, or set the object aside when it is not understood.

    Raises ``ValueError`` for an event about an object that is elsewhere.
    """
    key = str(event["detail"]["object"]["key"])
    if not key.startswith(_FOLDER):
        raise ValueError("no report is there")
    files = Files(aws.s3(), os.environ["BANK_FILES"])
    try:
        outcomes = _apply(files, key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in _GONE:
            raise
        outcomes = {"gone": 1}  # a delivery that was repeated, of what was set aside
    logger.info("read a report", outcomes=outcomes)


def _apply(files: Files, key: str) -> dict[str, int]:
    try:
        movements = read(_content(files, key), os.environ["CREDITOR_IBAN"])
        outcomes = reports.apply(table(), movements, int(time.time()))
    except NotUnderstoodError as error:
        files.move(key, f"{_ASIDE}{key.removeprefix(_FOLDER)}")
        # Its name and content are not logged: whoever stores an object chooses them.
        logger.warning("set a report aside", why=error.why, **count(REPORTS, outcome="set-aside"))
        return {"set-aside": 1}
    logger.info("applied a report", **count(REPORTS, outcome="applied"))
    return dict(outcomes)


def _content(files: Files, key: str) -> bytes:
    # guard: size-before-content: files.size(key) > MOST_BYTES => False
    if files.size(key) > MOST_BYTES:
        raise NotUnderstoodError("too-large")
    return files.read(key)
