"""A forgotten password: a link to the account's address, good for half an hour."""

from portal import accounts, identifiers, passwords, throttle
from portal.items import Account, Link, Outgoing
from portal.keys import Keyring
from portal.problems import LINK_UNKNOWN, RECOVERY_EXPIRED, Problem
from portal.settings import Limits
from portal.table import Table
from portal.tokens import Token

RECOVERY_MAIL = "recovery"
REQUEST = "recovery-request"
"""Kind of the requests for such mails, for the limits."""


def request(table: Table, lookup: Keyring, limits: Limits, identifier: str, now: int) -> None:
    """Ask for a recovery link by e-mail address or NIR.

    Known and unknown identifiers cost and answer the same: whose it is is looked up when the
    mail is sent.
    """
    mac = identifiers.login_mac(lookup, identifier)
    message = Outgoing.new(RECOVERY_MAIL, now, login_mac=mac)
    table.send(message, [throttle.address_slot(limits, mac, REQUEST)], now)


def reset(
    table: Table,
    lookup: Keyring,
    pepper: Keyring,
    token: Token,
    password: str,
    confirmation: str,
    now: int,
) -> None:
    """Set a new password with a recovery link; ends every session and tells the holder.

    Raises ``Problem``: ``RECOVERY_EXPIRED`` unless the link is in time and the account's newest,
    ``LINK_UNKNOWN`` when it has served, or another change of the account ended it,
    ``INVALID_REQUEST`` with one error for each broken rule.
    """
    row = table.get(Link, Link.of(token).key())
    if row is None and now < token.expires_at:
        raise Problem(LINK_UNKNOWN)
    if row is None or row.expires_at <= now or row.account_id is None:
        raise Problem(RECOVERY_EXPIRED)
    account = table.get(Account, Account.key_of(row.account_id))
    if account is None or account.recovery_id is None:
        raise Problem(LINK_UNKNOWN)
    if account.recovery_id != token.id:
        raise Problem(RECOVERY_EXPIRED)
    passwords.check(lookup, account, password, confirmation)
    done = table.change_password(
        account,
        passwords.hash_password(pepper, password),
        *accounts.password_changed(account.id, now),
        link=row,
    )
    if not done:
        raise Problem(LINK_UNKNOWN)
