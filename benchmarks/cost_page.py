"""``make cost``: write the tables of docs/cost.md.

Idle costs are computed from the template, those of requests from the last report of ``make bench``
(its table « Warm requests ») and the template's memory; both with the prices of ``prices.py``.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from benchmarks import report
from benchmarks.cost import BUDGETS, Cost, costs, retention_months
from benchmarks.idle import Line, monthly
from benchmarks.prices import (
    CONTINUOUS_BACKUP,
    DAILY_BACKUP,
    FILE_WRITTEN,
    FILES,
    LOG,
    LOG_KEPT,
    MAIL,
    METRIC,
    PRICES,
    RESTORED,
    STORED,
)
from benchmarks.warm import Asked
from benchmarks.world import ROOT
from tools.transformed import transformed

PAGE = ROOT / "docs" / "cost.md"
OPENAPI = ROOT / "functions" / "web" / "openapi.json"
_MARKED = re.compile(r"(<!-- (\w+): made by `make cost` -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """Return the page with its tables renewed; raises ``KeyError`` for an unknown one."""
    made = tables()
    return _MARKED.sub(lambda found: f"{found[1]}\n{made[found[2]]}\n{found[3]}", text)


def tables() -> Mapping[str, str]:
    """Return each table by its name, in Markdown."""
    found = costs(warm_requests())
    return {
        "prices": _prices(),
        "idle": _idle(monthly(transformed()["Resources"])),
        "kept": _kept(),
        "requests": _requests(found),
        "sums": _sums(found),
    }


def warm_requests() -> Mapping[str, Asked]:
    """Return what each request uses, as the last report of ``make bench`` has it."""
    text = report.DOCUMENT.read_text().partition("## Warm requests\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if re.match(r"\| \w+/", line)
    ]
    return {
        case: Asked(
            float(milliseconds),
            int(trips),
            int(written),
            float(read),
            tuple(others.split(", ")) if others else (),
        )
        for case, milliseconds, trips, written, read, others in rows
    }


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _prices() -> str:
    return _table(
        ["what", "$", "for", "source", "read"],
        [
            (
                price.what,
                _amount(price.dollars),
                price.unit,
                f"[{price.page.split('/')[3]}]({price.page})",
                price.read.isoformat(),
            )
            for price in PRICES
        ],
    )


def _amount(dollars: float) -> str:
    """Return an amount as AWS writes it: cents, or all its digits."""
    cents = f"{dollars:.2f}"
    return cents if float(cents) == dollars else f"{dollars:.10f}".rstrip("0")


def _idle(lines: Sequence[Line]) -> str:
    rows = [
        (line.what, f"{line.count:,.0f}", f"{line.dollars:.2f}")
        for line in lines
        if round(line.dollars, 2)
    ]
    total = sum(line.dollars for line in lines)
    return _table(["what", "how many", "$ a month"], [*rows, ("**all**", "", f"**{total:.2f}**")])


def _kept() -> str:
    resources = transformed()["Resources"]
    (plan,) = _of_type(resources, "AWS::Backup::BackupPlan")
    (rule,) = plan["BackupPlan"]["BackupPlanRule"]
    copies = rule["Lifecycle"]["DeleteAfterDays"]
    stored = STORED.dollars + CONTINUOUS_BACKUP.dollars + copies * DAILY_BACKUP.dollars
    logs = (LOG.each + LOG_KEPT.each * retention_months()) * 1e9
    outcomes = _outcomes()
    gib = max(each["MemorySize"] for each in _of_type(resources, "AWS::Lambda::Function")) / 1024
    return _table(
        ["what", "arithmetic", "$"],
        [
            (
                "a GB in the table, a month",
                " + ".join(
                    (
                        _amount(STORED.dollars),
                        _amount(CONTINUOUS_BACKUP.dollars),
                        f"{copies} copies × {_amount(DAILY_BACKUP.dollars)}",
                    )
                ),
                f"{stored:.2f}",
            ),
            ("a GB of the bank's files, a month", f"{FILES.dollars}", f"{FILES.dollars:.2f}"),
            (
                "a thousand files and reports of the bank, once",
                f"1,000 × {FILE_WRITTEN.each}",
                f"{1000 * FILE_WRITTEN.each:.3f}",
            ),
            (
                "a GB of logs, once",
                f"{_amount(LOG.dollars)} + {retention_months():.1f} months × {LOG_KEPT.dollars}",
                f"{logs:.2f}",
            ),
            (
                "metrics by route and outcome, a month, at most",
                f"{outcomes} × {_amount(METRIC.dollars)}, if each occurred in each hour",
                f"{outcomes * METRIC.dollars:.2f}",
            ),
            (
                "a thousand starts from a snapshot, at most",
                f"1,000 × {gib:.2f} GiB × {RESTORED.dollars}",
                f"{1000 * gib * RESTORED.each:.2f}",
            ),
            ("a million mails by SES", f"1,000 × {MAIL.dollars:.2f}", f"{MAIL.each * 1e6:.2f}"),
        ],
    )


def _of_type(resources: Mapping[str, Any], kind: str) -> list[Any]:
    return [each["Properties"] for each in resources.values() if each["Type"] == kind]


def _outcomes() -> int:
    """Return how many outcomes the API's description has, of all its operations."""
    paths: Mapping[str, Mapping[str, Any]] = json.loads(OPENAPI.read_text())["paths"]
    problems = [
        slug
        for methods in paths.values()
        for operation in methods.values()
        for response in operation["responses"].values()
        for slug in response.get("content", {})
        .get("application/problem+json", {})
        .get("examples", ())
    ]
    operations = sum(len(methods) for methods in paths.values())
    return operations + len(problems)


def _requests(found: Mapping[str, Cost]) -> str:
    names = [each.name for each in fields(Cost)]
    return _table(
        ["", *names, "all"],
        [
            (name, *(f"{getattr(cost, each):.2f}" for each in (*names, "total")))
            for name, cost in found.items()
        ],
    )


def _sums(found: Mapping[str, Cost]) -> str:
    event, mail = found["its event"].total, found["its mail, before SES"].total
    login, sign_up = found["login"].total + event, found["sign-up"].total + mail
    opened = found["opening the link"].total + found["setting the password"].total + event
    pages = found["page of the feed"].total
    rows = {
        "a million logins, each with its event": (login, BUDGETS["a million logins"]),
        "a million sign-ups, each with its mail": (sign_up, BUDGETS["a million sign-ups"]),
        "a million declarations, each with its event and mail": (
            found["declaration"].total + event + mail,
            BUDGETS["a million declarations"],
        ),
        "a million accounts, from sign-up to the event of their opening": (sign_up + opened, None),
        "a million people who each log in ten times and read thirty pages of their own": (
            10 * login + 30 * pages,
            None,
        ),
    }
    return _table(
        ["", "$", "budget"],
        [
            (
                what,
                f"{dollars:.2f}",
                "" if budget is None else _verdict(dollars, budget),
            )
            for what, (dollars, budget) in rows.items()
        ],
    )


def _verdict(dollars: float, budget: float) -> str:
    return f"{budget:g}, {'met' if dollars <= budget else '**missed**'}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
