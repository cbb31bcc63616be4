"""AWS in memory: the resources of the template, answered by moto below botocore."""

import hashlib
import json
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from moto.backends import get_backend
from moto.dynamodb.models.dynamo_type import DynamoType

from portal.core import aws
from tests.world.shortcut import LightTable, Shortcut
from tools.transformed import read_template

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
"""The AWS account of moto."""
REGION = "eu-west-3"
ISSUER = "https://identite.example"
CLIENT_ID = "portail"
"""The provider of OpenID Connect that people log in with, and what it calls this site."""
CLIENTS = (
    aws.dynamodb,
    aws.secrets_manager,
    aws.kms,
    aws.ses,
    aws.event_bridge,
    aws.sqs,
    aws.s3,
    aws.lambda_,
    aws.lambda_calls,
    aws.codedeploy,
)


@pytest.fixture
def template() -> dict[str, Any]:
    """Return ``template.yaml``, read."""
    return dict(read_template())


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
    """Create the template's resources that functions need; return their physical names."""
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
            case "AWS::S3::Bucket":
                names[name] = f"portail-{name.lower()}-1"
                where: Any = {"LocationConstraint": REGION}
                aws.s3().create_bucket(Bucket=names[name], CreateBucketConfiguration=where)
            case "AWS::SES::ConfigurationSet":
                aws.ses().create_configuration_set(ConfigurationSetName=name)
            case _:
                continue
        names.setdefault(name, name)
    return names


def renew_resources(template: dict[str, Any]) -> None:
    """Empty the tables, queues and buckets, and give the secrets their first keys."""
    for bucket in get_backend("s3")[ACCOUNT]["aws"].buckets.values():
        bucket.keys.clear()
    for queue in get_backend("sqs")[ACCOUNT][REGION].queues.values():
        queue._messages.clear()
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::DynamoDB::Table":
                _table(name).items.clear()
            case "AWS::SecretsManager::Secret":
                _renew_secret(name, properties["GenerateSecretString"])
            case _:
                pass


def _renew_secret(name: str, recipe: dict[str, Any]) -> None:
    """Give a secret its first key, as its only version: moto keeps each one, and goes through all.

    One that still has it is left as it is.
    """
    secret = get_backend("secretsmanager")[ACCOUNT][REGION].secrets[name]
    random = hashlib.sha512(name.encode()).hexdigest()[: recipe["PasswordLength"]]
    content = json.loads(recipe["SecretStringTemplate"]) | {recipe["GenerateStringKey"]: random}
    first = json.dumps(content)
    if [each.get("secret_string") for each in secret.versions.values()] != [first]:
        secret.versions.clear()
        secret.set_default_version_id(None)
        aws.secrets_manager().put_secret_value(SecretId=name, SecretString=first)


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
    tables = get_backend("dynamodb")[ACCOUNT][REGION].tables
    tables[name] = LightTable.of(tables[name])


# The tests read moto's table directly: a scan by the API takes a thousand times as long.


def _table(name: str) -> Any:
    """Return the table that moto keeps in memory."""
    return get_backend("dynamodb")[ACCOUNT][REGION].tables[name]


def read_items(name: str) -> list[dict[str, Any]]:
    """Return every item of a table, in DynamoDB's wire form as botocore gives it."""
    return [item.to_json()["Attributes"] for item in _table(name).all_items()]


def write_item(name: str, item: dict[str, Any]) -> None:
    """Write an item unchanged."""
    _table(name).put_item(item)


def remove_item(name: str, item: dict[str, Any]) -> None:
    """Remove an item."""
    table = _table(name)
    table.delete_item(DynamoType(item["pk"]), DynamoType(item["sk"]))


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
        """Store one call; called by botocore."""
        self.all.append(Call(model.service_model.service_id, model.name, dict(params)))

    def of(self, service: str) -> list[str]:
        """Return the operations asked of one service."""
        return [call.operation for call in self.all if call.service == service]

    @contextmanager
    def counted(self, service: str = "DynamoDB") -> Generator[list[str]]:
        """Yield a list that contains, after the block, the round trips made in it."""
        start = len(self.all)
        made: list[str] = []
        yield made
        made += [call.operation for call in self.all[start:] if call.service == service]


_shortcut = Shortcut(ACCOUNT, REGION)
_READ_SECRET = "before-call.secrets-manager.GetSecretValue"


def _take_shortcuts() -> None:
    aws.dynamodb().meta.events.register_last("before-call.dynamodb", _shortcut.answer)
    aws.secrets_manager().meta.events.register_last(_READ_SECRET, _shortcut.secret)


def _take_none() -> None:
    aws.dynamodb().meta.events.unregister("before-call.dynamodb", _shortcut.answer)
    aws.secrets_manager().meta.events.unregister(_READ_SECRET, _shortcut.secret)


@contextmanager
def over_http() -> Generator[None]:
    """Send all calls of the block to moto over HTTP."""
    _take_none()
    try:
        yield
    finally:
        _take_shortcuts()


_names: dict[str, str] = {}
"""What was created in memory: each resource's physical name, and the parameters."""


@pytest.fixture(scope="module")
def cloud() -> Generator[dict[str, str]]:
    """Answer every AWS client from memory; return the resources' names and the parameters.

    Created once for all files: a KMS key and the clients take longer than a test. Moto is off
    between two files, and keeps what it has: other tests talk to the local stack.
    """
    mock = mock_aws()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.delenv("AWS_PROFILE", raising=False)
        mock.start(reset=not _names)
        try:
            if not _names:
                _names.update(_create(read_template()))
            _take_shortcuts()
            yield _names
            _take_none()
        finally:
            mock.stop(remove_data=False)


def _create(template: dict[str, Any]) -> dict[str, str]:
    """Create what the template declares; return the names."""
    defaults = {
        name: str(parameter["Default"])
        for name, parameter in template["Parameters"].items()
        if "Default" in parameter
    }
    given = {"DomainName": "portail.example", "AWS::StackName": "portail"}
    given["DpoEmail"] = "dpo@portail.example"
    given |= {"SsoIssuer": ISSUER, "SsoClientId": CLIENT_ID}
    for client in CLIENTS:
        if client is not aws.s3:  # whose endpoint has the bucket's name
            client()._ruleset_resolver = None  # the endpoint is the same for every call
    names = defaults | given | create_resources(template)
    aws.ses().create_email_identity(EmailIdentity=names["MailDomain"])
    return names
