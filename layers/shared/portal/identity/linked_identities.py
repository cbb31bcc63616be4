"""The identities at a provider that open an account: found, linked, listed, removed.

An identity is issuer and subject, never an address or a number that the provider tells. It is
linked by who is logged in and just proved the account's password or passkey.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from portal.core.feed import notice
from portal.core.problems import REAUTHENTICATION_REQUIRED, UNAUTHENTICATED, Problem
from portal.core.session import end_sessions, while_open
from portal.core.writes import Expr, RefusedError, delete, put, update
from portal.identity import feed
from portal.identity.identities import IdentityHolder, LinkedIdentity
from portal.identity.opening import Holder, read_holder
from portal.identity.problems import IDENTITY_ELSEWHERE, IDENTITY_UNKNOWN, PROVIDER_EXPIRED
from portal.identity.records import Credentials

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.feed import Kind
    from portal.core.records import Record
    from portal.core.table import Table
    from portal.identity.unlinked_identities import Waiting

OWN_PROOFS = frozenset({"password", "passkey"})
"""The methods that prove an account by itself: a provider vouches for no further one."""


def find_holder(table: "Table", mac: str) -> tuple[Holder | None, LinkedIdentity | None]:
    """Return who has an identity, and its record; nothing when it opens no account (any more)."""
    found = table.get(IdentityHolder, IdentityHolder.key_of(mac=mac))
    holder = read_holder(table, found.account_id) if found else None
    # guard: ended-identity-opens-nothing: found.ended != holder.credentials.identities_ended => False
    if found is None or holder is None or found.ended != holder.credentials.identities_ended:
        return None, None
    at = LinkedIdentity.key_of(account_id=found.account_id, mac=mac)
    linked = table.get(LinkedIdentity, at)
    return (holder, linked) if linked else (None, None)


def link(table: "Table", acting: "Acting", waiting: "Waiting", provider: str) -> None:
    """Link an identity that waits to the account of who is logged in; uses its ticket up.

    Raises ``Problem``: ``REAUTHENTICATION_REQUIRED`` unless the session was proved by a password
    or a passkey, ``IDENTITY_ELSEWHERE`` when another account has the identity.
    """
    # guard: no-provider-links-another: OWN_PROOFS.isdisjoint(acting.session.methods) => False
    if OWN_PROOFS.isdisjoint(acting.session.methods):
        raise Problem(REAUTHENTICATION_REQUIRED)
    holder = read_holder(table, acting.account_id)
    if holder is None:
        raise Problem(UNAUTHENTICATED)
    stored = table.get(IdentityHolder, IdentityHolder.key_of(mac=waiting.mac))
    has_it, _ = find_holder(table, waiting.mac)
    # guard: identity-of-one-account: has_it.account.id != acting.account_id => False
    if has_it and has_it.account.id != acting.account_id:
        raise Problem(IDENTITY_ELSEWHERE)
    ended = holder.credentials.identities_ended
    linked = LinkedIdentity(
        account_id=acting.account_id,
        mac=waiting.mac,
        issuer=waiting.issuer,
        linked_at=acting.at,
        ended=ended,
    )
    told = () if has_it else _notice(feed.IDENTITY_LINKED, acting, provider)
    table.transact(
        # guard: no-identity-of-an-ended-session
        while_open(acting.session),
        # guard: ticket-of-an-identity-once: if_={"id": waiting.row.id}, =>
        delete(waiting.row.key(), if_={"id": waiting.row.id}, else_=Problem(PROVIDER_EXPIRED)),
        update(
            Credentials.key_of(account_id=acting.account_id),
            {"identities": _counted(0 if has_it else 1)},
            # guard: not-linked-while-ending: , "identities_ended": ended} => }
            if_={"account_id": acting.account_id, "identities_ended": ended},
            else_=Problem(UNAUTHENTICATED),
        ),
        put(
            IdentityHolder(mac=waiting.mac, account_id=acting.account_id, ended=ended),
            # guard: linked-once
            if_=_as_read(stored),
            else_=Problem(IDENTITY_ELSEWHERE),
        ),
        put(linked),
        *map(put, told),
    )


def listed(table: "Table", acting: "Acting") -> Sequence[LinkedIdentity]:
    """Return the identities that open the account, the oldest first."""
    return read_all(table, acting.account_id)


def read_all(table: "Table", account_id: str) -> Sequence[LinkedIdentity]:
    """Return the identities that open an account, the oldest first."""
    found = table.query(LinkedIdentity, LinkedIdentity.partition(account_id=account_id))
    if not found:
        return ()
    credentials = table.get(Credentials, Credentials.key_of(account_id=account_id))
    ended = credentials and credentials.identities_ended
    return sorted((each for each in found if each.ended == ended), key=lambda each: each.linked_at)


def id_of(linked: LinkedIdentity) -> str:
    """Return the public id of an identity; it gives no access."""
    return hashlib.sha256(linked.mac.encode()).hexdigest()[:16]


def remove(
    table: "Table", acting: "Acting", identity_id: str, name_of: Callable[[str], str]
) -> None:
    """Remove an identity, and end every other session: one of them may be its.

    The account keeps its password. ``name_of`` returns the name of an issuer. Raises
    ``Problem(IDENTITY_UNKNOWN)``.
    """
    for linked in listed(table, acting):
        if id_of(linked) == identity_id:
            at = IdentityHolder.key_of(mac=linked.mac)
            own, gone = {"account_id": acting.account_id}, Problem(IDENTITY_UNKNOWN)
            table.transact(
                while_open(acting.session),
                delete(linked.key(), if_=own, else_=gone),
                delete(at, if_=own, else_=gone),
                update(
                    Credentials.key_of(account_id=acting.account_id),
                    {"identities": _counted(-1)},
                    if_=own,
                    else_=gone,
                ),
                # guard: removal-ends-sessions
                *end_sessions(acting.account_id, but=acting.session),
                *map(put, _notice(feed.IDENTITY_REMOVED, acting, name_of(linked.issuer))),
            )
            return
    raise Problem(IDENTITY_UNKNOWN)


def forget_all(table: "Table", account_id: str) -> None:
    """Remove every identity of an account that is deleted, those that were ended too."""
    partition = LinkedIdentity.partition(account_id=account_id)
    for linked in table.query(LinkedIdentity, partition):
        with suppress(RefusedError):  # gone, or of another account since it was ended here
            own = {"account_id": account_id}
            table.write(delete(IdentityHolder.key_of(mac=linked.mac), if_=own))
        table.write(delete(linked.key()))


def _counted(change: int) -> Expr:
    """Return how many identities an account has after a change."""
    return Expr("if_not_exists(identities, :none) + :change", {":none": 0, ":change": change})


def _as_read(stored: IdentityHolder | None) -> Expr:
    """Return the condition that nobody linked an identity since its holder was read."""
    if stored is None:
        return Expr("attribute_not_exists(pk)")
    if stored.ended is None:
        return Expr(
            "account_id = :account AND attribute_not_exists(ended)", {":account": stored.account_id}
        )
    values = {":account": stored.account_id, ":ended": stored.ended}
    return Expr("account_id = :account AND ended = :ended", values)


def _notice(kind: "Kind", acting: "Acting", provider: str) -> "Sequence[Record]":
    about = {"provider": provider}
    return notice(kind, acting.account_id, acting.at, actor=acting.actor_id, about=about)
