"""What is behind the API: to arrange what would take hours, and to look at what is stored."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from portal.core.identifiers import email_mac, ip_mac, mailbox_mac
from portal.core.keyring import Keyring, LookupKeys, TokenKeys
from portal.core.links import Link, Token, seal, unseal
from portal.identity import purposes
from portal.identity.due import Deletion
from tests.world.client import DEVICE_COOKIE, Answer, new_address
from tests.world.people import PASSWORD
from tools.stack.stack import CREDENTIALS, REGION

if TYPE_CHECKING:
    from tools.stack.stack import Stack

STACK_NAME = "portail"
HOUR = 3600
PATIENCE = 100.0
"""Seconds to wait for the effect of a message: one or two, more on a busy machine."""
ONCE = Config(read_timeout=PATIENCE, retries={"total_max_attempts": 1})
"""A slow call is not repeated."""


class Direct:
    """AWS clients of the stack's emulator, and the few things that tests do with them."""

    def __init__(self, stack: "Stack") -> None:
        self._stack = stack
        self._session = boto3.Session(
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )
        self.dynamodb = self.client("dynamodb")
        self._lambda = self.client("lambda", ONCE)

    def client(self, service: str, config: Config | None = None) -> Any:
        """Return the client of a service."""
        return self._session.client(service, endpoint_url=self._stack.endpoint, config=config)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The deployed resources' names, by their name in the template."""
        answer = self.client("cloudformation").describe_stack_resources(StackName=STACK_NAME)
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for each in answer["StackResources"]
        }

    def limit(self, variable: str) -> int:
        """Return a limit that the functions were deployed with."""
        answer = self._lambda.get_function_configuration(FunctionName=self.names["Login"])
        return int(answer["Environment"]["Variables"][variable])

    # The clock

    def invoke(
        self,
        function: str,
        method: str,
        path: str,
        body: object,
        *,
        at: float,
        address: str | None = None,
        cookie: str = "",
        key: str = "",
    ) -> Answer:
        """Call a function as the gateway does for a request that arrives at a moment.

        The test gives the moment, in seconds since the epoch, so it does not matter how long its
        lines take to run.
        """
        headers = {"Content-Type": ["application/json"]}
        if cookie:
            headers["Cookie"] = [cookie]
        if key:
            headers["Idempotency-Key"] = [key]
        event = {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "multiValueHeaders": headers,
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "pathParameters": None,
            "requestContext": {
                "requestId": "moved-clock",
                "requestTimeEpoch": round(at * 1000),
                "identity": {"sourceIp": address or new_address()},
                "resourcePath": path,
                "httpMethod": method,
                "stage": "live",
            },
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
        }
        called = self._lambda.invoke(FunctionName=self.names[function], Payload=json.dumps(event))
        answer = json.load(called["Payload"])
        assert "FunctionError" not in called, answer
        # The emulator's gateway takes an object too; AWS's answers 502.
        assert isinstance(answer["body"], str), "the body of a proxy answer must be text"
        headers = {name.lower(): values for name, values in answer["multiValueHeaders"].items()}
        return Answer(answer["statusCode"], headers, answer["body"].encode())

    def hand(self, function: str, event: object) -> Any:
        """Invoke a function with an event that is no request, and return its answer."""
        called = self._lambda.invoke(FunctionName=self.names[function], Payload=json.dumps(event))
        answer = json.load(called["Payload"])
        assert "FunctionError" not in called, answer
        return answer

    # What the back office says

    def decide(
        self, decision: str, account_id: str, /, *, at: float | None = None, **detail: Any
    ) -> None:
        """Send the back office's decision on an affiliation to the event bus."""
        entry = {
            "Source": "portal.backoffice",
            "DetailType": decision,
            "Detail": json.dumps({"account_id": account_id, **detail}),
            "Time": at or time.time(),
            "EventBusName": self.names["EventBus"],
        }
        assert self.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0

    def until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait until an event has its effect."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the expected effect did not appear in time"
            time.sleep(0.2)

    def settle(self) -> None:
        """Wait until the outbox is empty: a mail arrives before its message is deleted."""
        self.until(lambda: not any(self.items("OUTBOX#")))

    def failed(self, queue: str, seconds: float = PATIENCE) -> list[Any]:
        """Wait for messages in a queue of failures and remove them; look once at least."""
        sqs = self.client("sqs")
        url = self.names[queue]
        deadline = time.monotonic() + seconds
        while True:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            taken: list[dict[str, Any]] = answer.get("Messages", [])
            if taken or time.monotonic() > deadline:
                break
        for each in taken:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return [json.loads(each["Body"]) for each in taken]

    def validate_at(self, token: str, at: float) -> Answer:
        """Open a link at a moment."""
        body = {"token": token}
        return self.invoke("ValidateEmail", "POST", "/api/email-validation", body, at=at)

    def issued(self, token: str) -> int:
        """Return when a link was created."""
        return unseal(self.tokens, token, *purposes.PURPOSES).issued_at

    # The table

    @property
    def table(self) -> str:
        """Name of the table."""
        return self.names["Table"]

    def items(self, prefix: str = "") -> Iterator[dict[str, Any]]:
        """Return every item whose partition starts so, in DynamoDB's wire form."""
        for page in self.dynamodb.get_paginator("scan").paginate(
            TableName=self.table, ConsistentRead=True
        ):
            yield from (item for item in page["Items"] if item["pk"]["S"].startswith(prefix))

    def find(self, prefix: str, **attributes: str) -> list[dict[str, Any]]:
        """Return the items whose partition starts so and which have these texts.

        The texts are attributes, or values of the map of what an item is about.
        """
        return [
            item
            for item in self.items(prefix)
            if all(
                {"S": value} in (item.get(name), item.get("about", {}).get("M", {}).get(name))
                for name, value in attributes.items()
            )
        ]

    def change(self, item: Mapping[str, Any], **numbers: int) -> None:
        """Set numeric attributes of an item."""
        self.dynamodb.update_item(
            TableName=self.table,
            Key={"pk": item["pk"], "sk": item["sk"]},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in numbers),
            ExpressionAttributeNames={f"#{name}": name for name in numbers},
            ExpressionAttributeValues={f":{name}": {"N": str(n)} for name, n in numbers.items()},
        )

    def delete(self, item: Mapping[str, Any]) -> None:
        """Delete an item, as TTL does."""
        self.dynamodb.delete_item(TableName=self.table, Key={"pk": item["pk"], "sk": item["sk"]})

    # Keys, and what is stored under a hash of theirs

    def keyring[Keys: Keyring](self, kind: type[Keys], secret: str) -> Keys:
        """Return the keys of a secret, by its name in the template."""
        answer = self.client("secretsmanager").get_secret_value(SecretId=self.names[secret])
        return kind.parse(answer["SecretString"], age=0, settled=0)

    @cached_property
    def lookup(self) -> LookupKeys:
        """The keys that hash identifiers."""
        return self.keyring(LookupKeys, "LookupSecret")

    @property
    def tokens(self) -> TokenKeys:
        """The keys that sign links, as they are now: a test adds one."""
        return self.keyring(TokenKeys, "TokenSecret")

    def forget_mails_to(self, email: str) -> None:
        """Remove the limits of a mailbox, so that it can get mails at once."""
        for item in self.items(f"MAIL#{mailbox_mac(self.lookup, email)}"):
            self.delete(item)

    def requests_of(self, endpoint: str, address: str) -> list[dict[str, Any]]:
        """Return the counters of an IP address."""
        return list(self.items(f"RATE#{endpoint}#{ip_mac(self.lookup, address)}"))

    def registrations(self, email: str) -> list[str]:
        """Return the ids of an address's registrations."""
        found = self.find("REGISTRATION#", email_mac=email_mac(self.lookup, email))
        return [item["id"]["S"] for item in found]

    def newest_registration(self, email: str) -> str:
        """Return the id of an address's last registration."""
        items = self.items(f"EMAIL#{email_mac(self.lookup, email)}")
        newest = max(items, key=lambda item: item["sk"]["S"])
        return str(newest["registration_id"]["S"])

    def accounts(self, **attributes: str) -> list[dict[str, Any]]:
        """Return the accounts whose attributes have these texts."""
        return self.find("ACCOUNT#", **attributes)

    def account(self, email: str) -> dict[str, Any]:
        """Return the only account of an address."""
        (account,) = self.accounts(email_mac=email_mac(self.lookup, email))
        return account

    def sessions(self, email: str) -> list[dict[str, Any]]:
        """Return the rows of an account's sessions."""
        return list(self.items(f"SESSION#{self.account(email)['id']['S']}"))

    def logged(self) -> Iterator[str]:
        """Return every line that the functions logged."""
        logs = self.client("logs")
        for page in logs.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                events = logs.get_paginator("filter_log_events")
                for found in events.paginate(logGroupName=group["logGroupName"]):
                    yield from (each["message"] for each in found["events"])

    def new_link(self, registration_id: str, *, age: int = 0) -> str:
        """Return the token of a link sent ``age`` seconds ago; a late one has no row."""
        token = Token(purposes.EMAIL_VALIDATION, registration_id, int(time.time()) - age)
        if age < token.purpose.lifetime:
            self.dynamodb.put_item(TableName=self.table, Item=Link.of(token).to_item())
        return seal(self.tokens, token)

    def rows_of_links(self, email: str) -> list[dict[str, Any]]:
        """Return the rows of an address's links that are still valid."""
        ids = self.registrations(email)
        return [item for item in self.items("TOKEN#") if item["id"]["S"] in ids]


class Moment:
    """Logins that all arrive at one moment, however long they take: now, or the one given."""

    def __init__(self, direct: Direct, at: float | None = None) -> None:
        self._direct = direct
        self._at = time.time() if at is None else at

    def log_in(self, identifier: str, password: str = PASSWORD, device: str = "") -> Answer:
        """Log in from an own address."""
        return self._direct.invoke(
            "Login",
            "POST",
            "/api/login",
            {"identifier": identifier, "password": password},
            at=self._at,
            cookie=f"{DEVICE_COOKIE}={device}" if device else "",
        )

    def lock(self, identifier: str) -> None:
        """Guess until an identifier must wait."""
        guesses = [self.log_in(identifier, "Faux-mot-de-passe-1") for _ in range(6)]
        assert [each.status for each in guesses] == [401] * 5 + [429]


def be_due(direct: Direct, account_id: str) -> None:
    """Move a deletion 30 days back, so that it is due."""
    (noted,) = direct.find("DELETION#", account_id=account_id)
    at = int(time.time()) - 1
    direct.delete(noted)
    due = Deletion(account_id=account_id, deletion_at=at)
    direct.dynamodb.put_item(TableName=direct.table, Item=due.to_item())
    (account,) = direct.items(f"ACCOUNT#{account_id}")
    direct.change(account, deletion_at=at)
