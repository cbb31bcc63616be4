import re
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from portal.core import aws
from portal.core.post import PAUSES, RESERVE
from tests.world.cloud import ROOT
from tools.stack.stack import DEMONSTRATION
from tools.transformed import transformed

TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES = TEMPLATE["Resources"]
FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::Function"
}
GATEWAY_SECONDS = 29


def has_route(function: dict[str, Any]) -> bool:
    """Return whether a function answers HTTP requests."""
    return any(event["Type"] == "Api" for event in function.get("Events", {}).values())


@pytest.mark.guards("read-timeout", "function-timeout")
@pytest.mark.parametrize("name", [name for name, each in FUNCTIONS.items() if has_route(each)])
def test_a_call_that_fails_ends_before_its_function(name: str) -> None:
    """All tries of an AWS call end before the function, which ends before the gateway."""
    timeout = FUNCTIONS[name].get("Timeout", TEMPLATE["Globals"]["Function"]["Timeout"])
    attempts = aws._CONFIG.retries["total_max_attempts"]
    assert attempts * (aws._CONFIG.connect_timeout + aws._CONFIG.read_timeout) < timeout
    assert timeout < GATEWAY_SECONDS


@pytest.mark.guards("executions-are-left")
def test_mails_leave_executions_to_people() -> None:
    """However much waits, SendMail runs once for a shard; its pauses end before its time."""
    outbox = FUNCTIONS["SendMail"]["Events"]["Outbox"]["Properties"]
    assert outbox["ParallelizationFactor"] == 1
    assert sum(PAUSES) + RESERVE < FUNCTIONS["SendMail"]["Timeout"]


def test_the_defaults_deploy_everywhere() -> None:
    """By default nothing is reserved: an account with ten executions could not reserve any."""
    for function in FUNCTIONS.values():
        match function.get("ReservedConcurrentExecutions"):
            case None:
                pass
            case reserved:
                unlimited = {"Ref": "AWS::NoValue"}
                wanted = {"Ref": "PublicConcurrency"}
                assert reserved == {"Fn::If": ["LimitsConcurrency", wanted, unlimited]}
    limited = TEMPLATE["Conditions"]["LimitsConcurrency"]
    assert limited == {"Fn::Not": [{"Fn::Equals": [{"Ref": "PublicConcurrency"}, 0]}]}
    assert TEMPLATE["Parameters"]["PublicConcurrency"]["Default"] == 0


def test_the_table_has_ttl_stream_and_backups() -> None:
    """The table has a TTL, a stream for the outbox, backups and encryption."""
    table = TEMPLATE["Resources"]["Table"]["Properties"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["SSESpecification"]["SSEType"] == "KMS"


def test_data_survives_the_stack() -> None:
    """A deleted stack leaves what cannot be created again: table, data key and secrets."""
    for name in ("Table", "DataKey", "TokenSecret", "LookupSecret", "PepperSecret", "SsoSecret"):
        resource = TEMPLATE["Resources"][name]
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert resource["UpdateReplacePolicy"] == "Retain", name


SELDOM_CALLED = {"Logout", "RecoverPassword", "Contact", "Estimate"}
"""Functions that people wait for, and that nobody may call for the 14 days of a snapshot."""


def test_snapshots_are_where_people_wait() -> None:
    """Functions of requests start from a snapshot, except those that are seldom called."""
    with_snapshot = {name for name, each in FUNCTIONS.items() if "SnapStart" in each}
    assert with_snapshot == {n for n, each in FUNCTIONS.items() if has_route(each)} - SELDOM_CALLED
    assert "SnapStart" not in TEMPLATE["Globals"]["Function"]


def test_a_deployment_deletes_the_versions_that_it_replaces() -> None:
    """CloudFormation deletes each former version, whose snapshot would be paid for."""
    of_type = [
        each
        for each in transformed()["Resources"].values()
        if each["Type"] == "AWS::Lambda::Version"
    ]
    assert len(of_type) == len(FUNCTIONS)
    assert {each["DeletionPolicy"] for each in of_type} == {"Delete"}


def test_no_metric_is_paid_for_unused() -> None:
    """The gateway's metrics by method, which are billed and which no alarm reads, are off."""
    (settings,) = RESOURCES["Api"]["Properties"]["MethodSettings"]
    assert settings["MetricsEnabled"] is False
    watched = [
        each["Properties"]["Dimensions"]
        for each in RESOURCES.values()
        if each.get("Properties", {}).get("Namespace") == "AWS/ApiGateway"
    ]
    assert watched
    assert all([each["Name"] for each in names] == ["ApiName"] for names in watched)


def test_every_function_is_bounded_and_logs_for_a_time() -> None:
    """The functions' boundary allows no scan; every log has a retention."""
    function = TEMPLATE["Globals"]["Function"]
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": "FunctionLogs"}
    boundary = RESOURCES["FunctionBoundary"]["Properties"]["PolicyDocument"]["Statement"]
    actions = [action for each in boundary for action in _listed(each["Action"])]
    assert not [each for each in actions if "*" in each or "Scan" in each]
    groups = [each for each in RESOURCES.values() if each["Type"] == "AWS::Logs::LogGroup"]
    assert all("RetentionInDays" in each["Properties"] for each in groups)


def test_no_request_is_logged_with_what_was_typed() -> None:
    """Access logs have the route, and no path, body or header."""
    api = RESOURCES["Api"]["Properties"]
    names = set(re.findall(r"\$context\.([A-Za-z.]+)", api["AccessLogSetting"]["Format"]))
    assert "resourcePath" in names
    assert not names & {"path", "authorizer.principalId", "identity.userAgent", "protocol"}
    assert api["MethodSettings"][0]["DataTraceEnabled"] is False


@pytest.mark.guards("poison-leaves-the-stream")
def test_a_poison_record_leaves_the_stream() -> None:
    """A record that fails is tried a few times, alone, then noted in a watched queue."""
    outbox = FUNCTIONS["SendMail"]["Events"]["Outbox"]["Properties"]
    assert outbox["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert outbox["BisectBatchOnFunctionError"] is True
    assert 0 < outbox["MaximumRetryAttempts"] <= 10
    assert outbox["DestinationConfig"]["OnFailure"]["Type"] == "SQS"
    assert "UnsentMessages" in str(outbox["DestinationConfig"]["OnFailure"]["Destination"])
    watched = [
        each["Properties"]
        for each in TEMPLATE["Resources"].values()
        if each["Type"] == "AWS::CloudWatch::Alarm" and "UnsentMessages" in str(each["Properties"])
    ]
    assert any(each.get("AlarmActions") for each in watched)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


WHO_ANSWERS = (
    *("PublisherName", "PublisherAddress", "PublisherEmail", "PublisherPhone"),
    *("PublicationDirector", "HostingName", "HostingAddress", "HostingPhone"),
    *("DpoName", "DpoEmail"),
)


@pytest.mark.parametrize("name", WHO_ANSWERS)
def test_a_deployment_says_who_answers(name: str) -> None:
    """Publisher, host and data protection officer have no default and refuse blanks."""
    parameter = TEMPLATE["Parameters"][name]
    assert "Default" not in parameter
    for blank in ("", " ", "\u00a0 "):
        assert not re.fullmatch(parameter["AllowedPattern"], blank)
    assert re.fullmatch(parameter["AllowedPattern"], "service@portail.example")
    variables = FUNCTIONS["Web"]["Environment"]["Variables"]
    assert {"Ref": name} in variables.values()
    assert any(each.startswith(f"{name}=") for each in DEMONSTRATION), "the local stack has one"
    assert f"`{name}`" in (ROOT / "docs" / "deployment.md").read_text()
