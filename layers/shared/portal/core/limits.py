"""Limits on requests and mails: counted in the table, by the time at which a request arrived."""

from typing import TYPE_CHECKING

from msgspec import Struct

from portal.core.identifiers import ip_mac
from portal.core.problems import THROTTLED, Problem
from portal.core.records import DAY, HOUR, Record
from portal.core.writes import Expr, RefusedError, Write, absent_or_until, update

if TYPE_CHECKING:
    from portal.core.keyring import LookupKeys
    from portal.core.settings import Limits
    from portal.core.table import Table

_MINUTE = 60


class Requests(Record, frozen=True):
    """How many requests an IP address made on an endpoint in one minute."""

    PARTITION = "RATE#{endpoint}#{ip_mac}"
    SORT = "{minute}"

    hits: int
    expires_at: int


class MailTimes(Record, frozen=True):
    """When the last mails of a kind were written to a recipient: ``sent1`` is the newest."""

    PARTITION = "MAIL#{recipient}"
    SORT = "{kind}"

    expires_at: int
    sent1: int
    sent2: int | None = None
    sent3: int | None = None
    sent4: int | None = None
    sent5: int | None = None
    sent6: int | None = None
    paused_until: int | None = None
    """Until when no mail of the kind is written: somebody complained about one."""


class DomainMails(Record, frozen=True):
    """How many mails of a kind were sent to a domain in one hour."""

    PARTITION = "MAIL#{domain}"
    SORT = "{kind}#{hour}"

    sent: int
    expires_at: int


class MailsOfSecond(Record, frozen=True):
    """How many mails were given to SES in one second, of all kinds and to everybody."""

    PARTITION = "MAIL#ALL"
    SORT = "{second}"

    sent: int
    expires_at: int


class MailLimitedError(RefusedError):
    """A limit on mails is reached: no mail is written."""


class Rate(Struct, frozen=True):
    """At most ``count`` in any ``seconds``."""

    count: int
    seconds: int


class MailLimit(Struct, frozen=True):
    """The limit on mails of a ``kind`` to a ``recipient``.

    ``recipient`` is the MAC of a mailbox or identifier, or the id of a registration or account.
    """

    recipient: str
    kind: str
    rates: tuple[Rate, ...]


def limit_requests(
    table: "Table", lookup: "LookupKeys", limits: "Limits", endpoint: str, ip: str, now: int
) -> None:
    """Count one request of an IP address; raises ``Problem(THROTTLED)`` above the limit."""
    minute = now // _MINUTE
    counted = table.write(
        update(
            Requests.key_of(endpoint=endpoint, ip_mac=ip_mac(lookup, ip), minute=minute),
            {
                "hits": Expr("if_not_exists(hits, :none) + :one", {":none": 0, ":one": 1}),
                "expires_at": (minute + 2) * _MINUTE,
            },
        )
    )
    # guard: requests-a-minute: > limits => > 9 * limits
    if Requests.from_item(counted).hits > limits.requests_per_minute:
        raise Problem(THROTTLED, retry_after=_MINUTE - now % _MINUTE)


def mailbox_limit(limits: "Limits", mac: str, kind: str) -> MailLimit:
    """Return the limit on mails of a kind to a mailbox, or on those asked for an identifier."""
    rates = (
        # guard: mails-apart
        Rate(1, limits.mail_interval),
        # guard: mails-an-hour
        Rate(limits.mail_per_hour, HOUR),
        # guard: mails-a-day
        Rate(limits.mail_per_day, DAY),
    )
    return MailLimit(mac, kind, rates)


def take_of_domain(limits: "Limits", mac: str, kind: str, now: int) -> Write:
    """Return the write that counts a mail to a domain, refused with ``MailLimitedError``.

    It is counted where mails are sent, not where they are asked for: so parallel requests for one
    domain do not wait for each other.
    """
    hour = now // HOUR
    sent = Expr("if_not_exists(sent, :none) + :one", {":none": 0, ":one": 1})
    return update(
        DomainMails.key_of(domain=mac, kind=kind, hour=hour),
        {"sent": sent, "expires_at": (hour + 2) * HOUR},
        # guard: mails-of-a-domain: limits.mail_per_domain - 1 => 10**9
        if_={"sent": absent_or_until(limits.mail_per_domain - 1)},
        else_=MailLimitedError,
    )


def take_of_second(limits: "Limits", second: int) -> Write:
    """Return the write that counts a mail in a second, refused with ``MailLimitedError``."""
    return update(
        MailsOfSecond.key_of(second=second),
        {
            "sent": Expr("if_not_exists(sent, :none) + :one", {":none": 0, ":one": 1}),
            "expires_at": second + HOUR,
        },
        # guard: mails-a-second: limits.mails_per_second - 1 => 10**9
        if_={"sent": absent_or_until(limits.mails_per_second - 1)},
        else_=MailLimitedError,
    )


def account_limit(limits: "Limits", account_id: str, kind: str) -> MailLimit:
    """Return the limit on mails that an account requests, whatever the address they are sent to.

    No pause is needed between two mails: a mistyped address can be corrected at once.
    """
    rates = (Rate(limits.mail_per_hour, HOUR), Rate(limits.mail_per_day, DAY))
    return MailLimit(account_id, kind, rates)


def take(limit: MailLimit, now: int) -> Write:
    """Return the write that counts a mail, refused with ``MailLimitedError`` above the limit.

    A rate of *n* mails is checked against the time of the *n*-th last mail.
    """
    most = max(rate.count for rate in limit.rates)
    shifted = {
        f"sent{n}": Expr(f"if_not_exists(sent{n - 1}, :never)", {":never": 0})
        for n in range(most, 1, -1)
    }
    return update(
        MailTimes.key_of(recipient=limit.recipient, kind=limit.kind),
        {**shifted, "sent1": now, "expires_at": now + DAY},
        # guard: one-mail: now - rate.seconds => now
        if_={
            **{f"sent{rate.count}": absent_or_until(now - rate.seconds) for rate in limit.rates},
            # guard: complaint-pauses
            "paused_until": absent_or_until(now),
        },
        else_=MailLimitedError,
    )
