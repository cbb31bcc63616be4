"""What a request costs: each price times the measured use of a request."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from benchmarks.figures import Figure, Section
from benchmarks.prices import (
    EVENT,
    FIREWALL,
    GATEWAY,
    GIB_SECOND,
    INVOCATION,
    KEY_CALL,
    LOG,
    LOG_KEPT,
    READ_UNIT,
    SENT_OUT,
    TRACE,
    WRITE_UNIT,
)
from benchmarks.warm import Asked
from tools.transformed import transformed

MILLION = 1_000_000
TRIP = 5.0
"""Assumed duration of a call to a service within the region, in milliseconds."""
LOG_BYTES = 900
"""Log bytes of one run: our line, and the platform's START, END and REPORT."""
ACCESS_LOG_BYTES = 400
"""Bytes of the gateway's line about one request."""
ANSWER_BYTES = 1_500
SAMPLED = 0.05
"""Share of requests that are traced in busy functions."""
MAIL_MILLISECONDS = 60.0
MAIL_UNITS = (4, 3)
"""Units read and written for a mail: message, sign-up and holders; link, turn and deletion."""
EVENT_UNITS = (1, 1)
BUDGETS = {"a million logins": 12.0, "a million sign-ups": 20.0, "a million declarations": 12.0}


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of one request, in dollars a million."""

    gateway: float
    firewall: float
    function: float
    table: float
    others: float

    @property
    def total(self) -> float:
        """The sum."""
        return sum(getattr(self, each.name) for each in fields(self))


def of_request(asked: Asked, memory_mib: int) -> Cost:
    """Return the cost of a request through the gateway, without that of its messages."""
    calls = asked.trips + len(asked.others)
    events = sum(EVENT.each for each in asked.others if each == "PutEvents")
    keys = sum(KEY_CALL.each for each in asked.others if each in {"Encrypt", "Decrypt"})
    told = _logs(LOG_BYTES + ACCESS_LOG_BYTES) + SAMPLED * TRACE.each
    return Cost(
        gateway=GATEWAY.each * MILLION,
        firewall=FIREWALL.each * MILLION,
        function=_function(asked.milliseconds + TRIP * calls, memory_mib) * MILLION,
        table=_table(asked.read, asked.written) * MILLION,
        others=(events + keys + told + ANSWER_BYTES * SENT_OUT.each) * MILLION,
    )


def of_message(*, mail: bool) -> Cost:
    """Return the cost of sending one message of the outbox, without SES's own price.

    A message is read and deleted. For a mail, the sign-up is read, and whether its address has an
    account; the link is written, and the mail's turn counted. An event is put on the bus.
    """
    milliseconds = MAIL_MILLISECONDS if mail else TRIP * 3
    return Cost(
        gateway=0,
        firewall=0,
        function=_function(milliseconds, memory("send_mail")) * MILLION,
        table=_table(*(MAIL_UNITS if mail else EVENT_UNITS)) * MILLION,
        others=((0 if mail else EVENT.each) + _logs(LOG_BYTES)) * MILLION,
    )


def memory(folder: str) -> int:
    """Return the MiB of the function in a folder, as the template has it."""
    (found,) = (
        each["Properties"]["MemorySize"]
        for each in transformed()["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function"
        and each["Properties"]["Code"]["S3Key"] == f"functions/{folder}/"
    )
    return found


def retention_months() -> float:
    """Return for how long logs are kept, by default."""
    return transformed()["Parameters"]["LogRetention"]["Default"] * 24 / 730


def _function(milliseconds: float, memory_mib: int) -> float:
    seconds = math.ceil(milliseconds) / 1000
    return INVOCATION.each + seconds * memory_mib / 1024 * GIB_SECOND.each


def _table(read: float, written: float) -> float:
    return read * READ_UNIT.each + written * WRITE_UNIT.each


def _logs(size: int) -> float:
    return size * (LOG.each + LOG_KEPT.each * retention_months())


def costs(cases: Mapping[str, Asked]) -> dict[str, Cost]:
    """Return the cost of each kind of request and message, by its name."""

    def of(case: str) -> Cost:
        return of_request(cases[case], memory(case.partition("/")[0]))

    return {
        "login": of("login/login"),
        "its event": of_message(mail=False),
        "failed login": of("login/wrong-password"),
        "page of the feed": of("activity/first-page"),
        "sign-up": of("signup/sign-up"),
        "its mail, before SES": of_message(mail=True),
        "opening the link": of("validate_email/good-link"),
        "setting the password": of("set_password/set-password"),
        "declaration": of("declare/declare"),
        "order of a payment": of("payments/order"),
        "periods": of("declare/periods"),
        "estimate": of("estimate/estimate"),
    }


def measure(cases: Mapping[str, Asked]) -> Section:
    """Add up the cost of a million of each request."""
    found = costs(cases)
    login = found["login"].total + found["its event"].total
    sign_up = found["sign-up"].total + found["its mail, before SES"].total
    mail, event = found["its mail, before SES"].total, found["its event"].total
    declaration = found["declaration"].total + mail + event
    names = [each.name for each in fields(Cost)]
    return Section(
        "Cost",
        "US dollars a million, list prices; the arithmetic is in [cost.md](cost.md).",
        [
            Figure(
                "a million logins, firewall, gateway and event included",
                login,
                BUDGETS["a million logins"],
                "$",
            ),
            Figure(
                "a million sign-ups with their mail, before SES",
                sign_up,
                BUDGETS["a million sign-ups"],
                "$",
            ),
            Figure(
                "a million declarations with their event and mail, before SES",
                declaration,
                BUDGETS["a million declarations"],
                "$",
            ),
        ],
        ["", *names, "all"],
        [
            (name, *(f"{getattr(cost, each):.2f}" for each in (*names, "total")))
            for name, cost in found.items()
        ],
    )
