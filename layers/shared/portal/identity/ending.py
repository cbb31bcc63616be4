"""« It was not me »: everything that opens an account ends, until its holder sets a password.

Used where somebody else may know or have any of it: when a change of address is undone, and when
the support ends an account's sessions. Passkeys and identities at a provider end too.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from portal.core.session import end_sessions
from portal.core.writes import Expr, Refusal, Write, delete, update
from portal.identity import devices
from portal.identity.passkey_records import end_passkeys
from portal.identity.records import NO_NEW_EMAIL, Account, Credentials, SecondFactor

if TYPE_CHECKING:
    from portal.core.records import Value


_END_IDENTITIES: "Mapping[str, Value | Expr]" = {
    "identities": None,
    "identities_ended": Expr(
        "if_not_exists(identities_ended, :none) + :one", {":none": 0, ":one": 1}
    ),
}


def end_credentials(
    account: Account,
    *,
    else_: Refusal,
    changes: "Mapping[str, Value] | None" = None,
    if_: "Mapping[str, Value] | None" = None,
    factor: SecondFactor | None = None,
) -> Iterator[Write]:
    """Yield the writes that end password, passkeys, sessions, links and known devices.

    Linked identities end too: logins compare a count that is raised here, so that one that is
    linked at this moment ends with them.

    An address that was asked for is forgotten. Only a link sets a password then; ``changes`` to the
    account may name one as its ``recovery_id``. A second factor stays, unless it is given: what
    opens a mailbox must not open the account alone. Refused with ``else_`` when the account is
    gone, or is not as ``if_`` says.
    """
    yield update(
        account.key(),
        # guard: ended-links-and-changes: "recovery_id": None, **NO_NEW_EMAIL, =>
        {"recovery_id": None, **NO_NEW_EMAIL, **(changes or {})},
        if_={"id": account.id, **(if_ or {})},
        else_=else_,
    )
    if factor:
        yield delete(factor.key(), if_={"confirmed_at": factor.confirmed_at}, else_=else_)
    # guard: ended-passkeys
    yield from end_passkeys(account.id)
    without_factor: Mapping[str, None] = {"second_factor_until": None} if factor else {}
    yield update(
        Credentials.key_of(account_id=account.id),
        # guard: ended-password: "password_hash": None, =>
        # guard: undo-forgets-devices: "trust": devices.new_trust(), =>
        # guard: ended-identities: **_END_IDENTITIES, =>
        {
            "password_hash": None,
            "trust": devices.new_trust(),
            "passkeys": None,
            **_END_IDENTITIES,
            **without_factor,
        },
        if_={"account_id": account.id},
        else_=else_,
    )
    # guard: ended-sessions
    yield from end_sessions(account.id)
