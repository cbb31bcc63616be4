"""A forgotten password: a link to the account's address, valid for half an hour."""

from typing import TYPE_CHECKING

from portal.core import identifiers
from portal.core.limits import mailbox_limit
from portal.core.links import Link, Token
from portal.core.outbox import Outgoing, send
from portal.core.problems import LINK_UNKNOWN, Problem
from portal.core.writes import delete
from portal.identity import passwords
from portal.identity.password_change import new_password
from portal.identity.problems import RECOVERY_EXPIRED
from portal.identity.purposes import EMAIL_UNDO
from portal.identity.records import NO_NEW_EMAIL, Account

if TYPE_CHECKING:
    from portal.core.keyring import LookupKeys, PepperKeys
    from portal.core.settings import Limits
    from portal.core.table import Table

RECOVERY_MAIL = "recovery"
REQUEST = "recovery-request"
"""Kind of the requests for a recovery mail, for the limits."""
_CLEARED = (*NO_NEW_EMAIL, "mail_bounced_at")
"""What a recovery clears of an account."""


def request(
    table: "Table", lookup: "LookupKeys", limits: "Limits", identifier: str, now: int
) -> None:
    """Request a recovery link for an e-mail address or NIR.

    Known and unknown identifiers take the same time and get the same answer: the account is looked
    up when the mail is sent.
    """
    mac = identifiers.login_mac(lookup, identifier)
    message = Outgoing.new(RECOVERY_MAIL, now, login_mac=mac)
    # guard: recovery-alike: send => list(table._items(f"LOGIN#{mac}")) and send
    send(table, message, [mailbox_limit(limits, mac, REQUEST)])


def open_link(table: "Table", token: Token, now: int) -> None:
    """Say whether a link still sets a password; uses nothing up.

    Raises the ``Problem`` of ``reset``, but for the password: so nobody types one in vain.
    """
    _good_link(table, token, now)


def reset(
    table: "Table",
    lookup: "LookupKeys",
    pepper: "PepperKeys",
    token: Token,
    password: str,
    confirmation: str,
    now: int,
) -> None:
    """Set a new password with a recovery link; ends every session and notifies the holder.

    A link that undid a change of address is one, once it did (``email_change.undo_email``).

    A change of address that was requested and not confirmed is withdrawn: who requested it may be
    whom the new password shuts out. That the link was received proves that the address works.

    Raises ``Problem``: ``RECOVERY_EXPIRED`` unless the link is in time and the account's newest,
    ``LINK_UNKNOWN`` when it was used, or made invalid by another change of the account,
    ``INVALID_REQUEST`` with one error for each broken rule.
    """
    link, account = _good_link(table, token, now)
    passwords.check(lookup, account, password, confirmation)
    used = Problem(LINK_UNKNOWN)
    password_hash = passwords.hash_password(pepper, password)
    table.transact(
        *new_password(
            account,
            password_hash,
            now,
            actor=account.id,
            else_=used,
            # guard: recovery-withdraws-changes: dict.fromkeys(_CLEARED) => {}
            changes=dict.fromkeys(_CLEARED),
        ),
        delete(link.key(), if_={"id": link.id}, else_=used),
    )


def _good_link(table: "Table", token: Token, now: int) -> tuple[Link, Account]:
    link = table.get(Link, Link.of(token).key())
    if link is None and now < token.expires_at:
        raise Problem(LINK_UNKNOWN)
    if link is None or link.expires_at <= now or link.account_id is None:
        raise Problem(RECOVERY_EXPIRED)
    account = table.get(Account, Account.key_of(id=link.account_id))
    if account is None or account.recovery_id is None:
        raise Problem(LINK_UNKNOWN)
    # guard: undo-first: token.purpose == EMAIL_UNDO => False
    if token.purpose == EMAIL_UNDO and account.undone_from != token.issued_at:
        raise Problem(LINK_UNKNOWN)
    # guard: newest-recovery-only: account.recovery_id != token.id => not account.recovery_id
    if account.recovery_id != token.id:
        raise Problem(RECOVERY_EXPIRED)
    return link, account
