"""A scanner or crawler that fetches and submits all it finds changes nothing."""

import json
import time

import pytest

from tests.world.client import Client, in_parallel
from tests.world.cloud import ROOT
from tests.world.direct import HOUR, Direct
from tests.world.journey import logged_in, moved_email, signed_up
from tests.world.mailbox import EMAIL_CHANGE, RECOVERY, Mailbox
from tests.world.people import new_person

pytestmark = pytest.mark.stack

PAGES = (
    "/", "/mon-compte", "/creer-mon-compte", "/verifiez-vos-courriels", "/valider",
    "/mot-de-passe-enregistre", "/mot-de-passe-oublie", "/nouveau-mot-de-passe", "/gerer",
    "/gerer/mon-compte", "/nous-contacter", "/s-informer", "/creer", "/mentions-legales",
    "/donnees-personnelles", "/accessibilite", "/annuler-changement", "/nulle-part",
)  # fmt: skip


def contents(direct: Direct) -> list[str]:
    """Return every stored item except counters of requests, when the outbox is empty."""
    direct.settle()
    return sorted(
        json.dumps(item, default=repr, sort_keys=True)
        for item in direct.items()
        if not item["pk"]["S"].startswith("RATE#")
    )


def test_fetching_everything(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """GET and HEAD of every page and path of the API, with tokens, change nothing."""
    _, validation = signed_up(client.another(), mailbox)
    person = logged_in(client, mailbox)
    email, undo = moved_email(client, mailbox, person)
    client.recover(email)
    recovery = mailbox.token_titled(email, RECOVERY)
    other = new_person().email
    client.change_email(other)
    change = mailbox.token_titled(other, EMAIL_CHANGE)
    mailbox.settle()
    (session,) = direct.sessions(email)
    # A use is noted a minute after the last one: this moves the last one an hour ahead.
    direct.change(session, seen_at=int(time.time()) + HOUR)
    paths = [*PAGES, *json.loads((ROOT / "functions/web/openapi.json").read_text())["paths"]]
    paths.remove("/api/sso/start")  # it notes a login that starts, and needs a provider
    before = contents(direct)
    query = f"token={validation}&token={recovery}&t={change}&undo={undo}"
    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = client.call(method, f"{path.replace('{session_id}', 'x')}?{query}")
            assert answer.status < 500, (method, path)
            assert validation not in answer.text
    assert contents(direct) == before
    assert client.confirm_email(change).status == 204
    assert client.undo_email(undo).status == 204
    assert client.set_password(validation).status == 204


@pytest.mark.guards("opening-consumes-nothing")
def test_submitting_a_link(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A link that a scanner submits 20 times still works on any device."""
    person, token = signed_up(client, mailbox)
    before = contents(direct)
    answers = in_parallel(lambda _: client.another().validate(token), 20, 4)
    assert {(each.status, each.body) for each in answers} == {(200, answers[0].body)}
    assert contents(direct) == before
    for body in ({"token": token}, {"token": token, "password": "", "confirmation": ""}):
        assert client.another().call("PUT", "/api/password", body).status == 422
    assert client.another().set_password(token).status == 204
    assert client.another().log_in(person.email).status == 200


def test_submitting_a_recovery_link(client: Client, mailbox: Mailbox) -> None:
    """A recovery link submitted without a valid password still works."""
    person = logged_in(client, mailbox)
    client.recover(person.email)
    token = mailbox.token_titled(person.email, RECOVERY)
    for _ in range(5):
        assert client.another().validate(token).status == 404
        assert client.another().set_password(token, "x").status == 422
    assert client.me().status == 200
    assert client.another().set_password(token, "Sept-chats-roux-77").status == 204
