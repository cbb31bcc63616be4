"""The passkeys of the person logged in: added, listed, renamed, removed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portal.core.confidential import Confidential
from portal.core.feed import notice_of
from portal.core.links import Link, Token, new_id, seal, unseal
from portal.core.problems import (
    INVALID_REQUEST,
    UNAUTHENTICATED,
    UNAVAILABLE,
    FieldError,
    Problem,
)
from portal.core.session import end_sessions, while_open
from portal.core.writes import Expr, RefusedError, Write, delete, put, put_new, update
from portal.identity import passkey_checks, passkey_feed
from portal.identity.passkey_checks import Created, Json, RefusedPasskeyError, RelyingParty
from portal.identity.passkey_records import Passkey
from portal.identity.problems import PASSKEY_KNOWN, PASSKEY_UNKNOWN, TOO_MANY_PASSKEYS
from portal.identity.profile import read_account
from portal.identity.purposes import PASSKEY_CREATION
from portal.identity.records import Credentials

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.keyring import TokenKeys
    from portal.core.links import Purpose
    from portal.core.table import Table


class Asked(Confidential, frozen=True):
    """What a browser is asked for, and until when the answer is good."""

    options: Json
    expires_at: int


class _PlaceTakenError(RefusedError):
    """Another passkey got the place meanwhile."""


def list_passkeys(table: "Table", account_id: str) -> Sequence[Passkey]:
    """Return the passkeys of an account, the newest first."""
    found = table.query(Passkey, Passkey.partition(account_id=account_id))
    return sorted(found, key=lambda each: each.created_at, reverse=True)


def start(table: "Table", tokens: "TokenKeys", party: RelyingParty, acting: "Acting") -> Asked:
    """Return the options that a browser makes a new passkey from.

    Their challenge is good for five minutes, once, in this session. Raises
    ``Problem(TOO_MANY_PASSKEYS)`` for an account that has ten.
    """
    account = read_account(table, acting)
    known = list_passkeys(table, account.id)
    if len(known) >= Passkey.PLACES:
        raise Problem(TOO_MANY_PASSKEYS)
    token = Token(PASSKEY_CREATION, new_id(), acting.at)
    table.write(put(Link.of(token, account.id, session=acting.session.id)))
    challenge = seal(tokens, token)
    options = passkey_checks.creation_options(party, account, challenge, known)
    return Asked(options, token.expires_at)


def add(
    table: "Table",
    tokens: "TokenKeys",
    party: RelyingParty,
    acting: "Acting",
    credential: Json,
    name: str,
    device: str,
) -> Passkey:
    """Store the passkey that a browser made; without a name it gets that of the device.

    Raises ``Problem``: ``INVALID_REQUEST`` for an answer that is not as asked, or late;
    ``PASSKEY_KNOWN``; ``TOO_MANY_PASSKEYS``; ``UNAUTHENTICATED`` when the session ended meanwhile.
    """
    try:
        link, made = _made(table, tokens, party, acting, credential)
    except RefusedPasskeyError:
        raise _invalid() from None
    for _ in range(Passkey.PLACES):
        known = list_passkeys(table, acting.account_id)
        passkey = Passkey(
            account_id=acting.account_id,
            place=_free_place(known),
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            can_be_copied=made.can_be_copied,
            copied=made.copied,
            label=name or device,
            created_at=acting.at,
            transports=made.transports,
        )
        # guard: each-passkey-once: any( => False and any(
        if any(each.credential_id == passkey.credential_id for each in known):
            raise Problem(PASSKEY_KNOWN)
        try:
            table.transact(*_addition(acting, link, passkey, device))
        except _PlaceTakenError:
            continue
        return passkey
    raise Problem(UNAVAILABLE, retry_after=1)


def _made(
    table: "Table", tokens: "TokenKeys", party: RelyingParty, acting: "Acting", credential: Json
) -> tuple[Link, Created]:
    """Return what a browser made for this session; raises ``RefusedPasskeyError``."""
    challenge = passkey_checks.challenge_of(credential)
    link = open_challenge(table, tokens, PASSKEY_CREATION, challenge, acting.at)
    # guard: challenge-of-its-account: link.account_id != acting.account_id => False
    # guard: challenge-of-its-session: link.about.get("session") != acting.session.id => False
    if link.account_id != acting.account_id or link.about.get("session") != acting.session.id:
        raise RefusedPasskeyError
    return link, passkey_checks.verify_creation(party, challenge, credential)


def _addition(acting: "Acting", link: Link, passkey: Passkey, device: str) -> Sequence[Write]:
    """Return the writes that store a passkey."""
    return (
        # guard: creation-used-once
        delete(link.key(), if_={"id": link.id}, else_=_invalid()),
        # guard: no-passkey-of-an-ended-session
        while_open(acting.session),
        put_new(passkey, else_=_PlaceTakenError),
        _count(acting, 1),
        *map(put, notice_of(passkey_feed.PASSKEY_ADDED, acting, device=device)),
    )


def rename(table: "Table", acting: "Acting", passkey_id: str, name: str) -> None:
    """Give a passkey another name; raises ``Problem(PASSKEY_UNKNOWN)``."""
    passkey = _find(table, acting, passkey_id)
    table.transact(
        while_open(acting.session),
        update(
            passkey.key(),
            {"label": name},
            if_={"credential_id": passkey.credential_id},
            else_=Problem(PASSKEY_UNKNOWN),
        ),
        *map(put, notice_of(passkey_feed.PASSKEY_RENAMED, acting)),
    )


def remove(table: "Table", acting: "Acting", passkey_id: str, device: str) -> None:
    """Remove a passkey and end every other session; raises ``Problem(PASSKEY_UNKNOWN)``.

    The account always keeps its password, so that it is never the last way in.
    """
    passkey = _find(table, acting, passkey_id)
    table.transact(
        delete(
            passkey.key(),
            if_={"credential_id": passkey.credential_id},
            else_=Problem(PASSKEY_UNKNOWN),
        ),
        while_open(acting.session),
        _count(acting, -1),
        # guard: removed-passkey-ends-sessions
        *end_sessions(acting.account_id, but=acting.session),
        *map(put, notice_of(passkey_feed.PASSKEY_REMOVED, acting, device=device)),
    )


def open_challenge(
    table: "Table", tokens: "TokenKeys", purpose: "Purpose", challenge: str, now: int
) -> Link:
    """Return the row of a challenge; does not consume it. Raises ``RefusedPasskeyError``."""
    try:
        token = unseal(tokens, challenge, purpose)
    except Problem:
        raise RefusedPasskeyError from None
    link = table.get(Link, Link.of(token).key())
    # guard: challenge-ends: link.expires_at <= now => False
    if link is None or link.expires_at <= now:
        raise RefusedPasskeyError
    return link


def _find(table: "Table", acting: "Acting", passkey_id: str) -> Passkey:
    for each in list_passkeys(table, acting.account_id):
        if each.id == passkey_id:
            return each
    raise Problem(PASSKEY_UNKNOWN)


def _free_place(known: Sequence[Passkey]) -> int:
    """Return the first place without passkey; raises ``Problem(TOO_MANY_PASSKEYS)``."""
    taken = {each.place for each in known}
    free = next((place for place in range(Passkey.PLACES) if place not in taken), None)
    if free is None:
        raise Problem(TOO_MANY_PASSKEYS)
    return free


def _count(acting: "Acting", more: int) -> Write:
    """Return the write that counts the passkeys of an account where its ways to log in are read."""
    return update(
        Credentials.key_of(account_id=acting.account_id),
        {"passkeys": Expr("if_not_exists(passkeys, :none) + :more", {":none": 0, ":more": more})},
        if_={"account_id": acting.account_id},
        else_=Problem(UNAUTHENTICATED),
    )


def _invalid() -> Problem:
    detail = "Cette clé d’accès n’a pas pu être ajoutée. Recommencez."
    return Problem(INVALID_REQUEST, errors=[FieldError("credential", "invalid-passkey", detail)])
