"""A former address: for seven days it is nobody else's, so that the change can be undone."""

from typing import TYPE_CHECKING

import pytest

from portal.core.records import DAY
from portal.identity.problems import IDENTITY_CONFLICT
from tests.world.refusals import refused
from tests.world.use_cases import EMAIL, OTHER
from tests.world.world import NOW

if TYPE_CHECKING:
    from tests.world.world import World

ENDS = NOW + 7 * DAY
"""When the change can no longer be undone."""


@pytest.fixture
def undo(world: "World") -> str:
    """Return the link that undoes a change of address from ``EMAIL`` to ``OTHER``."""
    world.open_account()
    session = world.authenticate(world.log_in(EMAIL).cookie)
    world.request_email(session, OTHER)
    world.confirm_email(session, world.deliver()[-1].token)
    return next(mail for mail in world.deliver() if "annuler-changement" in mail.text).token


@pytest.mark.guards("former-address-is-reserved", "reserved-address-refuses")
def test_nobody_opens_an_account_on_it(world: "World", undo: str) -> None:
    """Until the end a sign-up of the former address completes nothing, and the owner undoes."""
    world.sign_up(ENDS - 60, nir=None, siret=None)
    token = world.deliver(ENDS - 60)[-1].token
    refused(IDENTITY_CONFLICT, lambda: world.open_link(token, ENDS - 1))
    refused(IDENTITY_CONFLICT, lambda: world.set_password(token, now=ENDS - 1))
    assert len(world.items("ACCOUNT#")) == 1
    world.undo_email(undo, ENDS - 1)
    assert not world.items("RESERVED#")


def test_it_is_free_after_a_week(world: "World", undo: str) -> None:
    """After seven days, swept or not, the former address may have another account."""
    assert undo
    world.sign_up(ENDS, nir=None, siret=None)
    token = world.deliver(ENDS)[-1].token
    assert world.open_link(token, ENDS)
    world.set_password(token, now=ENDS)
    assert len(world.items("ACCOUNT#")) == 2


def test_another_account_cannot_move_to_it(world: "World", undo: str) -> None:
    """Another account cannot confirm the former address meanwhile; its own account can return."""
    assert undo
    world.open_account(NOW + 60, email="thief@example.fr", nir=None, siret=None)
    world.deliver(NOW + 60)
    thief = world.authenticate(world.log_in("thief@example.fr", now=NOW + 60).cookie, NOW + 60)
    world.request_email(thief, EMAIL, NOW + 60)
    link = world.deliver(NOW + 60)[-1].token
    refused(IDENTITY_CONFLICT, lambda: world.confirm_email(thief, link, NOW + 61))
    owner = world.authenticate(world.log_in(OTHER, now=NOW + 200).cookie, NOW + 200)
    world.deliver(NOW + 200)
    world.request_email(owner, EMAIL, NOW + 200)
    world.confirm_email(owner, world.deliver(NOW + 200)[-1].token, NOW + 201)
    assert world.log_in(EMAIL, now=NOW + 300)
