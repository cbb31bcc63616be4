"""A new address that is not confirmed: it ends with its link, and can be withdrawn."""

from typing import TYPE_CHECKING, Any

import pytest

from portal.core.records import DAY, HOUR
from portal.identity import email_change
from portal.identity.problems import CHANGE_EXPIRED
from portal.rules.email import mask_email
from tests.world.refusals import overtaken, refused
from tests.world.use_cases import EMAIL, OTHER
from tests.world.world import NOW

if TYPE_CHECKING:
    from portal.core.session import Session
    from tests.world.functions import Answer, Gateway
    from tests.world.world import World

THIRD = "third@example.fr"


class Asking:
    """Somebody who asked for another address."""

    def __init__(self, world: "World", gateway: "Gateway") -> None:
        self.world = world
        self.gateway = gateway
        self.id = world.open_account()
        self.cookie = world.log_in(EMAIL).cookie
        world.deliver()
        self.token = self.want(OTHER, NOW)

    def session(self, now: int) -> "Session":
        """Return the session, as it is at a time."""
        return self.world.acting(self.id, now).session

    def want(self, email: str, now: int) -> str:
        """Ask for an address; return the token that was sent there."""
        self.world.request_email(self.session(now), email, now)
        return next(each for each in self.world.deliver(now) if each.to == [email]).token

    def ask(self, method: str, path: str, now: int = NOW) -> "Answer":
        """Send a request in the session."""
        headers = {
            "Content-Type": ["application/json"],
            "Cookie": [f"__Host-session={self.cookie}"],
        }
        return self.gateway.ask("account", method, path, None, headers=headers, now=now)

    def shown(self, now: int) -> tuple[Any, Any]:
        """Return the new address as the profile and the export show it."""
        self.cookie = self.world.log_in(EMAIL, now=now).cookie
        exported = self.ask("GET", "/api/me/export", now).json["account"]["new_email"]
        return self.ask("GET", "/api/me", now).json["new_email_masked"], exported

    @property
    def stored(self) -> set[str]:
        """The attributes of the new address that the account has."""
        (account,) = self.world.items("ACCOUNT#")
        return {name for name in account if name.startswith(("new_email", "email_change"))}


@pytest.fixture
def asking(world: "World", gateway: "Gateway") -> Asking:
    """Return somebody who asked for another address."""
    return Asking(world, gateway)


@pytest.mark.guards("asked-address-ends")
def test_a_new_address_ends_with_its_link(asking: Asking) -> None:
    """Profile and export show a new address for an hour, as long as its link is good."""
    assert asking.shown(NOW + HOUR - 1) == (mask_email(OTHER), OTHER)
    assert asking.shown(NOW + HOUR) == (None, None)


def test_the_daily_run_forgets_it(asking: Asking) -> None:
    """The first daily run after the hour removes the address, and what it wrote down for that."""
    assert email_change.forget_unconfirmed(asking.world.table, NOW + HOUR - 1) == 0
    assert asking.stored
    assert email_change.forget_unconfirmed(asking.world.table, NOW + DAY) == 1
    assert asking.stored == set()
    assert not asking.world.items("ASKED#")
    assert email_change.forget_unconfirmed(asking.world.table, NOW + DAY) == 0


def test_an_address_asked_for_again_has_its_own_hour(asking: Asking) -> None:
    """The end of a first request does not end a later one."""
    asking.want(THIRD, NOW + DAY)
    assert email_change.forget_unconfirmed(asking.world.table, NOW + DAY + 60) == 0
    assert asking.shown(NOW + DAY + 60)[1] == THIRD
    assert email_change.forget_unconfirmed(asking.world.table, NOW + 2 * DAY) == 1


def test_a_late_mail_gives_its_own_hour(world: "World") -> None:
    """When the mail leaves late, the address stays as long as the link in it."""
    account_id = world.open_account()
    world.deliver()
    world.request_email(world.acting(account_id).session, OTHER)
    world.deliver(NOW + DAY)
    assert world.account(account_id).asked_email(NOW + DAY + HOUR - 1) == OTHER
    assert email_change.forget_unconfirmed(world.table, NOW + DAY + 60) == 0
    assert email_change.forget_unconfirmed(world.table, NOW + 2 * DAY) == 1


@pytest.mark.guards("withdrawn-confirms-nothing")
def test_a_new_address_is_withdrawn(asking: Asking) -> None:
    """After a withdrawal the account has no trace of the address, and its link is too late."""
    answer = asking.ask("DELETE", "/api/me/email", NOW + 60)
    assert answer.status == 204
    assert asking.stored == set()
    assert asking.world.kinds(asking.id)[0] == "email-change-withdrawn"
    asking.world.deliver(NOW + 60)
    session = asking.session(NOW + 90)
    refused(CHANGE_EXPIRED, lambda: asking.world.confirm_email(session, asking.token, NOW + 90))
    assert asking.world.account(asking.id).email == EMAIL


def test_a_withdrawal_is_repeated(asking: Asking) -> None:
    """A second withdrawal, and one without a request, answer alike and write nothing."""
    for _ in range(3):
        assert asking.ask("DELETE", "/api/me/email", NOW + 60).status == 204
    assert asking.world.kinds(asking.id).count("email-change-withdrawn") == 1


def test_a_withdrawal_needs_a_session(asking: Asking) -> None:
    """Nobody withdraws without a session."""
    asking.cookie = "0" * 43
    assert asking.ask("DELETE", "/api/me/email").status == 401
    assert asking.stored


def test_a_withdrawn_address_gets_no_mail(world: "World") -> None:
    """An address withdrawn before its mail left gets none."""
    account_id = world.open_account()
    world.deliver()
    world.request_email(world.acting(account_id).session, OTHER)
    email_change.withdraw_email(world.table, world.acting(account_id))
    assert not [each for each in world.deliver() if each.to == [OTHER]]


@pytest.mark.guards("withdrawn-while-confirmed")
def test_a_withdrawal_during_the_confirmation_wins(asking: Asking) -> None:
    """An address withdrawn between the confirmation's read and its write does not count."""

    def withdraw() -> None:
        email_change.withdraw_email(asking.world.table, asking.world.acting(asking.id))

    def confirm() -> None:
        asking.world.confirm_email(asking.session(NOW), asking.token)

    refused(CHANGE_EXPIRED, lambda: overtaken(withdraw, confirm))
    assert asking.world.account(asking.id).email == EMAIL


def test_a_confirmation_during_the_withdrawal_wins(asking: Asking) -> None:
    """A withdrawal that comes too late changes nothing and is answered alike."""
    done = overtaken(
        lambda: asking.world.confirm_email(asking.session(NOW), asking.token),
        lambda: email_change.withdraw_email(asking.world.table, asking.world.acting(asking.id)),
    )
    assert done is None
    assert asking.world.account(asking.id).email == OTHER
