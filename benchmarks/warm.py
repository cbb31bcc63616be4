"""Warm requests: their processor time without the hash, and their calls to AWS."""

import base64
import json
import math
import statistics
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.artefacts import Build
from benchmarks.figures import Figure, Section
from benchmarks.worker import PYTHON, environment
from benchmarks.world import ROOT

RUNS = 9
_BUDGETS = {
    "login/login": 4,
    "login/wrong-password": 2,
    "activity/first-page": 2,
    "account/read": 2,
    "signup/sign-up": 3,
    "validate_email/good-link": 2,
    "set_password/set-password": 3,
    "logout/logout": 1,
    "declare/periods": 2,
    "declare/declare": 3,
}
"""Round trips to DynamoDB. Of the two reads of a private page, the first checks the session."""
_FUNCTIONS = {
    "Login": ["login/login", "login/wrong-password"],
    "Activity": ["activity/first-page"],
    "Account": ["account/read"],
    "Signup": ["signup/sign-up"],
    "ValidateEmail": ["validate_email/good-link"],
    "SetPassword": ["set_password/set-password"],
    "Logout": ["logout/logout"],
    "Declare": ["declare/periods", "declare/declare"],
    "Estimate": ["estimate/estimate"],
    "Payments": ["payments/order"],
}
_QUICK = ("estimate/estimate", "declare/periods")
"""Pages ask these while one types, and first of all."""
_ITEM = 700
"""Assumed bytes of an updated item, which the request does not show: all are below 1 KiB."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The calls of one request: round trips to DynamoDB, its units, calls to other services."""

    milliseconds: float
    trips: int
    written: int
    read: float
    others: tuple[str, ...]


def ask(built: Build, function: str, *options: str) -> dict[str, Asked]:
    """Run the cases of a function in a new Python process."""
    done = subprocess.run(
        [PYTHON, "-s", "-m", "benchmarks.in_process", *_FUNCTIONS[function], *options],
        cwd=ROOT,
        env=environment(built.code(function), built.layers_of(function), ROOT),
        check=True,
        capture_output=True,
        text=True,
    )
    answers: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return {case: _asked(answer) for case, answer in answers.items()}


def measure(built: Build) -> tuple[Section, dict[str, Asked]]:
    """Count the calls of every case, and measure a login without its hash nine times."""
    cases: dict[str, Asked] = {}
    for function in _FUNCTIONS:
        cases |= ask(built, function)
    overheads = [ask(built, "Login", "--no-hash")["login/login"].milliseconds for _ in range(RUNS)]
    overhead = statistics.median(overheads)
    hashed = cases["login/login"].milliseconds
    section = Section(
        "Warm requests",
        f"The function inside one Python, AWS answered below botocore; processor time, for the "
        f"machine is shared. A login takes "
        f"{hashed:.1f} ms with its hash; without (median of {RUNS} runs' medians, from "
        f"{min(overheads):.1f} to {max(overheads):.1f}) {overhead:.1f} ms. Units are those of "
        f"on-demand DynamoDB, a transaction's counted twice.",
        [
            Figure("login without the hash, p50 of CPU", overhead, 2, "ms"),
            *(Figure(f"{case}, CPU", cases[case].milliseconds, 3, "ms") for case in _QUICK),
            *(
                Figure(f"round trips to DynamoDB, {case}", cases[case].trips, budget)
                for case, budget in _BUDGETS.items()
            ),
            *(
                Figure(f"write units, {case}", cases[case].written, budget)
                for case, budget in (
                    ("login/login", 8),
                    ("signup/sign-up", 11),
                    ("declare/declare", 8),
                )
            ),
        ],
        ["request", "CPU, ms", "round trips", "write units", "read units", "other calls"],
        [
            (
                case,
                f"{asked.milliseconds:.1f}",
                asked.trips,
                asked.written,
                f"{asked.read:g}",
                ", ".join(asked.others),
            )
            for case, asked in cases.items()
        ],
    )
    return section, cases


def _asked(answer: Mapping[str, Any]) -> Asked:
    trips, written, read = 0, 0, 0.0
    others: list[str] = []
    for call in answer["calls"]:
        service, _, operation = call["target"].partition(".")
        if not service.startswith("DynamoDB"):
            others.append(operation)
            continue
        trips += 1
        for written_bytes, times in _writes(operation, call["asked"]):
            written += times * math.ceil(written_bytes / 1024)
        read += _reads(operation, call["asked"])
    return Asked(answer["milliseconds"], trips, written, read, tuple(others))


def _writes(operation: str, asked: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Return the billed bytes of each write, and how often they count: twice in a transaction."""
    if operation == "TransactWriteItems":
        puts: list[Any] = [each.get("Put", {}).get("Item") for each in asked["TransactItems"]]
        return [(size(item) if item else _ITEM, 2) for item in puts]
    if operation == "PutItem":
        return [(size(asked["Item"]), 1)]
    return [(_ITEM, 1)] if operation in {"UpdateItem", "DeleteItem"} else []


def _reads(operation: str, asked: Mapping[str, Any]) -> float:
    """Return the read units: items are below 4 KiB, and each read except a query reads one item."""
    match operation:
        case "GetItem" | "Query":
            return 1 if asked.get("ConsistentRead") else 0.5
        case "BatchGetItem":
            ((_, keys),) = asked["RequestItems"].items()
            return len(keys["Keys"]) * (1 if keys.get("ConsistentRead") else 0.5)
        case _:
            return 0


def size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the bytes of an item as DynamoDB counts them: names and values."""
    total = 0
    for name, attribute in item.items():
        ((kind, value),) = attribute.items()
        total += len(name.encode())
        match kind:
            case "S":
                total += len(value.encode())
            case "N":
                total += len(value) // 2 + 1
            case "B":
                total += len(base64.b64decode(value))
            case _:
                total += 1
    return total
