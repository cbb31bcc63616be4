"""Operators' acts: limited, audited, and without personal data."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from portal.core import aws
from portal.core.writes import RefusedError, put
from portal.support.records import Audit
from tests.world.use_cases import (
    EMAIL,
    Scene,
    blocked,
    complain,
    failed_event,
    logged_in,
    signed_up,
    stop_clock,
    unsent,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world.functions import Gateway
    from tests.world.world import World

WHO = {"operator": "camille.operatrice", "reason": "ticket 4821"}
NOBODY = "5f0c7c1e-8a55-4d5f-9d0a-0c3f0f4f6d11"


@pytest.fixture
def scene(world: "World", gateway: "Gateway", monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Return a world at the present time, where the function's clock is stopped."""
    return Scene(world, gateway, stop_clock(monkeypatch))


def ask(scene: Scene, action: str, **about: str) -> dict[str, Any]:
    """Ask for an operation."""
    return scene.gateway.invoke("ops", {**WHO, "action": action, **about})


def audits(scene: Scene) -> list[Audit]:
    """Return the audit trail."""
    return [Audit.from_item(item) for item in scene.world.items("AUDIT#")]


@pytest.mark.guards("twelve-months-of-operators-acts")
@pytest.mark.parametrize("action", ["look-up", "end-sessions"])
def test_an_act_is_audited(scene: Scene, action: str) -> None:
    """The trail has the operator, act, account and reason, for twelve months."""
    logged_in(scene)
    ask(scene, action, account_id=scene.account_id)
    (audit,) = audits(scene)
    assert (audit.operator, audit.reason) == (WHO["operator"], WHO["reason"])
    assert (audit.action, audit.account_id) == (action, scene.account_id)
    assert audit.expires_at == audit.at + 365 * 86400


def test_the_trail_is_only_added_to(scene: Scene) -> None:
    """The table refuses to replace an audit record."""
    audit = Audit.of("a", "b", "look-up", scene.now)
    scene.world.table.write(put(audit))
    with pytest.raises(RefusedError):
        scene.world.table.write(put(audit))
    assert len(audits(scene)) == 1


def test_an_account_is_looked_up_by_its_id(scene: Scene, log: "Callable[[], str]") -> None:
    """The answer has states and counts. It and the log have no name, number or address."""
    blocked(scene)
    found = ask(scene, "look-up", account_id=scene.account_id)
    assert found["affiliation"] == "pending"
    assert max(found["failed_logins"]) >= 5
    for secret in (EMAIL, "Dupont", "Michèle", "612345678", "2940375120005"):
        assert secret not in json.dumps(found, ensure_ascii=False)
        assert secret not in log()


def test_an_unknown_account_is_answered_as_such(scene: Scene) -> None:
    """An act on an unknown account is answered as such, and only audited."""
    assert ask(scene, "look-up", account_id=NOBODY) == {"outcome": "unknown-account"}
    assert ask(scene, "end-sessions", account_id=NOBODY) == {"outcome": "unknown-account"}
    assert not scene.world.items("ACTIVITY#")
    assert [audit.account_id for audit in audits(scene)] == [NOBODY] * 2


def test_ended_sessions_are_in_the_feed(scene: Scene) -> None:
    """Every session ends at once, and the feed says who ended it."""
    logged_in(scene)
    ask(scene, "end-sessions", account_id=scene.account_id)
    assert scene.ask("account", "GET", "/api/me").status == 401
    assert scene.world.kinds(scene.account_id)[0] == "sessions-ended"


def test_a_link_is_sent_whatever_was_sent_before(scene: Scene) -> None:
    """An operator's mail is sent even if the address reached its limit."""
    for _ in range(5):
        scene.world.sign_up(scene.now)
    scene.world.deliver(scene.now)
    ask(scene, "resend-link", email=EMAIL)
    assert len(scene.world.deliver(scene.now)) == 3, "one for each of the newest three"


@pytest.mark.parametrize("by", ["account_id", "identifier"])
def test_lifted_limits_let_log_in(scene: Scene, by: str) -> None:
    """A person who had to wait after failures can log in at once."""
    blocked(scene)
    ask(scene, "lift-limits", **{by: scene.account_id if by == "account_id" else EMAIL})
    assert scene.world.log_in(EMAIL, now=scene.now + 1)


def test_a_lifted_complaint_lets_sign_up(scene: Scene) -> None:
    """A mailbox that complained gets mails again before the day is over."""
    signed_up(scene)
    complain(scene)
    scene.world.resend(EMAIL, scene.now)
    assert not scene.world.messages()
    ask(scene, "lift-limits", identifier=EMAIL)
    scene.world.resend(EMAIL, scene.now)
    assert scene.world.messages()


@pytest.mark.parametrize("about", [{}, {"account_id": NOBODY, "identifier": EMAIL}])
def test_limits_are_lifted_of_one_thing(scene: Scene, about: dict[str, str]) -> None:
    """Exactly one thing must be named; the error does not repeat what was given."""
    with pytest.raises(ValidationError) as refused:
        ask(scene, "lift-limits", **about)
    assert EMAIL not in str(refused.value)
    assert not audits(scene)


def test_unsent_messages_are_replayed_once(scene: Scene) -> None:
    """Unsent messages are marked once for the stream; a second request changes nothing."""
    unsent(scene)
    assert ask(scene, "replay-messages") == {"outcome": "done", "replayed": 1, "sent_meanwhile": 0}
    (waiting,) = scene.world.items("OUTBOX#")
    assert "redriven_at" in waiting
    assert ask(scene, "replay-messages")["replayed"] == 0


def test_messages_sent_meanwhile_are_not_replayed(scene: Scene) -> None:
    """A message that the stream sent meanwhile is not sent twice."""
    unsent(scene)
    assert len(scene.world.deliver(scene.now)) == 1
    assert ask(scene, "replay-messages") == {"outcome": "done", "replayed": 0, "sent_meanwhile": 1}
    assert not scene.world.items("UNSENT#")


def test_failed_events_go_to_their_function(scene: Scene) -> None:
    """Each failed event is sent once more to the alias of its function."""
    failed_event(scene)
    start = len(scene.world.calls.all)
    with scene.world.answering(aws.lambda_(), "Invoke", {"StatusCode": 202}, 202):
        assert ask(scene, "replay-events") == {"outcome": "done", "replayed": 1}
        assert ask(scene, "replay-events") == {"outcome": "done", "replayed": 0}
    (invoked,) = [each for each in scene.world.calls.all[start:] if each.operation == "Invoke"]
    assert invoked.asked["FunctionName"].endswith(":function:portail-Affiliation:live")
    assert invoked.asked["InvocationType"] == "Event"
    assert json.loads(invoked.asked["Payload"]) == {"detail": {}}


@pytest.mark.parametrize(
    "change",
    [
        {"operator": ""},
        {"reason": "x"},
        {"action": "drop-table"},
        {"more": "x"},
        {"operator": None},
    ],
)
def test_operator_and_reason_are_required(scene: Scene, change: dict[str, Any]) -> None:
    """Without an operator, a reason or a known act, nothing is done."""
    asked = {**WHO, "action": "look-up", "account_id": NOBODY} | change
    with pytest.raises(ValidationError):
        scene.gateway.invoke("ops", asked)
    assert not audits(scene)
