"""Identities that a provider confirmed and no account has: kept ten minutes, in their browser.

The person has an account and proves its password once, or signs up. Until then a ticket stands for
the identity. Only the browser that came from the provider can use it: else whoever sends another
person a ticket of their own would get into that person's account.
"""

import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING

from portal.core.confidential import Confidential
from portal.core.links import Link, Token, new_id, seal, unseal
from portal.core.problems import Problem
from portal.core.writes import put, update
from portal.identity.oidc import FILLED, Person
from portal.identity.problems import PROVIDER_EXPIRED
from portal.identity.purposes import UNLINKED_IDENTITY

if TYPE_CHECKING:
    from portal.core.keyring import TokenKeys
    from portal.core.table import Table


class Unlinked(Confidential, frozen=True):
    """An identity of nobody: its ticket."""

    ticket: str


class Waiting(Confidential, frozen=True):
    """What a ticket stands for: the identity's hash and issuer, and the row."""

    row: Link
    mac: str
    issuer: str


def keep(
    table: "Table", tokens: "TokenKeys", mac: str, person: Person, browser: str, now: int
) -> Unlinked:
    """Keep an identity, with what it fills in of a sign-up; return its ticket."""
    token = Token(UNLINKED_IDENTITY, new_id(), now)
    about = {"mac": mac, "issuer": person.issuer, "browser": browser}
    table.write(put(Link.of(token, **about, **person.claims)))
    return Unlinked(seal(tokens, token))


def find(table: "Table", tokens: "TokenKeys", ticket: str, browser: str, now: int) -> Waiting:
    """Return what a ticket stands for; raises ``Problem(PROVIDER_EXPIRED)``.

    ``browser`` is the fingerprint of the browser that asks.
    """
    expired = Problem(PROVIDER_EXPIRED)
    try:
        token = unseal(tokens, ticket, UNLINKED_IDENTITY)
    except Problem:
        raise expired from None
    row = table.get(Link, Link.of(token).key())
    # guard: identity-waits-ten-minutes: row.expires_at <= now => False
    if row is None or row.expires_at <= now:
        raise expired
    # guard: identity-of-its-browser: hmac.compare_digest(row.about["browser"], browser) => True
    if not hmac.compare_digest(row.about["browser"], browser):
        raise expired
    return Waiting(row, row.about["mac"], row.about["issuer"])


def read_claims(
    table: "Table", tokens: "TokenKeys", ticket: str, browser: str, now: int
) -> Mapping[str, str]:
    """Return, once, what an identity fills in of a sign-up: it is forgotten then.

    The ticket stays good, to link the identity.
    """
    waiting = find(table, tokens, ticket, browser, now)
    about = waiting.row.about
    claims = {field: about[field] for field in FILLED if field in about}
    # guard: claims-are-read-once: if claims => if not claims
    if claims:
        kept = {name: value for name, value in about.items() if name not in claims}
        unchanged = {"id": waiting.row.id}
        table.write(
            update(
                waiting.row.key(), {"about": kept}, if_=unchanged, else_=Problem(PROVIDER_EXPIRED)
            )
        )
    return claims
