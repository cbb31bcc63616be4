"""Accounts that nobody uses, over HTTP and by the daily run."""

import pytest

from portal.core.records import DAY
from portal.identity.due import UseCheck
from tests.world.bus import Listener
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import logged_in
from tests.world.mailbox import Mailbox

pytestmark = pytest.mark.stack

TOLD = "Votre compte inutilisé sera supprimé"


def elapse(direct: Direct, account_id: str, days: int) -> None:
    """Move an account's last login, next look and told date back, as if days had passed."""
    seconds = days * DAY
    (item,) = direct.find("USE#", account_id=account_id)
    (account,) = direct.items(f"ACCOUNT#{account_id}")
    (credentials,) = direct.items(f"CREDENTIALS#{account_id}")
    look = UseCheck.from_item(item)
    moved = UseCheck(
        account_id=account_id,
        use_check_at=look.use_check_at - seconds,
        notices=look.notices,
        deletion_at=look.deletion_at and look.deletion_at - seconds,
    )
    direct.delete(item)
    direct.dynamodb.put_item(TableName=direct.table, Item=moved.to_item())
    direct.change(account, use_check_at=moved.use_check_at)
    last_login = int(credentials["last_login_at"]["N"])
    direct.change(credentials, last_login_at=last_login - seconds)


def run(direct: Direct, account_id: str) -> None:
    """Run the daily function; an account that is due is looked at at most a month late."""
    direct.hand("DeleteAccounts", {"days": 800})
    direct.settle()
    assert len(direct.find("USE#", account_id=account_id)) <= 1


@pytest.mark.guards("told-twice")
def test_told_twice_then_deleted(
    client: Client, mailbox: Mailbox, direct: Direct, listener: Listener
) -> None:
    """After two years without login its holder is told 30 days, then 7 days before the deletion."""
    person = logged_in(client, mailbox)
    account_id = client.me().json["id"]
    elapse(direct, account_id, 699)
    run(direct, account_id)
    assert mailbox.titled(person.email, TOLD) == [], "a day too early"
    for days, mails in ((1, 1), (22, 1), (1, 2), (6, 2)):
        elapse(direct, account_id, days)
        run(direct, account_id)
        assert len(mailbox.titled(person.email, TOLD)) == mails
        assert direct.accounts(id=account_id)
    elapse(direct, account_id, 1)
    run(direct, account_id)
    assert direct.accounts(id=account_id) == []
    assert client.me().status == client.log_in(person.email).status == 401
    assert {each["detail-type"] for each in listener.wait(account_id, 1)} >= {"AccountDeleted"}


def test_a_login_keeps_the_account(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Who logs in after a notice keeps the account, and is not told again for two years."""
    person = logged_in(client, mailbox)
    account_id = client.me().json["id"]
    elapse(direct, account_id, 700)
    run(direct, account_id)
    assert len(mailbox.titled(person.email, TOLD)) == 1
    assert client.log_in(person.email).status == 200
    assert "account-unused" in {each["kind"] for each in client.activity().json["entries"]}
    for _ in range(2):
        elapse(direct, account_id, 23)
        run(direct, account_id)
    assert len(mailbox.titled(person.email, TOLD)) == 1
    assert client.log_in(person.email).status == 200
