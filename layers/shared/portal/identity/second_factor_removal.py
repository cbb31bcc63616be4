"""The removal of a second factor by the support, for who lost the phone and the codes.

It takes three days. Every address of the account is told at once, the former one too while a change
can be undone, each with a link that cancels. A login with a code cancels as well.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from portal.core.feed import SUPPORT, entry
from portal.core.links import Link, Token, new_id, unseal
from portal.core.outbox import Outgoing
from portal.core.problems import Problem
from portal.core.records import FOREVER
from portal.core.writes import Refusal, Write, delete, put, update
from portal.identity import feed
from portal.identity.problems import CHANGE_EXPIRED
from portal.identity.purposes import EMAIL_UNDO, REMOVAL_CANCEL
from portal.identity.records import Account, Credentials, SecondFactor
from portal.identity.second_factor import kept, read

if TYPE_CHECKING:
    from portal.core.keyring import TokenKeys
    from portal.core.table import Table


def ask_removal(
    account: Account, factor: SecondFactor, now: int, *, else_: Refusal
) -> Iterator[Write]:
    """Yield the writes by which the support removes a second factor in three days.

    Until then logins ask for it. Refused with ``else_`` when it was removed or replaced meanwhile.
    """
    until = now + REMOVAL_CANCEL.lifetime
    unchanged = {"confirmed_at": factor.confirmed_at}
    yield update(factor.key(), {"expires_at": until}, if_=unchanged, else_=else_)
    at = Credentials.key_of(account_id=account.id)
    asked = {"second_factor_until": FOREVER}
    yield update(at, {"second_factor_until": until}, if_=asked, else_=else_)
    yield put(entry(feed.SECOND_FACTOR_LEAVING, account.id, now, actor=SUPPORT))
    yield from _tell(account, now)
    for undo in _undo_links(account, now):
        # guard: former-address-is-told-of-a-removal
        yield from _tell(account, now, undo_id=undo.id, undo_at=str(undo.issued_at))


def cancel_removal(table: "Table", tokens: "TokenKeys", text: str, now: int) -> None:
    """Keep the second factor, with the link of a mail that told of its removal.

    Raises ``Problem``: ``LINK_UNKNOWN``; ``CHANGE_EXPIRED`` for a link that is late, was used, or
    is of a removal that was cancelled.
    """
    token = unseal(tokens, text, REMOVAL_CANCEL)
    link = table.get(Link, Link.of(token).key())
    over = Problem(CHANGE_EXPIRED)
    if link is None or link.account_id is None or link.expires_at <= now:
        raise over
    factor = read(table, link.account_id, now)
    if factor is None:
        raise over
    of_this_removal = {"second_factor_until": link.expires_at}
    table.transact(
        delete(link.key(), if_={"id": link.id}, else_=over),
        update(factor.key(), {"expires_at": None}, if_={"expires_at": link.expires_at}, else_=over),
        update(
            Credentials.key_of(account_id=link.account_id),
            {"second_factor_until": FOREVER},
            if_=of_this_removal,
            else_=over,
        ),
        *map(put, kept(link.account_id, now)),
    )


def _tell(account: Account, now: int, **undo: str) -> Iterator[Write]:
    """Yield a link that cancels and the mail with it, to the holder or a former address."""
    token = Token(REMOVAL_CANCEL, new_id(), now)
    yield put(Link.of(token, account.id))
    told = Outgoing.new(
        feed.SECOND_FACTOR_LEAVING.name, now, account_id=account.id, link_id=token.id, **undo
    )
    # guard: leaving-is-told
    yield put(told)


def _undo_links(account: Account, now: int) -> Sequence[Token]:
    """Return the links that undo a change of address and are in time: former addresses got them.

    Not those of a change that was undone: such an address may be an intruder's.
    """
    links = (Token(EMAIL_UNDO, id_, int(at)) for id_, at in (account.undo_links or {}).items())
    return [
        link for link in links if link.expires_at > now and not account.is_undone(link.issued_at)
    ]
