"""The settings of a function: environment variables, read once, at first use."""

import functools
import os

from msgspec import Struct

_DAY = 24 * 3600


class Limits(Struct, frozen=True):
    """How often something may happen; the parameters of the template have the defaults."""

    requests_per_minute: int
    """Requests a minute from one IP address to each endpoint that sends mail or allows guessing."""
    mail_per_hour: int
    mail_per_day: int
    mail_interval: int
    """Seconds between two mails of one kind to one mailbox."""
    mail_per_domain: int
    """Mails of one kind in an hour to all the addresses of a domain, except large providers."""
    mails_per_second: int
    """Mails a second that SES takes from the account."""
    free_failures: int
    """Failed logins of one identifier before delays start."""


class Unused(Struct, frozen=True):
    """When an account without login is deleted, and its holder told before; in seconds."""

    after: int
    """From the last login to the deletion."""
    first_notice: int
    """From the first notice to the deletion."""
    last_notice: int
    """From the second notice to the deletion."""


class Settings(Struct, frozen=True):
    """What ``template.yaml`` sets for a function: names of resources, addresses, limits."""

    table_name: str
    public_url: str
    """Origin of the portal, without a trailing slash."""
    token_secret: str
    lookup_secret: str
    pepper_secret: str
    data_key: str
    mail_from: str
    mail_configuration_set: str
    event_bus: str
    support_mailbox: str
    personal_data_mailbox: str
    """Of the data protection officer: where requests about personal data are sent."""
    unsent_messages: str
    """URL of the queue of notes about messages that could not be sent."""
    failed_events: str
    """URL of the queue of events that could not be applied."""
    key_refresh: int
    """Seconds after which a function reads its secrets again."""
    limits: Limits
    unused: Unused
    erases_declarations: bool
    """Whether a deleted account leaves no declaration: all is made up, in a demonstration."""


@functools.cache
def settings() -> Settings:
    """Return the settings of this function; raises ``KeyError`` naming what is missing."""
    env = os.environ
    return Settings(
        table_name=env["TABLE_NAME"],
        public_url=env["PUBLIC_URL"],
        token_secret=env["TOKEN_SECRET"],
        lookup_secret=env["LOOKUP_SECRET"],
        pepper_secret=env["PEPPER_SECRET"],
        data_key=env["DATA_KEY"],
        mail_from=env["MAIL_FROM"],
        mail_configuration_set=env["MAIL_CONFIGURATION_SET"],
        event_bus=env["EVENT_BUS"],
        support_mailbox=env["SUPPORT_MAILBOX"],
        personal_data_mailbox=env["PERSONAL_DATA_MAILBOX"],
        unsent_messages=env["UNSENT_MESSAGES"],
        failed_events=env["FAILED_EVENTS"],
        key_refresh=int(env["KEY_REFRESH"]),
        limits=Limits(
            requests_per_minute=int(env["REQUESTS_PER_MINUTE"]),
            mail_per_hour=int(env["MAIL_PER_HOUR"]),
            mail_per_day=int(env["MAIL_PER_DAY"]),
            mail_interval=int(env["MAIL_INTERVAL"]),
            mail_per_domain=int(env["MAIL_PER_DOMAIN"]),
            mails_per_second=int(env["MAILS_PER_SECOND"]),
            free_failures=int(env["FREE_FAILURES"]),
        ),
        unused=Unused(
            after=int(env["UNUSED_DAYS"]) * _DAY,
            first_notice=int(env["FIRST_NOTICE_DAYS"]) * _DAY,
            last_notice=int(env["LAST_NOTICE_DAYS"]) * _DAY,
        ),
        erases_declarations=env["ERASES_DECLARATIONS"] == "true",
    )
