"""The event bus: what happened to which account id, and nothing else about the person."""

import pytest

from tests.world.bus import Listener
from tests.world.client import Client
from tests.world.direct import Direct, be_due
from tests.world.journey import account_holder, logged_in
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD, new_person

pytestmark = pytest.mark.stack


def test_events(client: Client, mailbox: Mailbox, direct: Direct, listener: Listener) -> None:
    """Each event of an account is published once, with only the account's id."""
    person = account_holder(client, mailbox)
    client.log_in(person.email, "Faux-mot-de-passe-1")
    client.log_in(person.email)
    client.log_in(person.nir)
    (account,) = direct.accounts(email=person.email)
    assert client.change_password(f"{PASSWORD}+").status == 204
    account_id = account["id"]["S"]
    events = listener.wait(account_id, 5)
    assert sorted(each["detail-type"] for each in events) == [
        "AccountActivated",
        "LoginFailed",
        "LoginSucceeded",
        "LoginSucceeded",
        "PasswordChanged",
    ]
    assert {each["source"] for each in events} == {"portal.account"}
    assert [each["detail"] for each in events] == [{"account_id": account_id}] * 5
    assert client.log_in(new_person().email).status == 401
    (stranger,) = listener.wait(None, 1)
    assert (stranger["detail-type"], stranger["detail"]) == ("LoginFailed", {"account_id": None})


def test_deletion_is_told(
    client: Client, mailbox: Mailbox, direct: Direct, listener: Listener
) -> None:
    """The deletion of an account is published when it is done, not when it is asked for."""
    person = logged_in(client, mailbox)
    account = direct.account(person.email)
    account_id = account["id"]["S"]
    assert client.call("DELETE", "/api/me", {}).status == 202
    assert {each["detail-type"] for each in listener.wait(account_id, 2)} == {
        "AccountActivated",
        "LoginSucceeded",
    }
    be_due(direct, account_id)
    direct.hand("DeleteAccounts", {})
    (*_, last) = listener.wait(account_id, 3)
    assert (last["detail-type"], last["detail"]) == ("AccountDeleted", {"account_id": account_id})
