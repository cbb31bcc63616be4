"""A stack may have any name of up to 40 characters: each name made of it fits its limit."""

import re
from typing import Any

import pytest

from tests.world.evaluation import LONGEST_NAME, ON_AWS, conditions, resolve, values
from tools.transformed import transformed

RANDOM = "-1ABCDEF2GHIJK"
"""What CloudFormation ends the names with that it makes: `<stack>-<logical id>-<random>`."""

# Type: the property that names it, its longest name. Where the property is absent, CloudFormation
# makes the name, and shortens the stack's name in it where the limit asks for that.
NAMES: dict[str, tuple[str, int]] = {
    "AWS::ApiGateway::RestApi": ("Name", 1024),
    "AWS::ApiGateway::Stage": ("StageName", 128),
    "AWS::Backup::BackupPlan": ("BackupPlan.BackupPlanName", 50),
    "AWS::Backup::BackupSelection": ("BackupSelection.SelectionName", 50),
    "AWS::Backup::BackupVault": ("BackupVaultName", 50),
    "AWS::Budgets::Budget": ("Budget.BudgetName", 100),
    "AWS::CE::AnomalyMonitor": ("MonitorName", 1024),
    "AWS::CE::AnomalySubscription": ("SubscriptionName", 1024),
    "AWS::CloudWatch::Alarm": ("AlarmName", 255),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmName", 255),
    "AWS::CloudWatch::Dashboard": ("DashboardName", 255),
    "AWS::CodeDeploy::Application": ("ApplicationName", 100),
    "AWS::CodeDeploy::DeploymentGroup": ("DeploymentGroupName", 100),
    "AWS::DynamoDB::Table": ("TableName", 255),
    "AWS::Events::Archive": ("ArchiveName", 48),
    "AWS::Events::EventBus": ("Name", 256),
    "AWS::Events::Rule": ("Name", 64),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", 128),
    "AWS::IAM::Role": ("RoleName", 64),
    "AWS::KinesisFirehose::DeliveryStream": ("DeliveryStreamName", 64),
    "AWS::Lambda::Alias": ("Name", 128),
    "AWS::Lambda::Function": ("FunctionName", 64),
    "AWS::Lambda::LayerVersion": ("LayerName", 140),
    "AWS::Logs::LogGroup": ("LogGroupName", 512),
    "AWS::Logs::MetricFilter": ("FilterName", 512),
    "AWS::Logs::QueryDefinition": ("Name", 255),
    "AWS::Logs::ResourcePolicy": ("PolicyName", 512),
    "AWS::S3::Bucket": ("BucketName", 63),
    "AWS::SES::ConfigurationSet": ("Name", 64),
    "AWS::SES::ConfigurationSetEventDestination": ("EventDestination.Name", 64),
    "AWS::SNS::Topic": ("TopicName", 256),
    "AWS::SQS::Queue": ("QueueName", 80),
    "AWS::Scheduler::Schedule": ("Name", 64),
    "AWS::SecretsManager::Secret": ("Name", 512),
    "AWS::Synthetics::Canary": ("Name", 255),
    "AWS::WAFv2::WebACL": ("Name", 128),
}
NAMELESS = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::DomainName",  # a parameter
    "AWS::KMS::Key",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::S3::BucketPolicy",
    "AWS::SES::EmailIdentity",  # a parameter
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::WebACLAssociation",
}
SHORTENED = {"AWS::IAM::Role"}
"""Types whose names CloudFormation may have to shorten: rights on them go by their path."""

TEMPLATE = transformed(**ON_AWS)
OF = values(TEMPLATE, **ON_AWS)
KNOWN = conditions(TEMPLATE, OF)


def name_of(logical_id: str) -> str:
    """Return the name that a resource gets in the stack, or would get if no limit shortened it."""
    resource = TEMPLATE["Resources"][logical_id]
    found: Any = resource.get("Properties", {})
    for part in NAMES[resource["Type"]][0].split("."):
        found = found.get(part, {})
    return resolve(found, OF, KNOWN) or f"{LONGEST_NAME}-{logical_id}{RANDOM}"


@pytest.mark.parametrize(
    "logical_id", TEMPLATE["Resources"], ids=lambda name: re.sub(r"[0-9a-f]{10}$", "", name)
)
def test_every_name_fits(logical_id: str) -> None:
    """Each resource's name is no longer than its service allows, whatever the stack's name."""
    kind = TEMPLATE["Resources"][logical_id]["Type"]
    assert kind in NAMES or kind in NAMELESS, "say how long the names of this type may be"
    if kind in NAMES and kind not in SHORTENED:
        name = name_of(logical_id)
        assert "<" not in name, "a name that is known only once it is deployed"
        assert len(name) <= NAMES[kind][1], name


def test_rights_on_shortened_names_go_by_path() -> None:
    """A role, whose name CloudFormation may shorten, has the stack's path, by which it is found."""
    roles = [each for each in TEMPLATE["Resources"].values() if each["Type"] in SHORTENED]
    assert roles
    for role in roles:
        assert resolve(role["Properties"]["Path"], OF, KNOWN) == f"/{LONGEST_NAME}/"


def test_a_stack_of_the_same_name_needs_no_name_of_the_former() -> None:
    """What outlives a stack has a name that another stack of the same name does not take."""
    kept = [
        logical_id
        for logical_id, each in TEMPLATE["Resources"].items()
        if each.get("DeletionPolicy") == "RetainExceptOnCreate" and each["Type"] in NAMES
    ]
    assert {"Table", "BackupVault", "LookupSecret"} <= set(kept)
    for logical_id in kept:
        name = name_of(logical_id)
        assert name.endswith(RANDOM) or re.fullmatch(rf"{LONGEST_NAME}-51af3dc0", name), name
