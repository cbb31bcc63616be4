"""The world of the unit tests: a table, secrets, a key, mails and a bus, all in memory.

What stands in ``template.yaml`` is read from there. No socket can be opened. Nothing of ours is
replaced: time is an argument, and AWS is answered by moto below botocore.
"""

import hashlib
import importlib.util
import json
import re
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from argon2 import PasswordHasher
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.session import get_session
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from moto import mock_aws
from samtranslator.yaml_helper import yaml_parse

import portal.settings
import portal.table
from portal import (
    accounts,
    activity,
    aws,
    identifiers,
    keys,
    passwords,
    recovery,
    registrations,
    sessions,
)
from portal.items import Account, Login, Outgoing, Registration, Session
from portal.outbox import Outbox
from portal.registrations import Identity
from portal.rules.nir import mask_nir
from portal.sessions import Attempt
from portal.table import Table
from portal.tokens import Purpose, unseal

ROOT = Path(__file__).resolve().parents[2]
NOW = 1_790_000_000
"""The clock of the tests: September 2026, a whole number of no minute."""
PASSWORD = "Correct-Horse-7"
CLIENTS = (
    aws.dynamodb,
    aws.secrets_manager,
    aws.kms,
    aws.ses,
    aws.event_bridge,
    aws.sqs,
    aws.lambda_,
)

# The first draw on a fresh clone builds Unicode tables: slow once, and no fault of the rules.
hypothesis_settings.register_profile(
    "portal", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
hypothesis_settings.load_profile("portal")


@pytest.fixture(autouse=True)
def _no_socket(socket_disabled: None) -> None:
    """Close the network: whatever would leave this process fails."""


@cache
def read_template() -> dict[str, Any]:
    """Return ``template.yaml`` with its intrinsic functions in their long form."""
    return yaml_parse((ROOT / "template.yaml").read_text())


@pytest.fixture
def template() -> dict[str, Any]:
    """Return ``template.yaml``, read."""
    return read_template()


def evaluate(value: Any, names: dict[str, str]) -> str:
    """Return a value of the template; names are those of its parameters and resources."""
    match value:
        case {"Ref": name}:
            return names[name]
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: names[found[1]], text)
        case {"Fn::If": [_, _, otherwise]}:  # no parameter is given: each condition is false
            return evaluate(otherwise, names)
        case _:
            return str(value)


def create_resources(template: dict[str, Any]) -> dict[str, str]:
    """Create what the functions need of the template; return each resource's physical name."""
    names: dict[str, str] = {}
    for name, resource in template["Resources"].items():
        match resource["Type"]:
            case "AWS::DynamoDB::Table":
                create_table(name, resource["Properties"])
            case "AWS::SecretsManager::Secret":
                aws.secrets_manager().create_secret(Name=name)
            case "AWS::KMS::Key":
                names[name] = aws.kms().create_key()["KeyMetadata"]["KeyId"]
            case "AWS::Events::EventBus":
                aws.event_bridge().create_event_bus(Name=name)
            case "AWS::SQS::Queue":
                names[name] = aws.sqs().create_queue(QueueName=name)["QueueUrl"]
            case "AWS::SES::ConfigurationSet":
                aws.ses().create_configuration_set(ConfigurationSetName=name)
            case _:
                continue
        names.setdefault(name, name)
    return names


def renew_resources(template: dict[str, Any]) -> None:
    """Empty the tables and give the secrets their first keys."""
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::DynamoDB::Table":
                aws.dynamodb().delete_table(TableName=name)
                create_table(name, properties)
            case "AWS::SecretsManager::Secret":
                recipe = properties["GenerateSecretString"]
                random = hashlib.sha512(name.encode()).hexdigest()[: recipe["PasswordLength"]]
                content = json.loads(recipe["SecretStringTemplate"])
                aws.secrets_manager().put_secret_value(
                    SecretId=name,
                    SecretString=json.dumps(content | {recipe["GenerateStringKey"]: random}),
                )
            case _:
                pass


def create_table(name: str, properties: dict[str, Any]) -> None:
    """Create a table: keys, indexes and TTL as the template has them.

    Not its stream: nothing reads it here, and moto copies all of it at each transaction.
    """
    wanted = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    aws.dynamodb().create_table(
        TableName=name,
        **{each: properties[each] for each in wanted if each in properties},
    )
    aws.dynamodb().update_time_to_live(
        TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
    )


@cache
def _reader() -> Any:
    """Return the client with which tests look into the table: its calls are not counted."""
    return get_session().create_client("dynamodb")


@dataclass(frozen=True, slots=True)
class Call:
    """One call to AWS: ``DynamoDB``, ``GetItem`` and what was asked."""

    service: str
    operation: str
    asked: dict[str, Any]


@dataclass(slots=True)
class Calls:
    """What was asked of AWS, in order."""

    all: list[Call] = field(default_factory=list[Call])

    def note(self, params: dict[str, Any], model: Any, **_: object) -> None:
        """Note one call; botocore calls this."""
        self.all.append(Call(model.service_model.service_id, model.name, dict(params)))

    def of(self, service: str) -> list[str]:
        """Return the operations asked of one service."""
        return [call.operation for call in self.all if call.service == service]

    @contextmanager
    def counted(self, service: str = "DynamoDB") -> Generator[list[str]]:
        """Give a list that holds, at the end of the block, the round trips it made."""
        start = len(self.all)
        made: list[str] = []
        yield made
        made += [call.operation for call in self.all[start:] if call.service == service]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that SES was asked to send."""

    to: list[str]
    subject: str
    text: str
    html: str

    @property
    def token(self) -> str:
        """The token of its link."""
        return self.link.partition("#")[2]

    @property
    def link(self) -> str:
        """Its link that carries a token."""
        found = re.search(r"https://\S+#\S+", self.text)
        assert found
        return found[0]


@dataclass(slots=True)
class World:
    """The table and the keys, and short ways of making what most tests start from."""

    calls: Calls
    table: Table
    template: dict[str, Any]
    failures: list[str | None] = field(default_factory=list[str | None])
    """The accounts whose failed logins were reported."""

    @property
    def settings(self) -> portal.settings.Settings:
        """The settings of the functions."""
        return portal.settings.settings()

    @property
    def limits(self) -> portal.settings.Limits:
        """The limits of the template."""
        return self.settings.limits

    def identity(self, **changes: Any) -> Identity:
        """Return a synthetic person."""
        nir = changes.get("nir", "2940375120005")
        person: dict[str, Any] = {
            "last_name": "Dupont",
            "first_name": "Michèle",
            "mobile_phone": "+33612345678",
            "email": "michele.dupont@example.fr",
            "nir": nir,
            "nir_masked": nir and mask_nir(nir),
            "siret": "35600000000048",
            "is_agent": False,
        }
        return Identity(**person | changes)

    def sign_up(self, now: int = NOW, **changes: Any) -> str:
        """Sign up; return the registration's id."""
        start = len(self.calls.all)
        registrations.sign_up(
            self.table,
            keys.lookup_keys(),
            self.limits,
            partial(identifiers.encrypt_nir, aws.kms(), self.settings.data_key),
            self.identity(**changes),
            now,
        )
        written = next(each for each in self.calls.all[start:] if "TransactItems" in each.asked)
        puts = (each["Put"]["Item"] for each in written.asked["TransactItems"] if "Put" in each)
        return next(puts)["id"]["S"]

    def resend(self, email: str, now: int = NOW) -> None:
        """Ask for the link to be sent again."""
        registrations.resend(self.table, keys.lookup_keys(), self.limits, email, now)

    def open_link(self, token: str, now: int = NOW) -> Registration:
        """Open a validation link."""
        return registrations.open_link(self.table, keys.token_keys(), self.limits, token, now)[1]

    def set_password(
        self, token: str, password: str = PASSWORD, confirmation: str | None = None, now: int = NOW
    ) -> None:
        """Set a password; by default it is confirmed alike."""
        registrations.set_password(
            self.table,
            keys.lookup_keys(),
            keys.pepper_keys(),
            self.limits,
            unseal(keys.token_keys(), token, Purpose.EMAIL_VALIDATION),
            password,
            password if confirmation is None else confirmation,
            now,
        )

    def open_account(self, now: int = NOW, **changes: Any) -> str:
        """Go from sign-up to a password; return the account's id."""
        registration_id = self.sign_up(now, **changes)
        (mail,) = self.deliver(now)
        self.set_password(mail.token, now=now)
        registration = self.table.get(Registration, Registration.key_of(registration_id))
        assert registration
        return registration.account_id

    def log_in(
        self, identifier: str, password: str = PASSWORD, now: float = NOW, **browser: str
    ) -> sessions.Opened:
        """Log in at a time in seconds, from a browser with these cookies and this name."""
        return sessions.log_in(
            self.table,
            keys.lookup_keys(),
            keys.pepper_keys(),
            self.limits,
            self.failures.append,
            Attempt(identifier, password, **browser),
            round(now * 1000),
        )

    def recover(self, identifier: str, now: int = NOW) -> None:
        """Ask for a recovery link."""
        recovery.request(self.table, keys.lookup_keys(), self.limits, identifier, now)

    def reset(self, token: str, password: str, now: int = NOW) -> None:
        """Set a new password with a recovery link."""
        recovery.reset(
            self.table,
            keys.lookup_keys(),
            keys.pepper_keys(),
            unseal(keys.token_keys(), token, Purpose.PASSWORD_RECOVERY),
            password,
            password,
            now,
        )

    def change_password(self, session: Session, password: str, now: int = NOW) -> None:
        """Change the password of the person logged in."""
        accounts.change_password(
            self.table,
            keys.lookup_keys(),
            keys.pepper_keys(),
            session,
            password,
            password,
            now,
        )

    def request_email(self, session: Session, email: str, now: int = NOW) -> str:
        """Ask for another address; return it masked."""
        lookup = keys.lookup_keys()
        return accounts.request_email(self.table, lookup, self.limits, session, email, now)

    def confirm_email(self, session: Session, token: str, now: int = NOW) -> None:
        """Confirm another address with its link."""
        accounts.confirm_email(self.table, keys.token_keys(), session, token, now)

    def undo_email(self, token: str, now: int = NOW) -> None:
        """Undo the change of an address with the link sent to the former one."""
        accounts.undo_email(self.table, keys.token_keys(), token, now)

    def account(self, account_id: str) -> Account:
        """Return an account."""
        found = self.table.get(Account, Account.key_of(account_id))
        assert found
        return found

    def feed(self, account_id: str) -> list[activity.Entry]:
        """Return an account's feed, newest first."""
        return list(activity.read_all(self.table, account_id))

    def kinds(self, account_id: str) -> list[str]:
        """Return the kinds of an account's feed since its birth, newest first."""
        first = {activity.WELCOME, activity.AFFILIATION_REQUESTED}
        return [entry.kind for entry in self.feed(account_id) if entry.kind not in first]

    def authenticate(self, cookie: str, now: int = NOW) -> Session:
        """Return the session of a cookie."""
        return sessions.authenticate(self.table, cookie, now)

    def login(self, identifier: str) -> Login | None:
        """Return the login record of an identifier."""
        mac = identifiers.login_mac(keys.lookup_keys(), identifier)
        return self.table.get(Login, Login.key_of(mac))

    def outbox(self) -> Outbox:
        """Return the outbox's sender."""
        return Outbox(self.table, keys.token_keys(), aws.ses(), aws.event_bridge(), self.settings)

    def messages(self) -> list[Outgoing]:
        """Return what waits in the outbox, oldest first."""
        waiting = [Outgoing.from_item(item) for item in self.items("OUTBOX#")]
        return sorted(waiting, key=lambda each: each.created_at)

    def deliver(self, now: int = NOW) -> list[Mail]:
        """Send all that waits in the outbox; return the mails."""
        before = len(self.mails())
        for message in self.messages():
            self.outbox().deliver(message.id, now)
        return self.mails()[before:]

    def mails(self) -> list[Mail]:
        """Return every mail that SES was asked to send."""
        sent = [call.asked for call in self.calls.all if call.operation == "SendEmail"]
        return [
            Mail(
                to=asked["Destination"]["ToAddresses"],
                subject=(simple := asked["Content"]["Simple"])["Subject"]["Data"],
                text=simple["Body"]["Text"]["Data"],
                html=simple["Body"]["Html"]["Data"],
            )
            for asked in sent
        ]

    def events(self) -> list[dict[str, Any]]:
        """Return every event that the bus was asked to publish."""
        calls = (call for call in self.calls.all if call.operation == "PutEvents")
        return [entry for call in calls for entry in call.asked["Entries"]]

    def items(self, prefix: str = "") -> list[dict[str, Any]]:
        """Return the table's items whose partition starts with a prefix."""
        pages = _reader().get_paginator("scan").paginate(TableName=self.settings.table_name)
        found = [item for page in pages for item in page["Items"]]
        return [item for item in found if item["pk"]["S"].startswith(prefix)]

    def sweep(self, prefix: str) -> None:
        """Delete items, as the table's TTL does in its own time."""
        for item in self.items(prefix):
            _reader().delete_item(
                TableName=self.settings.table_name, Key={"pk": item["pk"], "sk": item["sk"]}
            )

    def add_key(self, secret: str, number: int, text: str) -> None:
        """Add a numbered key to a secret, which signs from now on."""
        content = json.loads(
            aws.secrets_manager().get_secret_value(SecretId=secret)["SecretString"]
        )
        self.put_keys(secret, content | {str(number): text})

    def put_keys(self, secret: str, content: dict[str, str]) -> None:
        """Replace the keys of a secret, as functions know them once the newest signs."""
        text = json.dumps(content)
        aws.secrets_manager().put_secret_value(SecretId=secret, SecretString=text)
        keys._cache.clear()
        keys._cache[secret] = (time.monotonic(), keys.parse(text, age=0, settled=0))

    def failing(
        self, client: Any, operation: str, failure: Exception
    ) -> AbstractContextManager[None]:
        """Make each call of an operation fail."""
        if isinstance(failure, ClientError):
            return self.answering(client, operation, dict(failure.response), status=400)

        def fail(**_: object) -> None:
            raise failure

        return self._before(client, operation, fail)

    def answering(
        self, client: Any, operation: str, content: dict[str, Any], status: int = 200
    ) -> AbstractContextManager[None]:
        """Make each call of an operation answer this."""
        answer = AWSResponse("https://aws.invalid", status, {}, None), content
        return self._before(client, operation, lambda **_: answer)

    @contextmanager
    def _before(self, client: Any, operation: str, answer: Callable[..., Any]) -> Generator[None]:
        event = f"before-call.*.{operation}"
        client.meta.events.register(event, answer)
        try:
            yield
        finally:
            client.meta.events.unregister(event, answer)


@pytest.fixture(scope="module")
def cloud() -> Generator[dict[str, str]]:
    """Answer every AWS client from memory; return the names of what is there and parameters.

    Made once for a file, because a KMS key and the clients take longer than a test; each test has
    its tables empty.
    """
    template = read_template()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.delenv("AWS_PROFILE", raising=False)
        with mock_aws():
            defaults = {
                name: str(parameter["Default"])
                for name, parameter in template["Parameters"].items()
                if "Default" in parameter
            }
            given = {"DomainName": "portail.example", "AWS::StackName": "portail"}
            names = defaults | given | create_resources(template)
            aws.ses().create_email_identity(EmailIdentity=names["MailDomain"])
            yield names
    for client in (*CLIENTS, _reader):
        client.cache_clear()


def forget() -> None:
    """Empty what the functions keep between requests.

    Not the clients: they hold no answer, and making them takes longer than a test.
    """
    portal.settings.settings.cache_clear()
    portal.table.table.cache_clear()
    keys._cache.clear()


@pytest.fixture
def world(
    cloud: dict[str, str], template: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Return a new world, its environment set as the template sets that of the functions."""
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    for name, value in variables.items():
        monkeypatch.setenv(name, evaluate(value, cloud))
    renew_resources(template)
    forget()
    calls = Calls()
    for client in CLIENTS:
        client().meta.events.register("provide-client-params.*.*", calls.note)
    yield World(calls, portal.table.table(), template)
    for client in CLIENTS:
        client().meta.events.unregister("provide-client-params.*.*", calls.note)
    forget()


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make hashes cost little, where many are made and how strong they are does not matter."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=32, salt_len=16)
    monkeypatch.setattr(passwords, "_hasher", cheap)


@cache
def load_function(name: str) -> ModuleType:
    """Return the module of a function, its folder on the path while it loads, as on Lambda."""
    folder = ROOT / "functions" / name
    spec = importlib.util.spec_from_file_location(f"function_{name}", folder / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # pydantic looks its annotations up there
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a function of its run."""

    function_name: str = "function"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-west-3:123456789012:function:function"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function answered, as a client sees it."""

    status: int
    headers: dict[str, list[str]]
    text: str

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.text)


def proxy_event(
    method: str,
    path: str,
    body: str | None = None,
    *,
    now: float = NOW,
    headers: dict[str, list[str]] | None = None,
    query: dict[str, list[str]] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Return the event of a request through the REST API."""
    sent = {"Content-Type": ["application/json"]} if headers is None else headers
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in sent.items()},
        "multiValueHeaders": sent,
        "queryStringParameters": query and {name: values[-1] for name, values in query.items()},
        "multiValueQueryStringParameters": query,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": "f3c29d0e-6a6a-4b7e-9a55-0c3f0f4f6d11",
            "requestTimeEpoch": round(now * 1000),
            "stage": "live",
            "httpMethod": method,
            "path": path,
            "resourcePath": path,
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "tests"},
        },
        "body": body,
        "isBase64Encoded": False,
        **changes,
    }


class Gateway:
    """Asks the functions as the gateway does."""

    def send(self, name: str, event: dict[str, Any]) -> Answer:
        """Invoke a function with an event, and hold what is true of every answer."""
        answer = load_function(name).handler(event, Context())
        assert isinstance(answer["body"], str), "the gateway answers 502 for any other body"
        # Lambda writes answers in UTF-8 without escapes: what cannot be is a 502 too.
        json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
        headers = {name: [value] for name, value in answer.get("headers", {}).items()}
        headers |= answer.get("multiValueHeaders", {})
        return Answer(answer["statusCode"], headers, answer["body"])

    def invoke(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke a function that answers no request; its answer must be JSON."""
        answer = load_function(name).handler(event, Context())
        return json.loads(json.dumps(answer))

    def ask(self, name: str, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """Send a request with a JSON body."""
        text = None if body is None else json.dumps(body)
        return self.send(name, proxy_event(method, path, text, **options))


@pytest.fixture
def gateway(world: World) -> Gateway:
    """Return what asks the functions."""
    assert world
    return Gateway()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Return what gives the log so far as the functions write it: JSON lines, all attributes."""
    formatter = LambdaPowertoolsFormatter()
    return lambda: "\n".join(map(formatter.format, caplog.records))


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    """Return the maker of REST API events."""
    return proxy_event
