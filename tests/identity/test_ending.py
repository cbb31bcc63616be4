"""« It was not me » ends every credential, until the holder sets a password by its link."""

from typing import Any

import pytest

from portal.core import aws
from portal.core.acting import Acting
from portal.core.problems import LINK_UNKNOWN, UNAUTHENTICATED
from portal.core.records import DAY
from portal.identity import deletion
from portal.identity.held import HELD
from portal.identity.problems import CHANGE_EXPIRED, INVALID_CREDENTIALS, RECOVERY_EXPIRED
from tests.world.functions import Answer, Gateway
from tests.world.refusals import refused
from tests.world.use_cases import EMAIL, OTHER
from tests.world.world import NOW, PASSWORD, World

NIR = "2940375120005"
THIEF = "Voleur-Habile-9"
OWNER = "Battery-Staple-9"


class Theft:
    """An account whose thief changed the address, then the password, from a known device."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world, self.gateway = world, gateway
        self.id = world.open_account()
        opened = world.log_in(EMAIL)
        session = world.authenticate(opened.cookie)
        world.deliver()
        world.request_email(session, OTHER)
        (confirmation,) = world.deliver()
        world.confirm_email(session, confirmation.token)
        (undo,) = [each for each in world.deliver() if "/annuler-changement#" in each.text]
        self.undo = undo.token
        world.change_password(session, THIEF, NOW + 1)
        again = world.log_in(NIR, THIEF, NOW + 2)
        self.cookie, self.device = again.cookie, str(again.device_cookie)
        world.deliver(NOW + 2)

    def ask(self, name: str, method: str, path: str, at: int, **body: Any) -> Answer:
        """Send a request without session."""
        return self.gateway.ask(name, method, path, body, now=NOW + at)

    def undone(self, at: int = 10) -> None:
        """Undo the change."""
        token = {"token": self.undo}
        assert self.ask("account", "POST", "/api/email-undo", at, **token).status == 204

    def set_password(self, at: int) -> Answer:
        """Set the owner's password with the link that undid the change."""
        chosen = {"token": self.undo, "password": OWNER, "confirmation": OWNER}
        return self.ask("set_password", "PUT", "/api/password", at, **chosen)


@pytest.fixture
def theft(world: World, gateway: Gateway) -> Theft:
    """Return a stolen account."""
    return Theft(world, gateway)


@pytest.mark.guards("ended-password")
def test_the_thief_s_password_ends(theft: Theft) -> None:
    """After the undo neither password logs in, by NIR or e-mail, until the owner sets one."""
    theft.undone()
    for at, typed in enumerate((NIR, EMAIL, OTHER)):
        for password in (THIEF, PASSWORD):
            refused(
                INVALID_CREDENTIALS,
                lambda typed=typed, password=password, at=at: theft.world.log_in(
                    typed, password, NOW + 20 + at
                ),
            )
    assert theft.set_password(30).status == 204
    assert theft.world.log_in(NIR, OWNER, NOW + 40).account_id == theft.id
    assert theft.world.log_in(EMAIL, OWNER, NOW + 50).account_id == theft.id
    refused(INVALID_CREDENTIALS, lambda: theft.world.log_in(NIR, THIEF, NOW + 60))


@pytest.mark.guards("undo-forgets-devices", "ended-sessions")
def test_the_thief_s_device_and_session_end(theft: Theft) -> None:
    """The session ends, and the device that was known is a new one, which is notified."""
    theft.undone()
    refused(UNAUTHENTICATED, lambda: theft.world.authenticate(theft.cookie, NOW + 20))
    theft.set_password(30)
    opened = theft.world.log_in(NIR, OWNER, NOW + 40, device_cookie=theft.device)
    assert opened.device_cookie not in {None, theft.device}
    assert "new-device" in theft.world.kinds(theft.id)


@pytest.mark.guards("ended-links-and-changes")
def test_the_thief_s_links_and_pending_changes_end(theft: Theft) -> None:
    """A recovery link sent before, and an address asked for, are void; the feed says it."""
    world = theft.world
    world.recover(NIR, NOW + 3)
    (recovery,) = [m for m in world.deliver(NOW + 3) if "/nouveau-mot-de-passe#" in m.text]
    session = world.authenticate(theft.cookie, NOW + 3)
    world.request_email(session, "third@example.fr", NOW + 4)
    world.deliver(NOW + 4)
    theft.undone()
    refused(RECOVERY_EXPIRED, lambda: world.reset(recovery.token, THIEF, NOW + 20))
    account = world.account(theft.id)
    assert (account.email, account.new_email, account.email_change_id) == (EMAIL, None, None)
    assert world.kinds(theft.id)[0] == "email-restored"


@pytest.mark.guards("undo-cancels-deletion")
def test_the_thief_s_deletion_is_cancelled(theft: Theft) -> None:
    """A deletion that was asked for after the change is cancelled: only the thief was told."""
    session = theft.world.authenticate(theft.cookie, NOW + 3)
    deletion.schedule_deletion(theft.world.table, Acting.in_session(session, NOW + 3))
    theft.undone()
    assert theft.world.account(theft.id).deletion_at is None
    assert set(theft.world.kinds(theft.id)[:2]) == {"email-restored", "deletion-cancelled"}
    assert deletion.delete_due(theft.world.table, HELD, NOW + 31 * DAY) == 0


def test_the_owner_s_deletion_stays(theft: Theft) -> None:
    """A deletion that was asked for before the change is the owner's: it is kept."""
    acting = theft.world.acting(theft.id, NOW - 1)
    due_at = deletion.schedule_deletion(theft.world.table, acting)
    theft.undone()
    assert theft.world.account(theft.id).deletion_at == due_at


def test_a_deletion_asked_for_while_it_is_undone(theft: Theft) -> None:
    """A thief who asks for the deletion while the change is undone gets no other outcome."""
    acting, done = theft.world.acting(theft.id, NOW + 9), list[int]()

    def overtake(**_: Any) -> None:
        if not done:
            done.append(1)
            deletion.schedule_deletion(theft.world.table, acting)

    events = aws.dynamodb().meta.events
    events.register("before-call.*.TransactWriteItems", overtake)
    try:
        theft.undone()
    finally:
        events.unregister("before-call.*.TransactWriteItems", overtake)
    assert theft.world.account(theft.id).email == EMAIL
    assert theft.world.account(theft.id).deletion_at is None


@pytest.mark.guards("undo-first")
def test_the_link_sets_one_password(theft: Theft) -> None:
    """The link that undid sets a password once, and not before it undid."""
    theft.world.recover(NIR, NOW + 3)
    theft.world.deliver(NOW + 3)
    assert theft.set_password(5).json["type"].endswith("/link-unknown")
    theft.undone()
    assert theft.set_password(20).status == 204
    assert theft.set_password(21).json["type"].endswith("/link-unknown")
    refused(CHANGE_EXPIRED, lambda: theft.world.undo_email(theft.undo, NOW + 22))


@pytest.mark.guards("half-an-hour-after-undoing")
def test_half_an_hour_to_set_it(theft: Theft) -> None:
    """The link sets a password for half an hour; later a recovery does."""
    theft.undone()
    assert theft.set_password(10 + 1800).json["type"].endswith("/link-expired")
    assert theft.set_password(10 + 1799).status == 204


def test_a_recovery_after_an_undo(theft: Theft) -> None:
    """« Mot de passe oublié » works at the restored address, and replaces the undo's link."""
    theft.undone()
    theft.world.recover(EMAIL, NOW + 100)
    mails = theft.world.deliver(NOW + 100)
    (link,) = [each for each in mails if "/nouveau-mot-de-passe#" in each.text]
    assert link.to == [EMAIL]
    assert theft.set_password(110).json["type"].endswith("/link-expired")
    theft.world.reset(link.token, OWNER, NOW + 120)
    assert theft.world.log_in(NIR, OWNER, NOW + 130).account_id == theft.id


def test_a_login_while_it_is_undone(theft: Theft) -> None:
    """A login of the thief that was checked before the undo, and written after, is refused."""
    done: list[int] = []

    def overtake(**_: object) -> None:
        if not done:
            done.append(1)
            theft.undone()

    events = aws.dynamodb().meta.events
    events.register("before-call.*.TransactWriteItems", overtake)
    try:
        refused(INVALID_CREDENTIALS, lambda: theft.world.log_in(NIR, THIEF, NOW + 20))
    finally:
        events.unregister("before-call.*.TransactWriteItems", overtake)


@pytest.mark.guards("no-password-of-an-ended-session")
def test_a_password_changed_while_it_is_undone(theft: Theft) -> None:
    """A change of password in the thief's session that is written after the undo is refused."""
    session = theft.world.authenticate(theft.cookie, NOW + 3)
    done: list[int] = []

    def overtake(**_: object) -> None:
        if not done:
            done.append(1)
            theft.undone()

    events = aws.dynamodb().meta.events
    events.register("before-call.*.TransactWriteItems", overtake)
    try:
        refused(
            UNAUTHENTICATED,
            lambda: theft.world.change_password(session, "Encore-Un-Autre-7", NOW + 20),
        )
    finally:
        events.unregister("before-call.*.TransactWriteItems", overtake)
    refused(INVALID_CREDENTIALS, lambda: theft.world.log_in(NIR, "Encore-Un-Autre-7", NOW + 30))


def test_what_the_support_ends(world: World, gateway: Gateway) -> None:
    """« end-sessions » ends password, session, device and links; a recovery is the way back."""
    account_id = world.open_account()
    opened = world.log_in(EMAIL)
    session = world.authenticate(opened.cookie)
    world.request_email(session, OTHER)
    world.recover(NIR)
    (recovery,) = [m for m in world.deliver() if "/nouveau-mot-de-passe#" in m.text]
    asked = {"action": "end-sessions", "operator": "c.o", "reason": "ticket 1"}
    assert gateway.invoke("ops", asked | {"account_id": account_id}) == {"outcome": "done"}
    refused(INVALID_CREDENTIALS, lambda: world.log_in(NIR, PASSWORD, NOW + 20))
    refused(UNAUTHENTICATED, lambda: world.authenticate(opened.cookie, NOW + 20))
    refused(LINK_UNKNOWN, lambda: world.reset(recovery.token, THIEF, NOW + 20))
    assert world.account(account_id).new_email is None
    (mail,) = world.deliver()
    assert (mail.to, mail.subject) == ([EMAIL], "Choisissez un nouveau mot de passe")
    world.recover(EMAIL, NOW + 100)
    world.reset(world.deliver(NOW + 100)[-1].token, OWNER, NOW + 110)
    again = world.log_in(NIR, OWNER, NOW + 120, device_cookie=str(opened.device_cookie))
    assert again.device_cookie is not None
