"""The records of what the daily run does: each under the day on which it is due, in UTC."""

from portal.core.clock import rfc3339
from portal.core.records import Record


class Deletion(Record, frozen=True, kw_only=True):
    """An account whose holder asked for its deletion, under the day on which it is due."""

    PARTITION = "DELETION#{day}"
    SORT = "{account_id}"

    account_id: str
    deletion_at: int

    @property
    def day(self) -> str:
        """The day on which it is due, in UTC."""
        return day_of(self.deletion_at)


class AskedEmail(Record, frozen=True, kw_only=True):
    """An account with a new address to forget, under the day on which its link ends."""

    PARTITION = "ASKED#{day}"
    SORT = "{account_id}"

    account_id: str
    until: int

    @property
    def day(self) -> str:
        """The day on which the link ends, in UTC."""
        return day_of(self.until)


class UseCheck(Record, frozen=True, kw_only=True):
    """An account to look at, under the day on which the daily run asks whether it is still used."""

    PARTITION = "USE#{day}"
    SORT = "{account_id}"

    account_id: str
    use_check_at: int
    notices: int = 0
    """How many times its holder was told of the deletion, without a login since."""
    deletion_at: int = 0
    """The date that the holder was told."""

    @property
    def day(self) -> str:
        """The day of the look, in UTC."""
        return day_of(self.use_check_at)


def day_of(at: int) -> str:
    """Return the day (``YYYY-MM-DD``, UTC) of a time in seconds."""
    return rfc3339(at * 1000)[:10]
