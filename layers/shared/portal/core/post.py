"""The way to SES: mails leave no faster than it takes them, and none twice because it is slow.

SES takes so many mails a second from an account and refuses the others. A mail to which it gives no
answer in time may be on its way.
"""

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError
from msgspec import Struct

from portal.core.limits import MailLimitedError, take_of_second
from portal.core.outbox import PerhapsSentError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

    from portal.core.settings import Limits
    from portal.core.table import Table

_TOO_FAST = {
    "TooManyRequestsException",
    "LimitExceededException",
    "ThrottlingException",
    "Throttling",
}
"""Refusals of SES after which the same mail may be accepted later."""
PAUSES = (1, 2, 4, 8, 16, 32, 32, 32)
"""Seconds before a mail that came too fast is offered again: two minutes in all."""
RESERVE = 45
"""Seconds to the end of an execution in which no mail is begun: more than SES may take for one."""


class NoTimeLeftError(Exception):
    """The execution ends before the mail could be sent; the stream tries it again."""


class Post(Struct, frozen=True):
    """SES, and how many seconds are left to the execution that uses it."""

    ses: "SESV2Client"
    table: "Table"
    limits: "Limits"
    time_left: Callable[[], float]

    def send(self, **mail: Any) -> None:  # noqa: ANN401 - a mail as botocore takes it
        """Have SES accept a mail, after waiting for its turn; parameters are those of SendEmail.

        Raises ``NoTimeLeftError``, ``PerhapsSentError``, or the refusal of SES.
        """
        for pause in (*PAUSES, None):
            self._wait_for_turn()
            # guard: no-mail-is-cut-off
            self._require_time()
            try:
                self.ses.send_email(**mail)
            except ReadTimeoutError:
                raise PerhapsSentError from None
            except ClientError as refusal:
                too_fast = refusal.response.get("Error", {}).get("Code") in _TOO_FAST
                if pause is None or not too_fast:
                    raise
                time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret
            else:
                return

    def _wait_for_turn(self) -> None:
        """Take the first second that has room for a mail, and wait until it starts."""
        now = time.time()
        second = int(now)
        while not self._takes(second):
            second += 1
            self._require_time(second - now)
        if second > now:
            time.sleep(second - now)

    def _takes(self, second: int) -> bool:
        try:
            self.table.write(take_of_second(self.limits, second))
        except MailLimitedError:
            return False
        return True

    def _require_time(self, seconds: float = 0) -> None:
        if self.time_left() - seconds < RESERVE:
            raise NoTimeLeftError
