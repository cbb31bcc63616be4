"""What becomes of the mails: addresses that they come back from, people who complain."""

from portal import activity
from portal.items import Bounce
from portal.table import Table


def note_bounce(table: Table, email_mac: str, account_id: str | None, now: int) -> None:
    """Remember that mails to an address come back, and tell its account's feed, once.

    The next sign-up or resend with that address is answered by asking for another one.
    """
    bounce = Bounce(email_mac=email_mac, at=now, expires_at=now + Bounce.RETENTION)
    if account_id and table.update_account(
        account_id,
        {"mail_bounced_at": now},
        activity.entry(account_id, activity.MAIL_BOUNCING, now, actor=activity.PORTAL),
        bounce,
        expected={"email_mac": email_mac, "mail_bounced_at": None},
    ):
        return
    table.write(bounce)
