"""The second factor of the person logged in: switched on, looked at, removed; recovery codes."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pyotp import random_base32
from pyotp.totp import TOTP

from portal.core.clock import rfc3339_seconds
from portal.core.confidential import Confidential
from portal.core.feed import notice_of
from portal.core.problems import INVALID_REQUEST, UNAUTHENTICATED, FieldError, Problem
from portal.core.records import FOREVER, HOUR
from portal.core.session import end_sessions, while_open
from portal.core.writes import Expr, Write, delete, put, update
from portal.identity import feed
from portal.identity.problems import SECOND_FACTOR_OFF, SECOND_FACTOR_ON
from portal.identity.profile import read_account
from portal.identity.records import Credentials, SecondFactor
from portal.identity.second_factor import hash_code, matching_step, new_codes, read

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.table import Table

ISSUER = "Espace auto-entrepreneur (démonstration)"
"""Name under which apps list the account."""


class Secret(Confidential, frozen=True):
    """What an app needs: the secret in base32, and the address that a QR code contains."""

    text: str
    uri: str


class State(Confidential, frozen=True):
    """Since when a second factor counts (``None``: there is none), and the codes that are left."""

    since: str | None
    recovery_codes_left: int


def look(table: "Table", acting: "Acting") -> State:
    """Return whether the account has a second factor."""
    factor = read(table, acting.account_id, acting.at)
    if factor is None or factor.confirmed_at is None:
        return State(None, 0)
    return State(rfc3339_seconds(factor.confirmed_at), len(factor.recovery_codes))


def start(table: "Table", encrypt: Callable[[str, str], bytes], acting: "Acting") -> Secret:
    """Store a new secret, which counts once a code of the app confirms it.

    An earlier one that was not confirmed is replaced; after an hour it goes. Raises
    ``Problem(SECOND_FACTOR_ON)`` when the account has a second factor.
    """
    account = read_account(table, acting)
    secret = random_base32()
    table.transact(
        while_open(acting.session),
        put(
            SecondFactor(
                account_id=account.id,
                # guard: totp-secret-encrypted: encrypt(secret, account.id) => secret.encode()
                secret_encrypted=encrypt(secret, account.id),
                expires_at=acting.at + HOUR,
            ),
            # guard: no-second-second-factor
            if_=Expr(
                "attribute_not_exists(confirmed_at) OR expires_at <= :now", {":now": acting.at}
            ),
            else_=Problem(SECOND_FACTOR_ON),
        ),
    )
    totp = TOTP(secret)
    return Secret(secret, totp.provisioning_uri(name=account.email, issuer_name=ISSUER))


def confirm(
    table: "Table", decrypt: Callable[[bytes, str], str], acting: "Acting", code: str
) -> None:
    """Switch the second factor on, with a code of the app; ends every other session.

    Raises ``Problem``: ``SECOND_FACTOR_ON``; ``SECOND_FACTOR_OFF`` when no secret waits;
    ``INVALID_REQUEST`` for a wrong code.
    """
    factor = read(table, acting.account_id, acting.at)
    if factor and factor.confirmed_at is not None:
        raise Problem(SECOND_FACTOR_ON)
    if factor is None:
        raise Problem(SECOND_FACTOR_OFF, detail="Recommencez\u00a0: ce code QR n’est plus valable.")
    step = matching_step(
        decrypt(factor.secret_encrypted, factor.account_id), code, factor, acting.at
    )
    if step is None:
        detail = "Ce code n’est pas le bon. Saisissez celui que l’application affiche maintenant."
        raise Problem(INVALID_REQUEST, errors=[FieldError("code", "invalid-code", detail)])
    table.transact(
        # guard: no-factor-of-an-ended-session
        while_open(acting.session),
        update(
            factor.key(),
            {"confirmed_at": acting.at, "last_step": step, "expires_at": None},
            if_={"secret_encrypted": factor.secret_encrypted, "confirmed_at": None},
            else_=Problem(SECOND_FACTOR_ON),
        ),
        _until(acting, FOREVER),
        # guard: factor-ends-sessions
        *end_sessions(acting.account_id, but=acting.session),
        *map(put, notice_of(feed.SECOND_FACTOR_ADDED, acting)),
    )


def remove(table: "Table", acting: "Acting") -> None:
    """Remove the second factor and its recovery codes; does nothing when there is none."""
    factor = read(table, acting.account_id, acting.at)
    if factor is None:
        return
    told = notice_of(feed.SECOND_FACTOR_REMOVED, acting) if factor.confirmed_at else ()
    table.transact(
        while_open(acting.session),
        delete(factor.key()),
        _until(acting, None),
        *map(put, told),
    )


def renew_codes(table: "Table", acting: "Acting") -> Sequence[str]:
    """Replace the recovery codes, and return the new ones: they are not stored.

    Raises ``Problem(SECOND_FACTOR_OFF)`` without a second factor.
    """
    factor = read(table, acting.account_id, acting.at)
    if factor is None or factor.confirmed_at is None:
        raise Problem(SECOND_FACTOR_OFF)
    codes = new_codes()
    table.transact(
        while_open(acting.session),
        update(
            factor.key(),
            # guard: codes-are-hashed: hash_code(each) => each
            {"recovery_codes": [hash_code(each) for each in codes]},
            if_={"confirmed_at": factor.confirmed_at},
            else_=Problem(SECOND_FACTOR_OFF),
        ),
        *map(put, notice_of(feed.RECOVERY_CODES_MADE, acting)),
    )
    return codes


def _until(acting: "Acting", until: int | None) -> Write:
    """Return the write that says until when logins ask for the second factor."""
    return update(
        Credentials.key_of(account_id=acting.account_id),
        {"second_factor_until": until},
        if_={"account_id": acting.account_id},
        else_=Problem(UNAUTHENTICATED),
    )
