"""`make watch ENV=…`: what was deployed answers, and no alarm of it rings, for ten minutes."""

import os
import sys
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from boto3 import Session

from tools.release.plan import Environment, ReleaseError, environment

MINUTES = 10
"""As long as the slowest alarm looks back."""
ANSWERS = {"/": 200, "/mentions-legales": 200, "/api/openapi.json": 200, "/api/me": 401}
"""Paths that need no data, one of each kind, and their status."""

type Get = Callable[[str], int]
"""Returns the status of an address; raises ``OSError`` if nothing answers."""


def watch(
    where: Environment, stacks: Any, alarms: Any, get: Get, pause: Callable[[float], None]
) -> None:
    """Look once a minute; raise ``ReleaseError`` at the first wrong answer or alarm."""
    (stack,) = stacks.describe_stacks(StackName=where.stack)["Stacks"]
    url = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}["Url"]
    for minute in range(MINUTES + 1):
        if minute:
            pause(60)
        for path, expected in ANSWERS.items():
            if (status := get(url + path)) != expected:
                raise ReleaseError(f"{url}{path} answers {status}, not {expected}.")
        pages = alarms.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=f"{where.stack}-", StateValue="ALARM"
        )
        if ringing := [each["AlarmName"] for page in pages for each in page["MetricAlarms"]]:
            raise ReleaseError(f"Ringing: {', '.join(ringing)}. See docs/runbook.md.")
        print(f"Minute {minute} of {MINUTES}: {url} answers, no alarm rings.", flush=True)


def status_of(address: str) -> int:
    """Return the status of a page; 0 if nothing answers."""
    try:
        with urlopen(Request(address, headers={"User-Agent": "make watch"}), timeout=10) as answer:
            return answer.status
    except HTTPError as error:
        return error.code
    except (URLError, HTTPException, TimeoutError):
        return 0


def main() -> int:
    """Watch ENV; return the exit status."""
    try:
        where = environment(os.environ.get("ENV", ""))
        session: Any = Session(region_name=where.region)
        clients = session.client("cloudformation"), session.client("cloudwatch")
        watch(where, *clients, status_of, time.sleep)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
