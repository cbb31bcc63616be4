"""Opening a session: the last step of every login method, once it gave a proof."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from portal.core.confidential import Confidential
from portal.core.feed import notice
from portal.core.outbox import Outgoing
from portal.core.problems import UNAVAILABLE, Problem
from portal.core.session import Opened, Proof, Session, find_session, new_session
from portal.core.writes import RefusedError, Write, put, update
from portal.identity import devices, events, feed
from portal.identity.problems import INVALID_CREDENTIALS
from portal.identity.records import Account, Credentials

if TYPE_CHECKING:
    from portal.core.keyring import LookupKeys
    from portal.core.records import Record, Value
    from portal.core.table import Table

_TRIES = 12
_PAUSE = 0.02
"""What each new try, when another login was faster, adds to the longest pause, in seconds."""


class Browser(Confidential, frozen=True):
    """What a browser sends with a login, in addition to what proves who its user is."""

    session_cookie: str = ""
    device_cookie: str = ""
    user_agent: str = ""


class Holder(Confidential, frozen=True):
    """An account and its credentials, as they were read."""

    account: Account
    credentials: Credentials


class CredentialsChangedError(RefusedError):
    """Another login or a new password changed the credentials since they were read."""


def read_holder(table: "Table", account_id: str) -> Holder | None:
    """Return an account and its credentials, in one round trip; ``None`` when it is gone."""
    account, credentials = table.get_several(
        (Account, Account.key_of(id=account_id)),
        (Credentials, Credentials.key_of(account_id=account_id)),
    )
    return Holder(account, credentials) if account and credentials else None


def open_session(
    table: "Table",
    lookup: "LookupKeys",
    proof: Proof,
    holder: Holder,
    browser: Browser,
    *,
    still_proved: Callable[[Credentials], bool],
    alongside: Sequence[Write] = (),
    changes: "Mapping[str, Value] | None" = None,
) -> Opened:
    """Open a session for a proof, with the writes ``alongside`` and ``changes`` of the credentials.

    The browser's former session of the account ends: each login gives a new value (ASVS 7.2.4).
    A browser that the account does not know gets a device cookie, and its holder a notice.
    ``still_proved`` is called with credentials that changed meanwhile. Raises ``Problem``:
    ``INVALID_CREDENTIALS`` when it says no, ``UNAVAILABLE`` when others were faster in every try.
    """
    account, credentials = holder.account, holder.credentials
    known = find_session(table, browser.session_cookie, account.id, proof.at)
    for tried in range(_TRIES):
        if tried:
            time.sleep(random.uniform(0, _PAUSE * tried))  # noqa: S311 - no secret
        session, cookie = new_session(
            proof,
            credentials.logins % Session.PLACES,
            previous_login_at=_login_before(credentials, known),
            device=devices.describe(browser.user_agent),
        )
        device = devices.recognise(lookup, browser.device_cookie, account.id, credentials.trust)
        news = _news(proof, browser, notify=device is None and credentials.logins > 0)
        count = _count_login(credentials, proof.at, changes or {})
        try:
            table.transact(count, put(session), *map(put, news), *alongside)
        except CredentialsChangedError as changed:
            credentials = _still_proved(changed, still_proved)
            continue
        # guard: new-value-at-login
        if known and known.place != session.place:
            with suppress(RefusedError):  # it ended meanwhile
                table.write(known.end())
        return Opened(
            account.id,
            cookie,
            devices.new_cookie(lookup, account.id, credentials.trust) if device is None else None,
            account.first_name,
            account.last_name,
            session.previous_login_at,
        )
    raise Problem(UNAVAILABLE, retry_after=1)


def _news(proof: Proof, browser: Browser, *, notify: bool) -> "Sequence[Record]":
    """Return the event of a login and, with ``notify``, the notice of a new device."""
    account_id, now = proof.account_id, proof.at
    event = Outgoing.new(events.LOGIN_SUCCEEDED, now, account_id=account_id)
    if not notify:
        return (event,)
    device = devices.describe(browser.user_agent)
    return event, *notice(feed.NEW_DEVICE, account_id, now, actor=account_id, device=device)


def _still_proved(
    changed: CredentialsChangedError, still_proved: Callable[[Credentials], bool]
) -> Credentials:
    """Return the credentials as they are now, if the proof still counts."""
    credentials = Credentials.from_item(changed.item) if changed.item else None
    if credentials is None or not still_proved(credentials):  # None: the account was deleted
        raise Problem(INVALID_CREDENTIALS) from None
    return credentials


def _login_before(credentials: Credentials, known: Session | None) -> int | None:
    """Return the time of the login to show as the last one.

    When a session logs in again, its own last login stays, unless there was another in between.
    """
    if known and known.created_at == credentials.last_login_at:
        return known.previous_login_at
    return credentials.last_login_at


def _count_login(credentials: Credentials, now: int, changes: "Mapping[str, Value]") -> Write:
    """Count a login, provided that the credentials are as they were read."""
    return update(
        credentials.key(),
        {"logins": credentials.logins + 1, "last_login_at": now, **changes},
        if_={
            "logins": credentials.logins,
            "password_hash": credentials.password_hash,
            "trust": credentials.trust,
            # guard: factor-added-meanwhile
            "second_factor_until": credentials.second_factor_until,
        },
        else_=CredentialsChangedError,
    )
