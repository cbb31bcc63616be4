"""Limits on how often things may be tried: counted in the table, judged by the time of arrival."""

import math
from typing import TYPE_CHECKING

from portal.identifiers import ip_mac
from portal.items import DAY, HOUR, Login
from portal.problems import THROTTLED, Problem
from portal.table import MailLimit, MailSlot, Table, delay_after

if TYPE_CHECKING:
    from portal.keys import Keyring
    from portal.settings import Limits

_MINUTE = 60
_FRESH_LINKS_PER_DAY = 3


def limit_requests(
    table: Table, lookup: "Keyring", limits: "Limits", endpoint: str, ip: str, now: int
) -> None:
    """Count one request of an IP address; raises ``Problem(THROTTLED)`` above the limit."""
    if table.count_request(endpoint, ip_mac(lookup, ip), now) > limits.requests_per_minute:
        raise Problem(THROTTLED, retry_after=_MINUTE - now % _MINUTE)


def count_attempt(
    table: Table, limits: "Limits", mac: str, now_ms: int, device: str | None = None
) -> Login:
    """Count a login attempt before its password is looked at, and return the login's record.

    The first failures are free, each further one doubles the delay, up to 15 minutes; a success
    clears the count. Raises ``Problem(THROTTLED)`` with the seconds left to wait (ASVS 6.3.1).
    """
    login, allowed = table.count_attempt(mac, now_ms, limits.free_failures, device)
    if allowed:
        return login
    ends_ms = (login.attempted_at or now_ms) + 1000 * delay_after(
        login.failures, limits.free_failures
    )
    raise Problem(THROTTLED, retry_after=max(1, math.ceil((ends_ms - now_ms) / 1000)))


def address_slot(limits: "Limits", email_mac: str, kind: str) -> MailSlot:
    """Return the limits on mails of a kind to an address."""
    return MailSlot(
        email_mac,
        kind,
        (
            MailLimit(1, limits.mail_interval),
            MailLimit(limits.mail_per_hour, HOUR),
            MailLimit(limits.mail_per_day, DAY),
        ),
    )


def account_slot(limits: "Limits", account_id: str, kind: str) -> MailSlot:
    """Return the limits on mails that an account asks for, whatever their address.

    No pause between two of them: a mistyped address can be corrected at once.
    """
    return MailSlot(
        account_id,
        kind,
        (MailLimit(limits.mail_per_hour, HOUR), MailLimit(limits.mail_per_day, DAY)),
    )


def fresh_link_slot(limits: "Limits", registration_id: str) -> MailSlot:
    """Return the limits on the links sent because an older one of a registration was late."""
    return MailSlot(
        registration_id,
        "fresh-link",
        (MailLimit(1, limits.mail_interval), MailLimit(_FRESH_LINKS_PER_DAY, DAY)),
    )
