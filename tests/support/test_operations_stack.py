"""An operator's work on the deployed stack: each alarm's remedy, as the runbook gives it."""

import base64
import json
import threading
import time
from collections import Counter
from typing import Any

import pytest

from portal.core.outbox import Outgoing
from tests.world.client import Client
from tests.world.direct import Direct, Moment
from tests.world.journey import account_holder, logged_in, signed_up
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD, new_person
from tools.stack.stack import ROOT, STACK_NAME

pytestmark = pytest.mark.stack

ENOUGH = 5
"""Links that the new key must have signed before the load ends."""
WHO = {"operator": "camille.operatrice", "reason": "ticket 4821"}


def operate(direct: Direct, action: str, **about: str) -> dict[str, Any]:
    """Ask the operators' function for an act, as its test event does."""
    return direct.hand("Ops", {**WHO, "action": action, **about})


def test_an_alarm_is_told_with_its_runbook(direct: Direct) -> None:
    """An alarm is sent to the topic of alerts and names an existing section of the runbook."""
    sqs, sns = direct.client("sqs"), direct.client("sns")
    queue = sqs.create_queue(QueueName="operator")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=direct.names["Alerts"], Protocol="sqs", Endpoint=arn["QueueArn"])
    direct.client("cloudwatch").set_alarm_state(
        AlarmName=direct.names["UnsentMessagesAlarm"], StateValue="ALARM", StateReason="a drill"
    )
    received: list[dict[str, Any]] = []

    def receive() -> object:
        answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
        received.extend(answer.get("Messages", []))
        return received

    direct.until(receive)
    (message,) = received
    alarm = json.loads(json.loads(message["Body"])["Message"])
    assert alarm["NewStateValue"] == "ALARM"
    section = alarm["AlarmDescription"].rpartition("docs/runbook.md#")[2]
    headings = (ROOT / "docs" / "runbook.md").read_text().splitlines()
    assert section.replace("-", " ") in [each.strip("# ").lower() for each in headings]


def test_a_poison_mail_is_redriven(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A mail that failed is sent once after its cause is repaired and it is replayed."""
    person, _ = signed_up(client, mailbox)
    (registration_id,) = direct.registrations(person.email)
    message = Outgoing.new("no-such-kind", int(time.time()), registration_id=registration_id)
    item: Any = message.to_item()
    direct.dynamodb.put_item(TableName=direct.table, Item=item)
    direct.until(lambda: direct.find("UNSENT#", id=message.id))
    direct.dynamodb.update_item(  # the cause, repaired
        TableName=direct.table,
        Key={"pk": item["pk"], "sk": item["sk"]},
        UpdateExpression="SET kind = :kind",
        ExpressionAttributeValues={":kind": {"S": "validation"}},
    )
    assert operate(direct, "replay-messages")["replayed"] >= 1
    direct.until(lambda: not list(direct.items(item["pk"]["S"])))
    mailbox.settle()
    assert len(mailbox.of(person.email)) == 2
    assert not direct.find("UNSENT#", id=message.id)


def test_a_failed_event_is_replayed(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A decision that failed waits in its queue and is applied by a replay."""
    person = account_holder(client, mailbox)
    account_id = direct.account(person.email)["id"]["S"]
    named = direct.client("lambda").get_function(FunctionName=direct.names["Affiliation"])
    arn = named["Configuration"]["FunctionArn"]
    decision = json.loads((ROOT / "events" / "affiliation" / "confirmed.json").read_text())
    decision["detail"] = {"account_id": account_id}
    failed = {"requestContext": {"functionArn": f"{arn}:live"}, "requestPayload": decision}
    direct.client("sqs").send_message(
        QueueUrl=direct.names["FailedEvents"], MessageBody=json.dumps(failed)
    )
    assert operate(direct, "replay-events")["replayed"] == 1
    direct.until(lambda: direct.account(person.email)["affiliation"]["S"] == "confirmed")


def test_a_person_is_helped(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """An operator reads an account's state, lifts limits and ends sessions; all is audited."""
    person = logged_in(client, mailbox)
    account_id = direct.account(person.email)["id"]["S"]
    stranger, now = client.another(), Moment(direct)
    now.lock(person.email)
    seen = operate(direct, "look-up", account_id=account_id)
    assert seen["open_sessions"] == 1
    assert max(seen["failed_logins"]) >= 5
    assert person.email not in json.dumps(seen)
    assert operate(direct, "lift-limits", account_id=account_id) == {"outcome": "done"}
    assert now.log_in(person.email).status == 200
    assert stranger.log_in(person.email, PASSWORD).status == 200
    assert operate(direct, "end-sessions", account_id=account_id) == {"outcome": "done"}
    assert client.me().status == stranger.me().status == 401
    done = Counter(each["action"]["S"] for each in direct.find("AUDIT#", account_id=account_id))
    assert done == {"look-up": 1, "lift-limits": 1, "end-sessions": 1}


@pytest.mark.timeout(900)
def test_keys_are_rotated_under_load(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """While people sign up and log in, new keys are added and then sign; no request fails."""
    latest = time.monotonic() + 400
    early = signed_up(client, mailbox)
    answers: list[tuple[str, int]] = []
    numbers: Counter[int] = Counter()

    def journeys() -> None:
        visitor = client.another()
        while numbers[2] < ENOUGH and time.monotonic() < latest:
            person = new_person()
            answers.append(("sign up", visitor.sign_up(person).status))
            token = mailbox.token(person.email)
            numbers[base64.urlsafe_b64decode(token)[0]] += 1
            answers.append(("validate", visitor.validate(token).status))
            answers.append(("set password", visitor.set_password(token, PASSWORD).status))
            answers.append(("log in", visitor.log_in(person.email).status))
            answers.append(("feed", visitor.activity().status))

    load = [threading.Thread(target=journeys) for _ in range(3)]
    for each in load:
        each.start()
    direct.until(lambda: numbers[1])
    secrets = direct.client("secretsmanager")
    for name in ("TokenSecret", "PepperSecret"):
        text = secrets.get_secret_value(SecretId=direct.names[name])["SecretString"]
        keys = json.loads(text) | {"2": "synthetic-key-of-the-drill-" + "x" * 37}
        secrets.put_secret_value(SecretId=direct.names[name], SecretString=json.dumps(keys))
    for each in load:
        each.join()
    wanted = {"sign up": 202, "validate": 200, "set password": 204, "log in": 200, "feed": 200}
    assert [each for each in answers if each[1] != wanted[each[0]]] == []
    print(f"{len(answers)} requests, none failed; links by key: {dict(numbers)}")  # noqa: T201 - for -rP
    assert numbers[2] >= ENOUGH, "the load must last until the new key signs"
    # An older link is still valid; a hash is renewed once its function reads the new key.
    person, token = early
    assert client.set_password(token, PASSWORD).status == 204

    def peppers() -> set[str]:
        assert client.log_in(person.email).status == 200
        stored = direct.find("CREDENTIALS#")
        hashes = (each["password_hash"]["S"] for each in stored if "password_hash" in each)
        return {each.partition("$")[0] for each in hashes}

    direct.until(lambda: peppers() == {"1", "2"})


def test_the_table_is_restored(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A backup restores what was lost since, and the holder can log in."""
    person = account_holder(client, mailbox)
    dynamodb = direct.dynamodb
    backup = dynamodb.create_backup(TableName=direct.table, BackupName="drill")["BackupDetails"]
    account = direct.account(person.email)
    lost = [account, *direct.find("LOGIN#", account_id=account["id"]["S"])]
    for item in lost:
        direct.delete(item)
    assert client.log_in(person.email).status == 401
    copy = f"{STACK_NAME}-restored"
    dynamodb.restore_table_from_backup(TargetTableName=copy, BackupArn=backup["BackupArn"])
    dynamodb.get_waiter("table_exists").wait(TableName=copy)
    for item in lost:
        key = {"pk": item["pk"], "sk": item["sk"]}
        found = dynamodb.get_item(TableName=copy, Key=key)["Item"]
        assert found == item
        dynamodb.put_item(TableName=direct.table, Item=found)
    dynamodb.delete_table(TableName=copy)
    assert client.log_in(person.email).status == 200
