"""Login with a passkey: a signature of the person's device gives a proof.

The person is verified by the device, with a finger, a face or a code: what they have and what they
are or know. So no second factor is asked for.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from portal.core.confidential import Confidential
from portal.core.feed import notice
from portal.core.links import Link, Token, new_id, seal
from portal.core.outbox import Outgoing
from portal.core.problems import Problem
from portal.core.session import Proof
from portal.core.writes import Write, delete, put, update
from portal.identity import passkey_checks, passkey_feed
from portal.identity.events import LOGIN_FAILED
from portal.identity.opening import Browser, Opened, open_session, read_holder
from portal.identity.passkey_checks import Json, RefusedPasskeyError, RelyingParty, Used
from portal.identity.passkey_records import Passkey
from portal.identity.passkeys import Asked, list_passkeys, open_challenge
from portal.identity.problems import PASSKEY_REFUSED
from portal.identity.purposes import PASSKEY_LOGIN

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.keyring import LookupKeys, TokenKeys
    from portal.core.table import Table

PASSKEY = "passkey"


class Attempt(Confidential, frozen=True):
    """A browser's answer to login options, and what else it sends."""

    credential: Json
    browser: Browser


def start(
    table: "Table", tokens: "TokenKeys", party: RelyingParty, acting: "Acting | None", now: int
) -> Asked:
    """Return the options that a passkey signs: any one, or one of who confirms who they are.

    Their challenge is good for five minutes, once. Nobody says who they are, so that the answer
    says of nobody whether they have a passkey.
    """
    token = Token(PASSKEY_LOGIN, new_id(), now)
    known = list_passkeys(table, acting.account_id) if acting else ()
    table.write(put(Link.of(token, acting and acting.account_id)))
    return Asked(passkey_checks.login_options(party, seal(tokens, token), known), token.expires_at)


def log_in(
    table: "Table",
    lookup: "LookupKeys",
    tokens: "TokenKeys",
    party: RelyingParty,
    report_failure: Callable[[str | None], None],
    attempt: Attempt,
    now: int,
) -> Opened:
    """Open a session for the signature of a passkey.

    Raises ``Problem(PASSKEY_REFUSED)``, alike for whatever is wrong. A count that did not advance
    is told to the holder: somebody may have a copy of the passkey.
    """
    try:
        link = _open(table, tokens, attempt.credential, now)
        passkey, used = _prove(table, party, attempt.credential, link, report_failure)
    except RefusedPasskeyError:
        raise Problem(PASSKEY_REFUSED) from None
    account_id = passkey.account_id
    # guard: challenge-once-at-once: if_={"id": link.id}, =>
    consumed = delete(link.key(), if_={"id": link.id}, else_=Problem(PASSKEY_REFUSED))
    # guard: count-advances: used.sign_count <= passkey.sign_count => False
    if (used.sign_count or passkey.sign_count) and used.sign_count <= passkey.sign_count:
        told = notice(passkey_feed.PASSKEY_COPIED, account_id, now, actor=account_id)
        failed = Outgoing.new(LOGIN_FAILED, now, account_id=account_id)
        table.transact(consumed, *map(put, (*told, failed)))
        raise Problem(PASSKEY_REFUSED)
    holder = read_holder(table, account_id)
    if holder is None:
        raise Problem(PASSKEY_REFUSED)
    return open_session(
        table,
        lookup,
        Proof(account_id, (PASSKEY,), now),
        holder,
        attempt.browser,
        # What ends an account's ways in ends its passkeys, and their use is refused then.
        still_proved=lambda _: True,
        # guard: challenge-used-once: consumed, =>
        alongside=[consumed, _note_use(passkey, used, now)],
    )


def _open(table: "Table", tokens: "TokenKeys", credential: Json, now: int) -> Link:
    """Return the row of the challenge that was signed; raises ``RefusedPasskeyError``.

    One that is late or was used is not reported: a request that is repeated is no attack.
    """
    challenge = passkey_checks.challenge_of(credential)
    return open_challenge(table, tokens, PASSKEY_LOGIN, challenge, now)


def _prove(
    table: "Table",
    party: RelyingParty,
    credential: Json,
    link: Link,
    report_failure: Callable[[str | None], None],
) -> tuple[Passkey, Used]:
    """Return what a right signature proves; reports and raises ``RefusedPasskeyError`` else."""
    account_id: str | None = None
    try:
        passkey = _find(table, *passkey_checks.named_in(credential))
        account_id = passkey.account_id
        challenge = passkey_checks.challenge_of(credential)
        return passkey, passkey_checks.verify_login(
            party, challenge, credential, passkey, link.account_id
        )
    except RefusedPasskeyError:
        report_failure(account_id)
        raise


def _find(table: "Table", account_id: str, credential_id: bytes) -> Passkey:
    """Return a passkey of an account, in one round trip; raises ``RefusedPasskeyError``."""
    for each in list_passkeys(table, account_id):
        # guard: passkey-of-its-account: each.credential_id == credential_id => True
        if each.credential_id == credential_id:
            return each
    raise RefusedPasskeyError


def _note_use(passkey: Passkey, used: Used, now: int) -> Write:
    """Return the write of a use, refused when the passkey was removed or counted on meanwhile."""
    as_it_was = {"credential_id": passkey.credential_id, "sign_count": passkey.sign_count}
    return update(
        passkey.key(),
        {"sign_count": used.sign_count, "copied": used.copied, "last_used_at": now},
        # guard: passkey-as-it-was
        if_=as_it_was,
        else_=Problem(PASSKEY_REFUSED),
    )
