"""The role of the pipeline may do what a deployment needs, no more, and gives no role more.

What CloudFormation needs for a type of resource is in its schema, which cfn-lint brings.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.world.cloud import ROOT
from tests.world.evaluation import LONGEST_NAME, ON_AWS, conditions, resolve, values
from tools.transformed import transformed

BOOTSTRAP = yaml_parse((ROOT / "tools" / "release" / "bootstrap.yaml").read_text())
OF = values(BOOTSTRAP, StackName=LONGEST_NAME)
RESOURCES = resolve(BOOTSTRAP["Resources"], OF, conditions(BOOTSTRAP, OF))
POLICIES = ("DeployFunctions", "DeployData", "DeployOperations")
EVERYTHING = ON_AWS | {
    "PermissionsBoundary": f"arn:aws:iam::123456789012:policy/{LONGEST_NAME}-boundary",
}

# What the handlers of the types name, and no deployment of this template needs. Services that other
# uses of the types need, then actions, by what they are for.
OTHER_SERVICES = {
    *("amplify", "apprunner", "appsync", "bedrock-agentcore", "billing", "cognito-idp", "ec2"),
    *("elasticfilesystem", "elasticloadbalancing", "firehose", "kinesis", "payments", "s3files"),
}
NEVER = {
    "to read or write data": "dynamodb:(BatchWrite|Delete|Get|Put|Update)Item "
    "dynamodb:(Query|Scan) secretsmanager:GetSecretValue s3:DeleteObject s3:PutObjectAcl",
    "to delete data": "dynamodb:DeleteTable kms:(DisableKey|ScheduleKeyDeletion) "
    "secretsmanager:DeleteSecret backup:DeleteBackupVault s3:DeleteBucket",
    "to take a boundary away": "iam:DeleteRolePermissionsBoundary",
    "tables that are imported or elsewhere": "dynamodb:(Associate|Create)TableReplica "
    "dynamodb:(DescribeImport|ImportTable) s3:(GetObjectMetadata|ListBucket) logs:CreateLogStream "
    "logs:DescribeLogStreams logs:PutLogEvents secretsmanager:Re.*",
    "what this template has not": "apigateway:UpdateRestApiPolicy backup-storage:Mount "
    "backup:(Delete|Put)BackupVault(AccessPolicy|LockConfiguration|Notifications) "
    "codedeploy:RegisterOnPremisesInstance dynamodb:(Delete|Put)ResourcePolicy "
    "dynamodb:(Disable|Enable|Update)KinesisStreamingDestination "
    "dynamodb:UpdateContributorInsights events:(Put|Remove)Permission iam:DescribeOrganization "
    "kms:(GenerateDataKeyWithoutPlaintext|ReEncrypt.*) lambda:AssociateRuntimeAlias "
    "lambda:(Delete|Put)FunctionCodeSigningConfig lambda:GetCodeSigningConfig "
    "lambda:PassCapacityProvider "
    "lambda:DeleteProvisionedConcurrencyConfig "
    "lambda:Put(FunctionRecursion|FunctionScaling|ProvisionedConcurrency|RuntimeManagement)Config "
    "logs:(Associate|Disassociate)KmsKey logs:Delete(DataProtection|Index|Resource)Policy "
    "logs:Put(BearerTokenAuthentication|DataProtectionPolicy|IndexPolicy) "
    "logs:PutLogGroupDeletionProtection s3:REST.* s3:ListAllMyBuckets s3tables:.* "
    "s3:Delete(BucketAnalyticsConfiguration|BucketCors|BucketEncryption|BucketLifecycle) "
    "s3:Delete(BucketMetricsConfiguration|BucketReplication|BucketWebsite) "
    "s3:(Create|Delete|Update)BucketMetadata.* "
    "s3:Put(Accelerate|Analytics|IntelligentTiering|Inventory|Metrics|Replication)Configuration "
    "s3:PutBucket(Abac|Acl|CORS|Logging|ObjectLockConfiguration|Replication|Website) "
    "s3:PutObjectLockConfiguration "
    "sns:PutDataProtectionPolicy wafv2:(Get|Put)PermissionPolicy",
}
UNUSED = [pattern for patterns in NEVER.values() for pattern in patterns.split()]


@cache
def handlers() -> dict[str, set[str]]:
    """Return the actions that CloudFormation needs, by the type of a resource."""
    schemas = files("cfnlint") / "data" / "schemas" / "resources"
    found: dict[str, set[str]] = {}
    for path in schemas.iterdir():
        if path.name.endswith(".json"):
            schema = json.loads(path.read_text())
            found[schema["typeName"]] = {
                action
                for handler in schema.get("handlers", {}).values()
                for action in handler.get("permissions", [])
            }
    return found


def needed() -> dict[str, str]:
    """Return the actions that the template's resources need, each with a type that needs it."""
    template = transformed(**EVERYTHING)
    known = conditions(template, values(template, **EVERYTHING))
    return {
        action: resource["Type"]
        for resource in template["Resources"].values()
        if known.get(resource.get("Condition", ""), True)
        for action in handlers()[resource["Type"]]
    }


def statements(*names: str) -> Iterator[dict[str, Any]]:
    """Return the statements of policies of the bootstrap template."""
    for name in names:
        yield from RESOURCES[name]["Properties"]["PolicyDocument"]["Statement"]


def listed(value: Any) -> list[str]:
    """Return a value as a list, if it is not one."""
    return value if isinstance(value, list) else [value]


def allowed() -> set[str]:
    """Return the actions that the deployment role is allowed."""
    return {action for each in statements(*POLICIES) for action in listed(each["Action"])}


def unused(action: str) -> bool:
    """Return whether no deployment needs an action that a handler names."""
    other = action.partition(":")[0] in OTHER_SERVICES
    return other or any(re.fullmatch(pattern, action) for pattern in UNUSED)


def covers(actions: dict[str, Any], action: str, resource: str) -> bool:
    """Return whether a statement allows an action on a resource."""
    if action not in listed(actions["Action"]):
        return False
    patterns = (re.escape(each).replace(r"\*", ".*") for each in listed(actions["Resource"]))
    return any(re.fullmatch(pattern, resource) for pattern in patterns)


def test_the_role_has_what_a_deployment_needs() -> None:
    """Every action that the handlers of the template's resources need is allowed."""
    have = {each.lower() for each in allowed()}
    missing = {a: kind for a, kind in needed().items() if a.lower() not in have and not unused(a)}
    assert missing == {}


def test_the_role_has_no_more() -> None:
    """No action is allowed that no handler needs, or that is said to be unused."""
    want = {each.lower() for each in needed() if not unused(each)}
    assert {each for each in allowed() if each.lower() not in want} == set()


def test_each_unused_right_is_one_that_a_handler_names() -> None:
    """The list of what no deployment needs has no line without effect."""
    names = needed()
    assert not [each for each in UNUSED if not any(re.fullmatch(each, name) for name in names)]
    services = {each.partition(":")[0] for each in names}
    assert services >= OTHER_SERVICES


def test_no_role_gets_more_than_the_boundary() -> None:
    """What gives a role rights is allowed for roles with the boundary only, in the stack's path."""
    gives = {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"}
    gives |= {"iam:PutRolePermissionsBoundary"}
    found = [each for each in statements(*POLICIES) if gives & set(listed(each["Action"]))]
    for each in found:
        assert each["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": "<Boundary>"}}
        assert each["Resource"] == f"arn:aws:iam::123456789012:role/{LONGEST_NAME}/*"
    assert gives <= {action for each in found for action in listed(each["Action"])}
    for action in allowed():
        assert not re.match(
            r"iam:(.*Policy.*Version|CreatePolicy|DeletePolicy|.*User|.*Group)", action
        )


def test_the_boundary_bounds_no_function_below_its_own() -> None:
    """The boundary allows each action of the functions' own boundary, on the same resources."""
    template = transformed()
    of = values(template)
    statements_ = template["Resources"]["FunctionBoundary"]["Properties"]["PolicyDocument"]
    here = "eu-west-3:123456789012"
    arns = {
        "<Table>": f"arn:aws:dynamodb:{here}:table/{LONGEST_NAME}-Table-1ABCDEF2GHIJK",
        "<DataKey>": f"arn:aws:kms:{here}:key/51af3dc0-da77-11e4-872e-1234567db123",
        "<EventBus>": f"arn:aws:events:{here}:event-bus/{LONGEST_NAME}",
        "<Files>": f"arn:aws:s3:::{LONGEST_NAME}-files-1abcdef2ghijk",
        "<Files.Arn>/*": f"arn:aws:s3:::{LONGEST_NAME}-files-1abcdef2ghijk/*",
        "<FunctionLogs.Arn>:*": f"arn:aws:logs:{here}:log-group:/{LONGEST_NAME}/functions:*",
    }
    for name in ("TokenSecret", "LookupSecret", "PepperSecret", "SsoSecret"):
        arns[f"<{name}>"] = f"arn:aws:secretsmanager:{here}:secret:{name}-1ABCDEF2GHIJK-abcdef"
    for name in ("UnsentMessages", "FailedEvents"):
        arns[f"<{name}>"] = f"arn:aws:sqs:{here}:{LONGEST_NAME}-{name}-1ABCDEF2GHIJK"
    for each in resolve(statements_["Statement"], of, conditions(template, of)):
        for action in listed(each["Action"]):
            for resource in listed(each["Resource"]):
                arn = arns.get(resource, resource).replace("<MailConfigurationSet>", LONGEST_NAME)
                found = any(covers(known, action, arn) for known in statements("Boundary"))
                assert found, (action, arn)


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_IAM.html and
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForLambda.html
OF_SERVICES = (
    *(f"dynamodb:{each}Item" for each in ("BatchWrite", "Delete", "Get", "Put", "Update")),
    *("dynamodb:Query", "dynamodb:Scan", "dynamodb:DescribeTable"),
    *("dynamodb:RestoreTableFromBackup", "dynamodb:RestoreTableFromAwsBackup"),
    *("dynamodb:StartAwsBackupJob", "dynamodb:CreateBackup", "dynamodb:ListTagsOfResource"),
    *(
        "cloudwatch:DescribeAlarms",
        "lambda:UpdateAlias",
        "lambda:GetAlias",
        "lambda:InvokeFunction",
    ),
)


@pytest.mark.parametrize("action", OF_SERVICES)
def test_the_boundary_lets_services_work(action: str) -> None:
    """AWS Backup copies and restores tables, and CodeDeploy moves traffic, within the boundary."""
    here, name = "eu-west-3:123456789012", LONGEST_NAME
    resource = {
        "dynamodb": f"arn:aws:dynamodb:{here}:table/{name}-Table-1ABCDEF2GHIJK-restored",
        "cloudwatch": f"arn:aws:cloudwatch:{here}:alarm:{name}-FailedRequestsAlarm-1ABC",
        "lambda": f"arn:aws:lambda:{here}:function:{name}-Login",
    }[action.partition(":")[0]]
    assert any(covers(each, action, resource) for each in statements("Boundary"))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("lambda:UpdateFunctionCode", f"lambda:eu-west-3:123456789012:function:{LONGEST_NAME}-Web"),
        ("iam:GetRole", f"iam::123456789012:role/{LONGEST_NAME}/{LONGEST_NAME[:24]}-WebRole-1ABC"),
        ("dynamodb:UpdateTable", f"dynamodb:eu-west-3:123456789012:table/{LONGEST_NAME}-Table-1A"),
        ("events:PutRule", f"events:eu-west-3:123456789012:rule/{LONGEST_NAME}-daily"),
        ("events:PutRule", f"events:eu-west-3:123456789012:rule/{LONGEST_NAME}/decisions"),
        ("sqs:SetQueueAttributes", f"sqs:eu-west-3:123456789012:{LONGEST_NAME}-FailedEvents-1A"),
        (
            "logs:PutRetentionPolicy",
            f"logs:eu-west-3:123456789012:log-group:/{LONGEST_NAME}/requests",
        ),
        (
            "logs:CreateLogGroup",
            f"logs:eu-west-3:123456789012:log-group:aws-waf-logs-{LONGEST_NAME}",
        ),
        (
            "cloudwatch:PutMetricAlarm",
            f"cloudwatch:eu-west-3:123456789012:alarm:{LONGEST_NAME}-A-1",
        ),
    ],
)
def test_the_role_may_change_the_stack_and_no_other(action: str, resource: str) -> None:
    """What has the stack's name is within the role's reach, and what has another's is not."""
    found = [each for each in statements(*POLICIES) if action in listed(each["Action"])]
    assert any(covers(each, action, f"arn:aws:{resource}") for each in found)
    other = resource.replace(LONGEST_NAME, "other").replace(LONGEST_NAME[:24], "other")
    assert not any(covers(each, action, f"arn:aws:{other}") for each in found)


def test_policies_fit() -> None:
    """Each policy is within IAM's 6,144 characters, for the longest name of a stack."""
    for name in (*POLICIES, "Boundary"):
        document = json.dumps(RESOURCES[name]["Properties"]["PolicyDocument"], separators=",:")
        assert len(re.sub(r"\s", "", document)) <= 6144, name


def test_only_the_repository_and_environment_assume_the_role() -> None:
    """GitHub's token must be for AWS, and of a job in the environment of the repository."""
    trust = RESOURCES["PipelineRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust[0]["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:repository:environment:staging",
        }
    }
    (hand_over,) = (
        each
        for each in RESOURCES["PipelineRole"]["Properties"]["Policies"][0]["PolicyDocument"][
            "Statement"
        ]
        if "iam:PassRole" in listed(each["Action"])
    )
    assert hand_over["Resource"] == "<DeploymentRole>"
