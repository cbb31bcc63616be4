"""Cost of requests at list prices: each price times the measured use of a request."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.figures import Figure, Section
from benchmarks.warm import Asked

MILLION = 1_000_000

# List prices in US dollars, us-east-1, without free tiers; eu-west-3 costs up to 20 % more.
GATEWAY = 3.50 / MILLION
"""Price of a request to a REST API."""
INVOCATION = 0.20 / MILLION
GIB_SECOND = 0.0000133334
"""Price of the memory of a function on arm64."""
WRITE_UNIT = 0.625 / MILLION
READ_UNIT = 0.125 / MILLION
EVENT = 1.00 / MILLION
"""Price of an event put on a bus."""
KMS_CALL = 0.03 / 10_000
LOG_GB = 0.50
TRACE = 5.00 / MILLION
TRANSFER_GB = 0.09

TRIP = 5.0
"""Assumed duration of a call to a service within the region, in milliseconds."""
LOG_BYTES = 900
"""Log bytes of one request: our line, and the platform's START, END and REPORT."""
ANSWER_BYTES = 1_500
SAMPLED = 0.05
"""Share of requests that are traced in busy functions."""
MAIL_MILLISECONDS = 60.0
MAIL_TRIPS = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of one request, in dollars a million."""

    gateway: float
    function: float
    table: float
    others: float

    @property
    def total(self) -> float:
        """The sum."""
        return self.gateway + self.function + self.table + self.others


def of_request(asked: Asked, memory_mib: int) -> Cost:
    """Return the cost of a request through the gateway, without that of its messages."""
    calls = asked.trips + len(asked.others)
    events = sum(EVENT for each in asked.others if each == "PutEvents")
    keys = sum(KMS_CALL for each in asked.others if each in {"Encrypt", "Decrypt"})
    logs = LOG_BYTES / 1e9 * LOG_GB + SAMPLED * TRACE + ANSWER_BYTES / 1e9 * TRANSFER_GB
    return Cost(
        gateway=GATEWAY * MILLION,
        function=_function(asked.milliseconds + TRIP * calls, memory_mib) * MILLION,
        table=(asked.written * WRITE_UNIT + asked.read * READ_UNIT) * MILLION,
        others=(events + keys + logs) * MILLION,
    )


def of_message(*, mail: bool) -> Cost:
    """Return the cost of sending one message of the outbox, without SES's own price.

    A message is read and deleted. For a mail, the sign-up is read, and whether its address has an
    account, and the link is written; an event is put on the bus.
    """
    reads, writes = (4, 2) if mail else (1, 1)
    milliseconds = MAIL_MILLISECONDS if mail else TRIP * 3
    return Cost(
        gateway=0,
        function=_function(milliseconds, 1024) * MILLION,
        table=(writes * WRITE_UNIT + reads * READ_UNIT) * MILLION,
        others=(0 if mail else EVENT * MILLION) + LOG_BYTES / 1e9 * LOG_GB * MILLION,
    )


def _function(milliseconds: float, memory_mib: int) -> float:
    return INVOCATION + math.ceil(milliseconds) / 1000 * memory_mib / 1024 * GIB_SECOND


def measure(cases: Mapping[str, Asked]) -> Section:
    """Add up the cost of a million of each request."""
    login = of_request(cases["login/login"], 1769)
    sign_up = of_request(cases["signup/sign-up"], 1024)
    validation = of_request(cases["validate_email/good-link"], 1024)
    password = of_request(cases["set_password/set-password"], 1024)
    mail, event = of_message(mail=True), of_message(mail=False)
    rows = {
        "login": login,
        "its event": event,
        "failed login": of_request(cases["login/wrong-password"], 1769),
        "page of the feed": of_request(cases["activity/first-page"], 1024),
        "sign-up": sign_up,
        "its mail": mail,
        "opening the link": validation,
        "setting the password": password,
    }
    return Section(
        "Cost",
        "US dollars a million, list prices; the arithmetic is in [cost.md](cost.md).",
        [
            Figure(
                "a million logins, gateway and event included",
                login.total + event.total,
                12,
                "$",
            ),
            Figure(
                "a million sign-ups with their mail, before SES",
                sign_up.total + mail.total,
                20,
                "$",
            ),
        ],
        ["", "gateway", "function", "table", "others", "all"],
        [
            (
                name,
                *(
                    f"{value:.2f}"
                    for value in (each.gateway, each.function, each.table, each.others, each.total)
                ),
            )
            for name, each in rows.items()
        ],
    )
