"""``make load``: the whole journey under load, on a deployed stack of its own.

Three runs, each limited in users and seconds: a steady one beside 1,000 accounts, one beside
100,000, and one that asks for more than the machine can do. Before the first two, what each kind of
request consumes is read from the table. Writes ``.local/load-test/load.md``, or ``docs/load.md``
with ``REPORT=1``. Fails when a request gets another answer than the expected one or « later », when
the cost of a request grew with the table, or when an account whose creation was confirmed cannot be
logged in to.
"""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.load import seed
from tests.load.capacity import Consumed, Meter
from tests.world.client import Client
from tests.world.direct import Direct
from tools.stack.options import OptionError, report_folder
from tools.stack.stack import DOMAIN, LOCAL, ROOT, Stack, say, stack_for_tests

FOLDER = LOCAL / "load-test"
LOCUST = LOCAL / "load" / "bin" / "locust"
SMALL, LARGE = 1_000, 100_000
_CONDITIONS = (
    "One run of `make load`, {date}, on {cores} shared cores that hold the emulator, a process for "
    "each request in progress, and Locust: latencies are this machine's, not AWS's. Saturation "
    "shows as waiting: the emulator queues what it cannot start, where AWS would refuse (429 of "
    "Lambda and the gateway, 503 of ours when a service throttles), which "
    "`tests/functions/test_faults.py` plays. Written by `tests/load/`."
)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of Locust and its results."""

    title: str
    accounts: int
    users: int
    seconds: int
    mails: bool
    rows: tuple[Mapping[str, str], ...] = ()
    confirmed: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The run in three sentences."""
        return (
            f"{self.users} users for {self.seconds} s beside {self.accounts:,} accounts. "
            f"{len(self.confirmed)} accounts were born, {len(self.lost)} of them lost. "
            f"Answers that were neither expected nor « later »: {self.failures}."
        )

    @property
    def failures(self) -> int:
        """Requests that were answered neither as expected nor by « later »."""
        return sum(int(row["Failure Count"]) for row in self.rows if row["Name"] == "Aggregated")


def run(stack: Stack, title: str, accounts: int, users: int, seconds: int, *, mails: bool) -> Run:
    """Let so many users visit for so many seconds; then log in to what they created."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    created, results = FOLDER / "created", FOLDER / "results"
    created.write_text("")
    say(f"{title}: {users} users, {seconds} s, beside {accounts:,} accounts …")
    options = ("--headless", "--only-summary", "--csv", str(results), "--stop-timeout", "60")
    subprocess.run(  # noqa: S603 - the pinned tool, on our own stack
        [
            *(LOCUST, "-f", Path(__file__).with_name("locustfile.py"), *options),
            *("--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds}s"),
            *("--host", stack.endpoint),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "LOAD_SEEDED": str(accounts),
            "LOAD_MAILS": f"{stack.endpoint}/_ministack/ses/messages" if mails else "",
            "LOAD_CREATED": str(created),
            "LOAD_HOST": f"{DOMAIN}:{stack.port}",
        },
        check=False,  # Locust fails when one request does: the report says which
        timeout=seconds + 240,
    )
    with Path(f"{results}_stats.csv").open() as file:
        rows = tuple(csv.DictReader(file))
    confirmed = tuple(created.read_text().split())
    lost = tuple(email for email in confirmed if not _is_there(stack, email))
    return Run(title, accounts, users, seconds, mails, rows, confirmed, lost)


def _is_there(stack: Stack, email: str) -> bool:
    """Return whether an account can be logged in to once the machine is idle."""
    for _ in range(3):
        if Client(stack.port).log_in(email).status == 200:
            return True
        time.sleep(2)
    return False


def report(consumed: Mapping[int, Mapping[str, Consumed]], runs: list[Run]) -> str:
    """Return the report."""
    small, large = consumed[SMALL], consumed[LARGE]
    lines = [
        "# The journey under load",
        "",
        _CONDITIONS.format(date=f"{datetime.now(UTC):%d %B %Y}", cores=os.cpu_count()),
        "",
        "## What a request consumes as the table grows",
        "",
        "Calls to the table and capacity units, as the table returns them.",
        "",
        f"| request | calls, {SMALL:,} accounts | units | calls, {LARGE:,} accounts | units |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {small[name].calls} | {small[name].units:g} "
            f"| {large[name].calls} | {large[name].units:g} |"
            for name in small
        ),
        "",
    ]
    for each in runs:
        lines += [
            f"## {each.title}",
            "",
            each.summary,
            "",
            "| request | count | failures | p50, ms | p95, ms | a second |",
            "|---|---|---|---|---|---|",
            *(
                f"| {row['Name']} | {row['Request Count']} | {row['Failure Count']} "
                f"| {row['50%']} | {row['95%']} | {float(row['Requests/s']):.1f} |"
                for row in each.rows
            ),
            "",
        ]
    return "\n".join(lines)


def main() -> int:
    """Run the load; return the exit status."""
    try:
        folder = report_folder("load-test")
    except OptionError as error:
        print(error, file=sys.stderr)
        return 2
    now = int(time.time())
    consumed: dict[int, Mapping[str, Consumed]] = {}
    with stack_for_tests() as stack:
        direct = Direct(stack)
        meter = Meter(stack, direct)
        seed.write(direct, 0, SMALL, now)
        consumed[SMALL] = meter.requests(SMALL // 2)
        run(stack, "Warming up", SMALL, 3, 20, mails=True)
        runs = [
            run(stack, "Steady", SMALL, 3, 60, mails=True),
            run(stack, "More than the machine can do", SMALL, 12, 45, mails=True),
        ]
        say(f"Writing {LARGE - SMALL:,} accounts …")
        seed.write(direct, SMALL, LARGE, now)
        consumed[LARGE] = meter.requests(LARGE // 2)
        # The emulator's stream is behind by as many records: the run does not wait for mails.
        runs.append(run(stack, "A hundred times the accounts", LARGE, 3, 45, mails=False))
        written = folder / "load.md"
        written.write_text(report(consumed, runs))
    same = consumed[SMALL] == consumed[LARGE]
    say(f"Cost of each request at both sizes: {'the same' if same else 'DIFFERENT'}")
    for each in runs:
        say(f"{each.title}: {each.failures} failures, {len(each.lost)} lost accounts")
    say(f"The report: {written.relative_to(ROOT)}")
    with suppress(OSError):
        (FOLDER / "created").unlink()
    return int(not same or any(each.failures or each.lost for each in runs))


if __name__ == "__main__":
    sys.exit(main())
