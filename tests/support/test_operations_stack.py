"""An operator's work on the deployed stack: each alarm's remedy, as the runbook gives it."""

import base64
import json
import re
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from portal.core.outbox import Outgoing
from portal.support import watch
from tests.world.client import Client
from tests.world.direct import Direct, Moment
from tests.world.journey import account_holder, logged_in, signed_up
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD, new_person
from tools.stack.stack import REGION, ROOT, STACK_NAME

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
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn["QueueArn"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
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


def test_a_journey_is_forgotten(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """The synthetic sign-up gets its mail, and is deleted once that is reported as delivered.

    The local stack has no public name by which Watch could reach it, and reports no delivery: the
    test signs up as Watch does, and reports as SES does.
    """
    direct.hand("Watch", {"source": "aws.events"})
    assert not direct.registrations(watch.ADDRESS), "unreachable: refused, and no failure"
    answer = client.post("/api/signup", dict(watch.FORM))
    assert answer.status == 202, answer.text
    registration_id = answer.json["registration"]
    mailbox.token(watch.ADDRESS)
    event = json.loads((ROOT / "events" / "watch" / "arrived.json").read_text())
    event["detail"]["mail"]["tags"]["registration"] = [registration_id]
    direct.hand("Watch", event)
    assert not direct.registrations(watch.ADDRESS)
    assert not list(direct.items(f"REGISTRATION#{registration_id}"))
    assert not list(direct.items(f"TOKEN#{registration_id}"))


def test_the_table_is_restored(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A backup restores all that was lost of an account, and its holder is as before.

    As the runbook says: each record from the restored table, none over one that is there.
    """
    person = account_holder(client, mailbox)
    dynamodb = direct.dynamodb
    backup = dynamodb.create_backup(TableName=direct.table, BackupName="drill")["BackupDetails"]
    account_id = direct.account(person.email)["id"]["S"]
    lost = [
        *direct.find("ACCOUNT#", id=account_id),
        *(
            item
            for kind in ("CREDENTIALS#", "LOGIN#", "SIRET#", "ACTIVITY#")
            for item in direct.find(kind, account_id=account_id)
        ),
    ]
    kinds = Counter(item["pk"]["S"].partition("#")[0] for item in lost)
    assert kinds.pop("ACTIVITY")
    assert kinds == {"ACCOUNT": 1, "CREDENTIALS": 1, "LOGIN": 2, "SIRET": 1}
    for item in lost:
        direct.delete(item)
    assert client.log_in(person.email).status == 401
    copy = f"{STACK_NAME}-restored"
    dynamodb.restore_table_from_backup(TargetTableName=copy, BackupArn=backup["BackupArn"])
    direct.until(
        lambda: dynamodb.describe_table(TableName=copy)["Table"]["TableStatus"] == "ACTIVE"
    )
    for item in lost:
        key = {"pk": item["pk"], "sk": item["sk"]}
        found = dynamodb.get_item(TableName=copy, Key=key)["Item"]
        assert found == item
        # Somebody tried to log in meanwhile: that record has no account, and may be replaced.
        condition = "attribute_not_exists(pk) OR attribute_not_exists(account_id)"
        dynamodb.put_item(TableName=direct.table, Item=found, ConditionExpression=condition)
    assert client.log_in(person.email).status == 200
    assert client.activity().json["entries"]
    assert client.another().log_in(person.nir).status == 200
    dynamodb.delete_table(TableName=copy)


def test_a_restored_table_takes_the_place_of_the_other(direct: Direct, tmp_path: Path) -> None:
    """What a restore leaves out is set, and the stack imports the table, as the runbook says."""
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    (program,) = re.findall(r"<<'PYTHON'\n(.*?)\n   PYTHON", runbook, re.DOTALL)
    dynamodb, cloudformation = direct.dynamodb, direct.client("cloudformation")
    copy = f"{STACK_NAME}-taking-over"
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=direct.table, TargetTableName=copy, UseLatestRestorableTime=True
    )
    dynamodb.update_table(
        TableName=copy,
        DeletionProtectionEnabled=True,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    dynamodb.update_time_to_live(
        TableName=copy,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
    )
    dynamodb.update_continuous_backups(
        TableName=copy, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    restored = dynamodb.describe_table(TableName=copy)["Table"]
    former = dynamodb.describe_table(TableName=direct.table)["Table"]
    for setting in ("KeySchema", "AttributeDefinitions", "StreamSpecification"):
        assert restored[setting] == former[setting], setting
    template = cloudformation.get_template(StackName=STACK_NAME, TemplateStage="Processed")
    deployed = template["TemplateBody"]
    deployed = json.loads(deployed) if isinstance(deployed, str) else deployed
    (tmp_path / "deployed.json").write_text(json.dumps(deployed))
    program = textwrap.dedent(program).replace("/tmp/", f"{tmp_path}/")  # noqa: S108
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603 - of our runbook
    managed = cloudformation.describe_stacks(StackName="aws-sam-cli-managed-default")["Stacks"][0]
    (bucket,) = (
        each["OutputValue"] for each in managed["Outputs"] if each["OutputKey"] == "SourceBucket"
    )
    written = (tmp_path / "import.json").read_bytes()
    direct.client("s3").put_object(Bucket=bucket, Key="import.json", Body=written)
    stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    cloudformation.create_change_set(
        StackName=STACK_NAME,
        ChangeSetName="import",
        ChangeSetType="IMPORT",
        # The emulator reads the bucket from the path only.
        TemplateURL=f"https://s3.{REGION}.amazonaws.com/{bucket}/import.json",
        Parameters=[
            {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True}
            for each in stack["Parameters"]
        ],
        Capabilities=["CAPABILITY_IAM"],
        ResourcesToImport=[
            {
                "ResourceType": "AWS::DynamoDB::Table",
                "LogicalResourceId": "RestoredTable",
                "ResourceIdentifier": {"TableName": copy},
            }
        ],
    )
    name = {"StackName": STACK_NAME, "ChangeSetName": "import"}
    direct.until(lambda: cloudformation.describe_change_set(**name)["Status"] == "CREATE_COMPLETE")
    cloudformation.execute_change_set(**name)
    direct.until(
        lambda: (
            cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]["StackStatus"]
            == "IMPORT_COMPLETE"
        )
    )
    resource = cloudformation.describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId="RestoredTable"
    )
    assert resource["StackResourceDetail"]["PhysicalResourceId"] == copy
