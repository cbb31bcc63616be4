"""CloudWatch metrics, written inside log lines in the embedded metric format (EMF).

So whatever is counted is also a log line that can be looked up, and no API call is needed.
Dimensions are routes, outcomes and kinds, never personal data.
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
"""Mails that SES reports, by ``kind`` (``Bounce``, ``Complaint`` or ``Reject``)."""
AFFILIATIONS = "Affiliations"
"""Decisions of the back office, by ``kind`` and ``outcome``."""
OPERATIONS = "Operations"
"""Acts of operators through the function Ops, by ``kind`` and ``outcome``."""
REPORTS = "BankReports"
"""Reports of the bank, by ``outcome``: ``applied`` or ``set-aside``."""

JOURNEYS = "Journeys"
"""Sign-ups of the synthetic journey, by ``outcome``: ``started``, ``refused``, ``arrived``."""


def count(metric: str, **dimensions: str) -> dict[str, Any]:
    """Return the fields of a log line that counts one, with these dimensions."""
    frame = _frame(metric, *dimensions)
    now = {"_aws": frame["_aws"] | {"Timestamp": int(time.time() * 1000)}}
    return frame | dimensions | now


@functools.cache
def _frame(metric: str, *dimensions: str) -> dict[str, Any]:
    """Return the part that never changes, cached: Powertools takes 0.1 ms to build it."""
    metrics = EphemeralMetrics(namespace=NAMESPACE)  # and the service, from the environment
    for name in dimensions:
        metrics.add_dimension(name, "-")  # every dimension has a value
    metrics.add_metric(metric, MetricUnit.Count, 1)
    return dict(metrics.serialize_metric_set())  # pyright: ignore[reportUnknownMemberType]
