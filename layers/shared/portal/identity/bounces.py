"""Bounces and complaints: stored, and notified to the account's holder in the feed."""

from contextlib import suppress
from typing import TYPE_CHECKING

from portal.core.bounced import Bounce
from portal.core.feed import PORTAL, notice
from portal.core.writes import put, update
from portal.identity import feed
from portal.identity.records import Account, AccountChangedError

if TYPE_CHECKING:
    from portal.core.table import Table


def note_bounce(table: "Table", email_mac: str, account_id: str | None, now: int) -> None:
    """Store that mails to an address bounce, and notify its account in the feed, once.

    Later sign-ups and resends with that address are refused, and ask for another address.
    """
    bounce = put(Bounce.now(email_mac, now))
    if account_id:
        with suppress(AccountChangedError):
            table.transact(
                update(
                    Account.key_of(id=account_id),
                    {"mail_bounced_at": now},
                    if_={"id": account_id, "email_mac": email_mac, "mail_bounced_at": None},
                    else_=AccountChangedError,
                ),
                bounce,
                *map(put, notice(feed.MAIL_BOUNCING, account_id, now, actor=PORTAL)),
            )
            return
    table.write(bounce)
