"""Requests that are sent twice: the second keeps the promise of the first."""

from typing import TYPE_CHECKING

import pytest

from portal.core.problems import UNAUTHENTICATED
from portal.identity.problems import ALREADY_ACTIVE, IDENTITY_CONFLICT
from tests.world.refusals import refused
from tests.world.use_cases import EMAIL, OTHER
from tests.world.world import NOW

if TYPE_CHECKING:
    from tests.world.functions import Answer, Gateway
    from tests.world.world import World


class Browser:
    """Sends requests to the account with the cookie of a login."""

    def __init__(self, world: "World", gateway: "Gateway", now: int = NOW) -> None:
        self.gateway, self.now = gateway, now
        self.cookie = world.log_in(EMAIL, now=now).cookie

    def ask(
        self, method: str, path: str, body: object = None, function: str = "account"
    ) -> "Answer":
        """Send a request."""
        sent = {
            "Cookie": [f"__Host-session={self.cookie}"],
            "Content-Type": ["application/json"],
        }
        return self.gateway.ask(function, method, path, body, headers=sent, now=self.now)


@pytest.mark.guards("repeated-deletion-ends-sessions")
def test_a_second_deletion_ends_the_session(world: "World", gateway: "Gateway") -> None:
    """Who logs in again and asks once more for the deletion gets the same answer and is logged out.

    The day stays that of the first request, and the holder gets no second mail.
    """
    world.open_account()
    first = Browser(world, gateway).ask("DELETE", "/api/me")
    world.deliver()
    again, elsewhere = Browser(world, gateway, NOW + 100), Browser(world, gateway, NOW + 100)
    second = again.ask("DELETE", "/api/me")
    assert (second.status, second.json) == (first.status, first.json) == (202, first.json)
    assert second.headers["Set-Cookie"] == first.headers["Set-Cookie"]
    for browser in (again, elsewhere):
        refused(
            UNAUTHENTICATED, lambda browser=browser: world.authenticate(browser.cookie, NOW + 100)
        )
    assert not world.items("SESSION#")
    subjects = [mail.subject for mail in world.deliver(NOW + 100)]
    assert "Suppression de votre compte demandée" not in subjects


def test_requests_in_a_session_sent_twice(world: "World", gateway: "Gateway") -> None:
    """Other requests in a session answer twice alike, and leave what the first one left."""
    account_id = world.open_account()
    browser = Browser(world, gateway)
    email = {"email": OTHER}
    assert [browser.ask("PUT", "/api/me/email", email).status for _ in range(2)] == [202, 202]
    assert world.account(account_id).new_email == OTHER
    (mail,) = (each for each in world.deliver() if each.to == [OTHER])
    phone = {"mobile_phone": "0612345679"}
    assert [browser.ask("PATCH", "/api/me", phone).status for _ in range(2)] == [200, 200]
    kept = {"deletion_at": None}
    assert [browser.ask("PATCH", "/api/me", kept).status for _ in range(2)] == [200, 200]
    assert world.account(account_id).mobile_phone == "+33612345679"
    world.confirm_email(world.authenticate(browser.cookie), mail.token)
    out = [browser.ask("POST", "/api/logout", {}, "logout") for _ in range(2)]
    assert [(each.status, each.headers) for each in out] == [(204, out[0].headers)] * 2
    refused(UNAUTHENTICATED, lambda: world.authenticate(browser.cookie))


def test_a_cancelled_deletion_cancelled_again(world: "World", gateway: "Gateway") -> None:
    """Keeping an account twice keeps it, with one notice; asking again later starts anew."""
    account_id = world.open_account()
    first = Browser(world, gateway).ask("DELETE", "/api/me").json
    browser = Browser(world, gateway, NOW + 100)
    kept = {"deletion_at": None}
    assert [browser.ask("PATCH", "/api/me", kept).json["deletion_at"] for _ in range(2)] == [
        None
    ] * 2
    assert world.kinds(account_id).count("deletion-cancelled") == 1
    assert browser.ask("DELETE", "/api/me").json != first
    assert not world.items("SESSION#")


@pytest.mark.guards("losing-link-is-told")
def test_a_link_that_lost(world: "World", gateway: "Gateway") -> None:
    """Once another sign-up of the address became an account, a link says so when it is opened.

    It says so late too, and then sends nothing: the address has an account.
    """
    world.sign_up(nir=None, siret=None)
    loser = world.deliver()[-1].token
    world.sign_up(NOW + 60)
    winner = world.deliver(NOW + 60)[-1].token
    world.open_link(loser, NOW + 61)
    world.set_password(winner, now=NOW + 61)
    for now in (NOW + 62, NOW + 7200):
        refused(IDENTITY_CONFLICT, lambda now=now: world.open_link(loser, now))
        refused(ALREADY_ACTIVE, lambda now=now: world.open_link(winner, now))
    body = {"token": loser}
    answer = gateway.ask("validate_email", "POST", "/api/email-validation", body, now=NOW + 62)
    assert (answer.status, answer.json["type"].rpartition("/")[2]) == (409, "identity-conflict")
    assert world.deliver(NOW + 7200) == []
