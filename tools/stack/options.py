"""What is given to `make` as NAME=value: read, or refused in a sentence."""

import json
import os
import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

from tools.stack.stack import LOCAL, ROOT, Stack, StackError

DECISIONS = {"confirmed": "AffiliationConfirmed", "rejected": "AffiliationRejected"}
DEFAULT_PORT = 4566
_PORTS = range(1024, 65536)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_MOST_PLANS = 999
_CODE = re.compile(r"[A-Z]{2}[0-9]{2}", re.ASCII)
_SIRET = re.compile(r"[0-9]{14}", re.ASCII)


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "PERIODICITY": ("monthly", "quarterly"),
    "NATURE": ("commerciale", "artisanale", "liberale", "liberale_reglementee"),
    "TERRITORY": ("metropole", "alsace", "moselle", "drom"),
    "ACRE": ("0", "1"),
    "FLAT_TAX": ("0", "1"),
}
"""What may be given of a business; the first is the default."""
_ACTIVITIES = ("sales", "commercial_services", "other_services", "furnished_tourism")
_STARTED_AGO = timedelta(days=62)
"""A business that is not described started two months ago: two periods may be declared."""


class OptionError(StackError):
    """A value given to `make` is none that it may have; the message says which may be given."""


def given(name: str) -> str:
    """Return a value as it was given, or an empty string."""
    return os.environ.get(name, "").strip()


def port() -> int:
    """Return PORT: the port of a new portal."""
    text = given("PORT")
    number = int(text) if _NUMBER.fullmatch(text) else -1
    if text and number not in _PORTS:
        raise OptionError(
            f"PORT is a number from {_PORTS[0]} to {_PORTS[-1]}, for example: "
            f"make up PORT={DEFAULT_PORT + 1}"
        )
    return number if text else DEFAULT_PORT


def require_asked_port(stack: Stack, asked: int) -> None:
    """Raise ``OptionError`` if a PORT was given and the portal of this clone runs on another."""
    if given("PORT") and stack.is_running and stack.port != asked:
        raise OptionError(
            f"The portal of this clone already runs on port {stack.port}: {stack.url}/\n"
            f"One runs at a time. Leave PORT out to use it, or stop it first: "
            f"make down && make up PORT={asked}"
        )


def decision() -> str:
    """Return DECISION as the type of the event: confirmed unless another is given."""
    text = given("DECISION") or "confirmed"
    if text not in DECISIONS:
        raise OptionError(
            f"DECISION is {' or '.join(DECISIONS)}, for example: make affiliate DECISION=rejected"
        )
    return DECISIONS[text]


def plan() -> tuple[int, str]:
    """Return PLAN, the number of a plan, and DECISION: accepted unless another is given."""
    text, chosen = given("PLAN") or "1", given("DECISION") or "accepted"
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= _MOST_PLANS:
        raise OptionError("PLAN is the number of a plan of payment, for example: make plan PLAN=1")
    if chosen not in {"accepted", "refused"}:
        raise OptionError(
            "DECISION is accepted or refused, for example: make plan DECISION=refused"
        )
    return int(text), chosen


def siret() -> str:
    """Return SIRET, 14 digits, or an empty string."""
    text = given("SIRET")
    if text and not _SIRET.fullmatch(text):
        raise OptionError("SIRET is 14 digits, without spaces.")
    return text


def business(today: date) -> dict[str, Any] | None:
    """Return the business that the back office knows: plausible, but for what is given.

    BUSINESS is all of it as JSON, or ``none``. Raises ``OptionError``.
    """
    text = given("BUSINESS")
    if text == "none":
        return None
    if text:
        try:
            said = json.loads(text)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise OptionError("BUSINESS is an object in JSON, or none.")
        return cast("dict[str, Any]", said)
    chosen = {name: _chosen(name) for name in _CHOICES}
    activities = [each.strip() for each in (given("ACTIVITIES") or _ACTIVITIES[0]).split(",")]
    if not set(activities) <= set(_ACTIVITIES):
        raise OptionError(
            f"ACTIVITIES is one or several of {', '.join(_ACTIVITIES)}, for example: "
            "make affiliate ACTIVITIES=sales,commercial_services"
        )
    return {
        "started_on": day("STARTED_ON") or (today - _STARTED_AGO).isoformat(),
        "periodicity": chosen["PERIODICITY"],
        "nature": chosen["NATURE"],
        "activities": activities,
        "territory": chosen["TERRITORY"],
        "acre": chosen["ACRE"] == "1",
        "flat_tax": chosen["FLAT_TAX"] == "1",
    }


def day(name: str) -> str:
    """Return a day that is given as YYYY-MM-DD, or an empty string."""
    text = given(name)
    try:
        return text and date.fromisoformat(text).isoformat()
    except ValueError:
        raise OptionError(f"{name} is a day, for example: {name}=2026-03-15") from None


def _chosen(name: str) -> str:
    text = given(name) or _CHOICES[name][0]
    if text not in _CHOICES[name]:
        raise OptionError(f"{name} is {' or '.join(_CHOICES[name])}.")
    return text


def account(stack: Stack) -> str:
    """Return ACCOUNT, or the id of the newest account."""
    text = given("ACCOUNT")
    if not text:
        return stack.newest_account()
    if text not in stack.accounts():
        raise OptionError(
            "No account has the id of ACCOUNT. Leave it out for the newest one; an account reads "
            "its own id at /api/me."
        )
    return text


def returned() -> tuple[str, str]:
    """Return RETURN, the code of a return, and PAYMENT, the id of what comes back; or nothing."""
    code, payment = given("RETURN"), given("PAYMENT")
    if code and not _CODE.fullmatch(code):
        raise OptionError("RETURN is the code of a bank, for example: make bank RETURN=AM04")
    if payment and not code:
        raise OptionError("PAYMENT comes back with a code: make bank RETURN=AM04 PAYMENT=…")
    return code, payment


def events() -> list[Path]:
    """Return the file of EVENT, or every file of events/."""
    text = given("EVENT")
    if not text:
        return sorted((ROOT / "events").rglob("*.json"))
    if not Path(text).is_file():
        raise OptionError(
            "EVENT is a file of events/, for example: make sam-invoke EVENT=events/login/login.json"
        )
    return [Path(text)]


def report_folder(name: str, docs: Path = ROOT / "docs") -> Path:
    """Return where a measurement writes its report: docs/ with REPORT=1, else .local/<name>."""
    text = given("REPORT")
    if text not in {"", "0", "1"}:
        raise OptionError("REPORT is 1, to write docs/, or nothing.")
    folder = docs if text == "1" else LOCAL / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def last() -> int | None:
    """Return LAST: how many mails to show, or None for all."""
    text = given("LAST")
    if text and not (_NUMBER.fullmatch(text) and int(text)):
        raise OptionError("LAST is a number of mails, for example: make mails LAST=1")
    return int(text) if text else None


def recipient() -> str:
    """Return TO: an address or a part of one, in lower case, or an empty string."""
    text = given("TO").lower()
    if any(each.isspace() for each in text):
        raise OptionError("TO is an address or a part of one, for example: make mails TO=dupont")
    return text
