"""What is counted, as CloudWatch metrics inside the log line that tells the same (EMF).

One line serves for both: nothing is counted that cannot be looked up, and no call is paid for it.
Dimensions are routes, outcomes and kinds, never anything about a person.
"""

import functools
import time
from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "Portail"

ANSWERS = "Answers"
"""Requests answered, by ``route`` (method and path) and ``outcome``: ``ok`` or a problem's slug."""
MESSAGES = "Messages"
"""Mails and events taken from the outbox, by ``kind`` and ``outcome``."""
MAILS_RETURNED = "MailsReturned"
"""Mails that SES reports about, by ``kind`` (``Bounce`` or ``Complaint``)."""
AFFILIATIONS = "Affiliations"
"""Decisions of the back office, by ``kind`` and ``outcome``."""
OPERATIONS = "Operations"
"""What operators did by the function ``ops``, by ``kind`` and ``outcome``."""


def count(metric: str, **dimensions: str) -> dict[str, Any]:
    """Return what a log line must hold to count one, by these dimensions."""
    frame = _frame(metric, *dimensions)
    now = {"_aws": frame["_aws"] | {"Timestamp": int(time.time() * 1000)}}
    return frame | dimensions | now


@functools.cache
def _frame(metric: str, *dimensions: str) -> dict[str, Any]:
    """Return what is the same each time: Powertools takes a tenth of a millisecond over it."""
    metrics = EphemeralMetrics(namespace=NAMESPACE)  # and the service, from the environment
    for name in dimensions:
        metrics.add_dimension(name, "-")  # every dimension has a value
    metrics.add_metric(metric, MetricUnit.Count, 1)
    return dict(metrics.serialize_metric_set())  # pyright: ignore[reportUnknownMemberType]
