"""What is given to `make` as NAME=value: read, or refused in a sentence and with the status 2."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from benchmarks import report
from tools.guards import GuardError
from tools.guards.__main__ import chosen
from tools.stack import options
from tools.stack.options import OptionError
from tools.stack.stack import LOCAL, ROOT, Mail, Stack

TODAY = date(2026, 11, 28)
OF_BUSINESS = (
    "BUSINESS",
    "STARTED_ON",
    "PERIODICITY",
    "NATURE",
    "ACTIVITIES",
    "TERRITORY",
    "ACRE",
    "FLAT_TAX",
)
PLAUSIBLE: dict[str, Any] = {
    "started_on": "2026-09-27",
    "periodicity": "monthly",
    "nature": "commerciale",
    "activities": ["sales"],
    "territory": "metropole",
    "acre": False,
    "flat_tax": False,
}
type Give = Callable[[str, str], None]


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Give:
    """Give a value as make does; no other is given."""
    for name in (
        "PORT",
        "ACCOUNT",
        "DECISION",
        "SIRET",
        "EVENT",
        "TO",
        "LAST",
        "REPORT",
        "RETURN",
        "PAYMENT",
        *OF_BUSINESS,
    ):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch.setenv


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Stack]:
    """Return a stack whose emulator runs, on port 4999."""
    record = tmp_path / "unit" / "emulator.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"pid": 1, "port": 4999}))
    with record.open() as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        yield Stack("unit", 4566, home=tmp_path)


class Accounts(Stack):
    """A stack with one account."""

    def accounts(self) -> Mapping[str, int]:
        """Return the account."""
        return {"known": 1}


def read(name: str) -> object:
    """Read the option of a name."""
    stack = Accounts("unit", 4566)
    return {
        "PORT": options.port,
        "DECISION": options.decision,
        "PLAN": options.plan,
        "SIRET": options.siret,
        "ACCOUNT": lambda: options.account(stack),
        "EVENT": options.events,
        "LAST": options.last,
        "TO": options.recipient,
        "REPORT": lambda: options.report_folder("bench"),
        **dict.fromkeys(OF_BUSINESS, lambda: options.business(TODAY)),
        "CEASED_ON": lambda: options.day("CEASED_ON"),
    }[name]()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "abc", "a number from 1024 to 65535"),
        ("PORT", "0", "a number from 1024 to 65535"),
        ("PORT", "80", "a number from 1024 to 65535"),
        ("PORT", "65536", "a number from 1024 to 65535"),
        ("PORT", "4567.0", "a number from 1024 to 65535"),
        ("PORT", "٤٥٦٦", "a number from 1024 to 65535"),
        ("PORT", "9" * 5000, "a number from 1024 to 65535"),
        ("DECISION", "maybe", "confirmed or rejected"),
        ("PLAN", "0", "the number of a plan"),
        ("PLAN", "first", "the number of a plan"),
        ("SIRET", "123", "14 digits"),
        ("ACCOUNT", "nobody", "No account has the id"),
        ("EVENT", "no/such/file.json", "a file of events/"),
        ("EVENT", "events", "a file of events/"),
        ("LAST", "0", "a number of mails"),
        ("LAST", "-1", "a number of mails"),
        ("LAST", "all", "a number of mails"),
        ("TO", "two words", "an address or a part of one"),
        ("REPORT", "yes", "REPORT is 1"),
        ("BUSINESS", "{", "an object in JSON, or none"),
        ("BUSINESS", "[1]", "an object in JSON, or none"),
        ("STARTED_ON", "15/03/2026", "STARTED_ON is a day"),
        ("CEASED_ON", "2026-02-30", "CEASED_ON is a day"),
        ("PERIODICITY", "yearly", "monthly or quarterly"),
        ("NATURE", "Commerciale", "commerciale or artisanale or"),
        ("ACTIVITIES", "sales,farming", "one or several of"),
        ("TERRITORY", "mayotte", "metropole or"),
        ("ACRE", "yes", "0 or 1"),
        ("FLAT_TAX", "2", "0 or 1"),
    ],
)
def test_a_wrong_value_is_refused_in_a_sentence(
    give: Give, name: str, value: str, words: str
) -> None:
    """A value that cannot be used is named, with what may be given; it is never ignored."""
    give(name, value)
    with pytest.raises(OptionError, match=words):
        read(name)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "4570", 4570),
        ("PORT", "", 4566),
        ("DECISION", "rejected", "AffiliationRejected"),
        ("DECISION", "", "AffiliationConfirmed"),
        ("SIRET", "35600000000048", "35600000000048"),
        ("ACCOUNT", "known", "known"),
        ("ACCOUNT", "", "known"),
        ("LAST", "3", 3),
        ("LAST", "", None),
        ("TO", " Dupont ", "dupont"),
        ("REPORT", "", LOCAL / "bench"),
        ("BUSINESS", "none", None),
        ("BUSINESS", '{"acre": true}', {"acre": True}),
        ("PERIODICITY", "", PLAUSIBLE),
        ("STARTED_ON", "2026-03-15", PLAUSIBLE | {"started_on": "2026-03-15"}),
        ("PERIODICITY", "quarterly", PLAUSIBLE | {"periodicity": "quarterly"}),
        (
            "ACTIVITIES",
            "sales, other_services",
            PLAUSIBLE | {"activities": ["sales", "other_services"]},
        ),
        ("ACRE", "1", PLAUSIBLE | {"acre": True}),
        ("CEASED_ON", "", ""),
        ("CEASED_ON", "2026-10-31", "2026-10-31"),
        ("REPORT", "1", ROOT / "docs"),
    ],
)
def test_a_value_is_read(give: Give, name: str, value: str, expected: object) -> None:
    """A right value is used, and a default where none is given."""
    give(name, value)
    assert read(name) == expected


def test_another_port_than_the_running_one(give: Give, running: Stack) -> None:
    """A port asked for while the portal runs on another is refused with that one's address."""
    options.require_asked_port(running, 4567)  # PORT was not given: the running one is used
    give("PORT", "4567")
    with pytest.raises(
        OptionError, match=r"(?s)already runs on port 4999.*make down && make up PORT="
    ):
        options.require_asked_port(running, 4567)
    give("PORT", "4999")
    options.require_asked_port(running, 4999)


def test_what_the_bank_gives_back(give: Give) -> None:
    """RETURN is a code; PAYMENT alone says nothing."""
    assert options.returned() == ("", "")
    give("PAYMENT", "20261130")
    with pytest.raises(OptionError, match="PAYMENT comes back with a code"):
        options.returned()
    give("RETURN", "AM04")
    assert options.returned() == ("AM04", "20261130")
    give("RETURN", "AM4")
    with pytest.raises(OptionError, match="RETURN is the code"):
        options.returned()


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        *((command, "PORT", "abc") for command in ("dev", "up", "down", "deploy", "mails")),
        ("affiliate", "DECISION", "maybe"),
        ("bank", "RETURN", "am04"),
        ("mails", "LAST", "x"),
    ],
)
def test_the_command_says_it_and_ends(command: str, name: str, value: str) -> None:
    """The command prints the sentence without a traceback, and its status is 2."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "tools.stack", command],
        cwd=ROOT,
        env=os.environ | {name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{name} is ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("name", "value"), [("LINE", "x"), ("LINE", "99"), ("KIND", "slow")])
def test_no_guard_is_of_it(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """`make guards` refuses a line, a kind or a name that is none, instead of running all."""
    monkeypatch.setenv(name, value)
    with pytest.raises(GuardError, match=f"{name} is"):
        chosen()


def test_a_part_of_an_address_is_enough() -> None:
    """`make mails TO=…` finds a mail by a part of any recipient, whatever the case."""
    mail = Mail("1", ("M.Dupont@example.fr", "b@example.fr"), "", "", "", 0)
    assert mail.is_to("dupont@")
    assert mail.is_to("")
    assert not mail.is_to("durand")


def test_a_measurement_changes_no_file_of_the_repository(give: Give, tmp_path: Path) -> None:
    """`make bench` writes its report into .local; only REPORT=1 writes the one of docs/."""
    before = report.DOCUMENT.read_text()
    written = report.write([], report.remarks(), tmp_path)
    assert written.read_text() != before
    assert report.DOCUMENT.read_text() == before
    assert options.report_folder("bench", tmp_path) == LOCAL / "bench"
    give("REPORT", "1")
    assert options.report_folder("bench", tmp_path) == tmp_path


def test_a_decision_on_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first plan is accepted unless another thing is said."""
    monkeypatch.delenv("DECISION", raising=False)
    monkeypatch.delenv("PLAN", raising=False)
    assert options.plan() == (1, "accepted")
    monkeypatch.setenv("DECISION", "refused")
    monkeypatch.setenv("PLAN", "2")
    assert options.plan() == (2, "refused")
    monkeypatch.setenv("DECISION", "perhaps")
    with pytest.raises(options.OptionError, match="accepted or refused"):
        options.plan()
