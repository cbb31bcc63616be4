"""Tickets: the state of a login between its first step and its second.

A ticket is a link's token that no mail contains: signed, with a row that is deleted when it is
used. It is bound to the account's trust, which every new password and every « it was not me »
replaces, so that a ticket ends with the password that gave it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portal.core.confidential import Confidential
from portal.core.links import Link, Token, new_id, seal, unseal
from portal.core.problems import Problem
from portal.core.writes import Write, put
from portal.identity.problems import TICKET_EXPIRED
from portal.identity.purposes import SECOND_STEP

if TYPE_CHECKING:
    from portal.core.keyring import TokenKeys
    from portal.core.session import Proof
    from portal.core.table import Table


class Due(Confidential, frozen=True):
    """A login whose second step is due: its ticket, and until when that is good."""

    account_id: str
    ticket: str
    expires_at: int


class Ticket(Confidential, frozen=True):
    """What a ticket stands for: the account, its trust, and the methods of the first step."""

    link: Link
    account_id: str
    trust: str
    methods: Sequence[str]


def issue(
    table: "Table", tokens: "TokenKeys", proof: "Proof", trust: str, alongside: Sequence[Write]
) -> Due:
    """Store a ticket for a proof; ``alongside`` is written in the same transaction."""
    token = Token(SECOND_STEP, new_id(), proof.at)
    link = Link.of(token, proof.account_id, trust=trust, methods=" ".join(proof.methods))
    table.transact(*alongside, put(link))
    return Due(proof.account_id, seal(tokens, token), token.expires_at)


def open_ticket(table: "Table", tokens: "TokenKeys", text: str, now: int) -> Ticket:
    """Return what a ticket stands for; does not consume it. Raises ``Problem(TICKET_EXPIRED)``."""
    try:
        token = unseal(tokens, text, SECOND_STEP)
    except Problem:
        raise Problem(TICKET_EXPIRED) from None
    link = table.get(Link, Link.of(token).key())
    # guard: ticket-ends: link.expires_at <= now => False
    if link is None or link.account_id is None or link.expires_at <= now:
        raise Problem(TICKET_EXPIRED)
    about = link.about
    return Ticket(link, link.account_id, about["trust"], tuple(about["methods"].split()))
