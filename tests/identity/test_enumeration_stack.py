"""No answer shows whether somebody has an account."""

from typing import Any

import pytest

from tests.world.client import Answer, Client
from tests.world.direct import Direct
from tests.world.journey import account_holder, signed_up
from tests.world.mailbox import Mailbox
from tests.world.people import new_person

pytestmark = pytest.mark.stack

_OF_ITS_OWN = {"date", "x-amzn-requestid", "x-amz-request-id", "x-amz-apigw-id", "x-amzn-trace-id"}


def seen(answer: Answer) -> tuple[object, ...]:
    """Return an answer without what differs between any two: its ids and its date."""
    headers = {name: each for name, each in answer.headers.items() if name not in _OF_ITS_OWN}
    body = answer.json if answer.body else None
    if isinstance(body, dict):
        body.pop("instance", None)
    return answer.status, headers, body


def test_sign_up_and_resend(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Sign-up and resend answer strangers, open sign-ups and holders alike, every time."""
    stranger = new_person()
    pending, _ = signed_up(client, mailbox)
    holder = account_holder(client, mailbox)
    direct.forget_mails_to(holder.email)
    expected = seen(client.resend(new_person().email))
    for person in (stranger, pending, holder, holder):
        assert seen(client.resend(person.email)) == expected
    expected = without_handle(seen(client.sign_up(new_person())))
    for person in (stranger, pending, holder, holder):
        answer = client.sign_up(person)
        assert without_handle(seen(answer)) == expected
        handle = answer.json["registration"]
        assert seen(client.resend(person.email, registration=handle))[0] == 202


def without_handle(answer: Any) -> Any:
    """Return an answer to a sign-up without its handle, which has one form for everybody."""
    status, headers, body = answer
    assert len(body.pop("registration")) == 43
    return status, headers, body


def test_login(client: Client, mailbox: Mailbox) -> None:
    """A wrong password, an unknown identifier and an open sign-up are refused alike."""
    pending, _ = signed_up(client, mailbox)
    holder = account_holder(client, mailbox)
    stranger = new_person()
    expected = seen(client.log_in("personne", "x"))
    assert expected[0] == 401
    a_siret = seen(client.log_in(stranger.siret, "Faux-mot-de-passe-1"))
    assert a_siret[0] == 422, "a Siret is no identifier: it is refused by its shape"
    for person in (stranger, pending, holder):
        for identifier in (person.email, person.nir):
            assert seen(client.log_in(identifier, "Faux-mot-de-passe-1")) == expected
        assert seen(client.log_in(person.siret, "Faux-mot-de-passe-1")) == a_siret


def test_numbers(client: Client, mailbox: Mailbox) -> None:
    """The first form accepts the numbers of a holder as it accepts a stranger's."""
    holder, stranger = account_holder(client, mailbox), new_person()
    answers = [
        client.post(
            "/api/signup/identifiers",
            {"siret": person.siret, "nir": person.nir, "nir_key": person.nir_key},
        )
        for person in (holder, stranger)
    ]
    assert seen(answers[0]) == seen(answers[1])
    assert answers[0].status == 204
