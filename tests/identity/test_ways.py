"""What a person sees of the ways into their account."""

from typing import TYPE_CHECKING

import pyotp
import pytest

from portal.core.writes import update
from portal.http.cookies import SESSION_COOKIE
from portal.identity.records import Credentials
from tests.world.use_cases import CHANGED, EMAIL
from tests.world.world import NOW

if TYPE_CHECKING:
    from tests.world.functions import Gateway
    from tests.world.world import World

LATER = NOW + 60


def ask(gateway: "Gateway", cookie: str, path: str, now: int) -> dict[str, object]:
    """Return what the account answers to a session."""
    sent = {"Cookie": [f"{SESSION_COOKIE}={cookie}"]}
    return gateway.ask("account", "GET", path, headers=sent, now=now).json


def test_a_second_factor_is_a_way(world: "World", gateway: "Gateway") -> None:
    """The account names its ways, and the session how it was opened."""
    secret = world.switch_on(world.open_account())
    ticket = world.ticket(EMAIL, now=LATER)
    cookie = world.second_step(ticket, pyotp.TOTP(secret).at(LATER), LATER).cookie
    assert ask(gateway, cookie, "/api/me", LATER)["ways"] == ["password", "second-factor"]
    answer = ask(gateway, cookie, "/api/me/sessions", LATER)
    assert isinstance(answer["sessions"], list)
    (current,) = (each for each in answer["sessions"] if each["current"])
    assert current["methods"] == ["password", "totp"]


@pytest.mark.parametrize("way", ["change", "recovery"])
def test_when_the_password_was_chosen(world: "World", gateway: "Gateway", way: str) -> None:
    """The account says when its password was chosen last."""
    account_id = world.open_account()
    session = world.with_session(account_id, LATER).session
    if way == "change":
        world.change_password(session, CHANGED, LATER)
    else:
        world.recover(EMAIL, LATER)
        world.reset(world.deliver(LATER)[-1].token, CHANGED, LATER)
    cookie = world.log_in(EMAIL, CHANGED, now=LATER + 9).cookie
    assert ask(gateway, cookie, "/api/me", LATER + 9)["password_changed_at"] == (
        "2026-09-21T14:14:20.000Z"
    )


def test_an_ended_password_is_no_way(world: "World", gateway: "Gateway") -> None:
    """A password that was ended is not offered any more."""
    account_id = world.open_account()
    cookie = world.log_in(EMAIL, now=LATER).cookie
    at = Credentials.key_of(account_id=account_id)
    world.table.write(update(at, {"password_hash": None}, if_={"account_id": account_id}))
    assert ask(gateway, cookie, "/api/me", LATER)["ways"] == []
