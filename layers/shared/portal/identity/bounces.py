"""What SES reports about mails: bounces, complaints, rejections. Three things, three effects.

A *bounce* says that an address gets no mail. It is shown to whom it concerns: in the browser whose
sign-up it was, and to the holder of an account. Nobody is refused anything for it.

A *complaint* says that somebody did not want a mail, which a stranger may have caused. It says
nothing about the address. Mails of that kind, and only those that a stranger can cause, pause for a
day; a recovery, and notices about one's own account, never do.

A *rejection* is SES refusing to send: it concerns operators, and nobody else.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from portal.core.feed import PORTAL, notice
from portal.core.limits import MailTimes
from portal.core.records import DAY
from portal.core.writes import put, update
from portal.identity import feed
from portal.identity.email_change import EMAIL_CHANGE_MAIL
from portal.identity.records import Account, AccountChangedError, Registration
from portal.identity.signup import VALIDATION_MAIL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.core.table import Table

# guard: pause-after-a-complaint: DAY => 1
PAUSE = DAY
"""Seconds during which a mailbox that complained gets no mail of that kind."""

UNSOLICITED: "Mapping[str, Sequence[str]]" = {
    "validation": (VALIDATION_MAIL,),
    "account-exists": (VALIDATION_MAIL, EMAIL_CHANGE_MAIL),
    "email-change": (EMAIL_CHANGE_MAIL,),
}
"""By template: the kinds of mails that pause when somebody complains about one."""


def note_bounce(
    table: "Table",
    email_mac: str | None,
    account_id: str | None,
    registration_id: str | None,
    now: int,
) -> None:
    """Store that a mail bounced: with its registration, and with its account, notified once."""
    if registration_id:
        with suppress(AccountChangedError):
            table.write(
                update(
                    Registration.key_of(id=registration_id),
                    {"bounced_at": now},
                    if_={"id": registration_id, "completed": False},
                    else_=AccountChangedError,
                )
            )
    if account_id:
        with suppress(AccountChangedError):
            table.transact(
                update(
                    Account.key_of(id=account_id),
                    {"mail_bounced_at": now},
                    if_={"id": account_id, "email_mac": email_mac, "mail_bounced_at": None},
                    else_=AccountChangedError,
                ),
                *map(put, notice(feed.MAIL_BOUNCING, account_id, now, actor=PORTAL)),
            )


def note_complaint(table: "Table", mailbox_mac: str, kinds: Sequence[str], now: int) -> None:
    """Pause mails of these kinds to a mailbox, for a day."""
    until = now + PAUSE
    for kind in kinds:
        at = MailTimes.key_of(recipient=mailbox_mac, kind=kind)
        table.write(update(at, {"paused_until": until, "expires_at": until}))
