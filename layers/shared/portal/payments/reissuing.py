"""An operator has a file of the bank made again: the same debits, under another reference."""

import json
from typing import TYPE_CHECKING, NamedTuple

from portal.core.writes import put
from portal.payments.records import DayOfDebits

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from portal.core.table import Table
    from portal.support.records import Audit


class UnknownDayError(LookupError):
    """No file of that day was made."""


class Again(NamedTuple):
    """A file, such as ``2026-11-30-1``, and for which time it is made."""

    file: str
    attempt: int


def ask(
    table: "Table", lambda_: "LambdaClient", function: str, again: Again, audit: "Audit"
) -> None:
    """Have the function that makes files make one again; raises ``UnknownDayError``."""
    table.transact(put(audit))
    found = table.get(DayOfDebits, DayOfDebits.key_of(day=again.file[:10]))
    if found is None or found.done_at is None:
        raise UnknownDayError(again.file)
    lambda_.invoke(
        FunctionName=function,
        Qualifier="live",
        InvocationType="Event",
        Payload=json.dumps({"reissue": again._asdict()}).encode(),
    )
