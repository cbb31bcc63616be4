"""The records of a business and of what it declared.

The business, its settings and its declarations are in one partition, so that one query reads all
that the periods are computed from. Periods are not stored.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import ClassVar

import msgspec

from portal.core.records import Record
from portal.rules import contributions
from portal.rules.contributions import CATEGORIES, Amounts, Category, Line, Nature, Rates, Territory
from portal.rules.days import day_in_paris
from portal.rules.periods import Periodicity

_CATEGORIES: Mapping[str, Category] = {each: each for each in CATEGORIES}
PARTITION = "DECLARATION#{account_id}"


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What the back office says of a business; ``flat_tax`` is the versement libératoire."""

    started_on: date
    periodicity: Periodicity
    nature: Nature
    activities: tuple[Category, ...]
    territory: Territory
    acre: bool
    flat_tax: bool

    @property
    def rated(self) -> contributions.Business:
        """What decides its rates."""
        return contributions.Business(
            self.nature, self.territory, self.started_on, self.acre, self.flat_tax
        )


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A business as it is from a day on, by an event of the back office."""

    effective_on: date
    at_ms: int
    """Time of the event."""
    details: Details


class Business(Record, frozen=True, kw_only=True):
    """What the periods of an account are computed from, and what its holder was told.

    ``affiliated`` is a copy of the account's affiliation, written with it: so the periods of an
    account are read without its record.
    """

    PARTITION = PARTITION
    SORT = "BUSINESS"

    account_id: str
    revision: int = 1
    """Raised by every change: a change of what was read meanwhile is refused."""
    affiliated: bool = False
    affiliated_at: int | None = None
    """Since when, in seconds."""
    siret_mac: str | None = None
    versions: Sequence[str] = ()
    """Each ``Version`` as JSON, by effective date."""
    ceased: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    """By first day of an activity: its last day, and the time of the event that said it."""
    looked_at: int | None = None
    """Until when the daily work looked, in seconds."""
    look_at: int | None = None
    """When it looks next; ``None`` when nothing is to come."""
    told: Sequence[str] = ()
    """The levels of ceilings that its holder was told of, such as ``2026/micro-total/near``."""
    reminder_mails: bool = True
    """Whether reminders are sent by mail too; the feed has them anyway."""


class Declaration(Record, frozen=True, kw_only=True):
    """One version of the declaration of a period: what was declared, by whom, and what it costs.

    Versions are only added. The newest of a period counts; a new one has the next number, and is
    refused when another has it.
    """

    PARTITION = PARTITION
    SORT = "{code}#{version:04}"
    ADD_ONLY: ClassVar = True

    account_id: str
    code: str
    version: int
    actor_id: str
    at: int
    lines: Sequence[str]
    """For each category: turnover, four rates in thousandths of a percent, four amounts."""
    acre: bool = False

    @property
    def turnover(self) -> Mapping[Category, int]:
        """The turnover of each category, in euros."""
        return {line.category: line.turnover for line in self.amounts.lines}

    @property
    def total(self) -> int:
        """All that is due, in euros: the last four figures of each line."""
        return sum(int(each) for line in self.lines for each in line.rsplit(" ", 4)[1:])

    @property
    def amounts(self) -> Amounts:
        """What is due, by the rates that were used."""
        return Amounts(self.code, tuple(map(_line, self.lines)), self.acre)


class Look(Record, frozen=True, kw_only=True):
    """An account to look at, under the day on which something of its periods is to be told."""

    PARTITION = "LOOK#{day}"
    SORT = "{account_id}"

    account_id: str
    look_at: int

    @property
    def day(self) -> str:
        """The day of the look, in Paris."""
        return day_in_paris(self.look_at).isoformat()


class Archived(Record, frozen=True, kw_only=True):
    """A version of a declaration whose account is deleted, kept because the law obliges to.

    It is under the Siret, or under the account without one: no name, address or login leads to it,
    and no function may read it.
    """

    PARTITION = "ARCHIVE#{holder}"
    SORT = "{code}#{version:04}"
    ADD_ONLY: ClassVar = True

    holder: str
    """MAC of the Siret, else the account's id."""
    code: str
    version: int
    at: int
    lines: Sequence[str]
    acre: bool
    expires_at: int


def stored_lines(amounts: Amounts) -> Sequence[str]:
    """Return the lines of amounts as a declaration stores them."""
    return [
        " ".join(
            map(
                str,
                (
                    *(line.category, line.turnover, *line.rates),
                    *(line.contributions, line.training, line.chamber_tax, line.income_tax),
                ),
            )
        )
        for line in amounts.lines
    ]


def _line(text: str) -> Line:
    name, *figures = text.split()
    turnover, *others = map(int, figures)
    return Line(_CATEGORIES[name], turnover, Rates(*others[:4]), *others[4:])
