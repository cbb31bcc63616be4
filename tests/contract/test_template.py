import json
import re
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from portal.core import aws
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


def test_the_table_has_ttl_stream_and_backups() -> None:
    """The table has a TTL, a stream for the outbox, backups and encryption."""
    table = TEMPLATE["Resources"]["Table"]["Properties"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["SSESpecification"]["SSEType"] == "KMS"


def test_data_survives_the_stack() -> None:
    """A deleted stack leaves what cannot be created again: table, data key and secrets."""
    for name in ("Table", "DataKey", "TokenSecret", "LookupSecret", "PepperSecret"):
        resource = TEMPLATE["Resources"][name]
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert resource["UpdateReplacePolicy"] == "Retain", name


def test_other_gateways_keep_their_logs() -> None:
    """A deleted stack leaves the role of the account's gateways, whose setting stays too."""
    setting, role = RESOURCES["GatewayAccount"]["Properties"], RESOURCES["GatewayLogsRole"]
    own, given = {"Fn::GetAtt": ["GatewayLogsRole", "Arn"]}, {"Ref": "GatewayRoleArn"}
    assert setting["CloudWatchRoleArn"] == {"Fn::If": [role["Condition"], own, given]}
    assert role["DeletionPolicy"] == "RetainExceptOnCreate"
    assert role["UpdateReplacePolicy"] == "Retain"


def test_every_alarm_says_what_to_do() -> None:
    """Each alarm is sent to the topic of alerts and names its section of the runbook."""
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    headings = re.findall(r"^#+ (.+)$", runbook, re.MULTILINE)
    anchors = {heading.strip().lower().replace(" ", "-") for heading in headings}
    alarms = [each for each in RESOURCES.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert len(alarms) == 9
    for alarm in (each["Properties"] for each in alarms):
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "Alerts"}]
        assert alarm["AlarmDescription"].rpartition("docs/runbook.md#")[2] in anchors


def test_a_line_of_the_dashboard_is_named_by_what_it_counts() -> None:
    """Each dynamic label reaches CloudWatch unescaped, and names a dimension of its search."""
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    # As CloudFormation does: ${!Literal} is written ${Literal}, ${Name} is replaced.
    resolved = re.sub(r"\$\{(!?)([^}]*)\}", lambda it: f"${{{it[2]}}}" if it[1] else "x", body)
    labelled = 0
    for widget in json.loads(resolved)["widgets"]:
        for metric in widget["properties"]["metrics"]:
            shown = metric[-1] if isinstance(metric[-1], dict) else {}
            dynamic = re.findall(r"\$\{PROP\('Dim\.(\w+)'\)\}", shown.get("label", ""))
            labelled += len(dynamic)
            rest = re.sub(r"\$\{PROP\('[\w.]+'\)\}", "", shown.get("label", ""))
            assert not set("${}!") & set(rest), shown
            for dimension in dynamic:
                assert re.search(rf"SEARCH\('{{[^}}]*\b{dimension}\b", shown["expression"]), shown
    assert labelled == 5


SELDOM_CALLED = {"Logout", "RecoverPassword", "Contact"}
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


def test_a_bad_version_is_rolled_back() -> None:
    """A deployment watches requests that fail or are slow, and mails that wait."""
    preference = TEMPLATE["Globals"]["Function"]["DeploymentPreference"]
    assert preference["Type"].startswith("Canary")
    assert {each["Ref"] for each in preference["Alarms"]} == {
        "FailedRequestsAlarm",
        "SlowRequestsAlarm",
        "LateMessagesAlarm",
    }


def test_every_function_is_bounded_and_logs_for_a_time() -> None:
    """The functions' boundary allows no scan; every log has a retention."""
    function = TEMPLATE["Globals"]["Function"]
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": "FunctionLogs"}
    boundary = RESOURCES["FunctionBoundary"]["Properties"]["PolicyDocument"]["Statement"]
    actions = [action for each in boundary for action in _listed(each["Action"])]
    assert not [each for each in actions if "*" in each or "Scan" in each]
    groups = [each for each in RESOURCES.values() if each["Type"] == "AWS::Logs::LogGroup"]
    assert all("RetentionInDays" in each["Properties"] for each in groups)


def test_the_firewall_is_before_the_gateway() -> None:
    """The firewall has its four kinds of rules and is attached, unless a parameter disables it."""
    rules = {each["Name"] for each in RESOURCES["Firewall"]["Properties"]["Rules"]}
    assert rules == {"rate", "reputation", "known-bad-inputs", "common"}
    assert RESOURCES["FirewallAttachment"]["Condition"] == "AttachesFirewall"
    assert TEMPLATE["Parameters"]["AttachFirewall"]["Default"] == "true"


def test_each_rule_of_the_firewall_is_seen() -> None:
    """Each rule has a metric of its own and samples; what it finds is logged, the rest is not."""
    firewall = RESOURCES["Firewall"]["Properties"]
    for rule in firewall["Rules"]:
        shown = rule["VisibilityConfig"]
        assert shown == {
            "CloudWatchMetricsEnabled": True,
            "MetricName": rule["Name"],
            "SampledRequestsEnabled": True,
        }
    # The firewall's own metric tells stacks apart; what no rule found is not sampled.
    assert firewall["VisibilityConfig"]["MetricName"] == {"Ref": "AWS::StackName"}
    assert firewall["VisibilityConfig"]["SampledRequestsEnabled"] is False
    logging = RESOURCES["FirewallLogging"]
    assert logging["Condition"] == RESOURCES["FirewallAttachment"]["Condition"]
    group = RESOURCES["FirewallLogs"]["Properties"]["LogGroupName"]["Fn::Sub"]
    assert group.startswith("aws-waf-logs-"), "the only names that the firewall may write to"
    (destination,) = logging["Properties"]["LogDestinationConfigs"]
    assert destination["Fn::Sub"].endswith(f":log-group:{group}")
    kept = logging["Properties"]["LoggingFilter"]
    assert kept["DefaultBehavior"] == "DROP"
    conditions = kept["Filters"][0]["Conditions"]
    assert {each["ActionCondition"]["Action"] for each in conditions} == {"BLOCK", "COUNT"}


@pytest.mark.guards("no-cookies-in-the-firewall", "no-paths-in-the-firewall")
def test_the_firewall_shows_nothing_typed() -> None:
    """Samples and logs have no body, query or cookie; logs have no path either."""
    protected = RESOURCES["Firewall"]["Properties"]["DataProtectionConfig"]["DataProtections"]
    assert all(each.keys() == {"Action", "Field"} for each in protected), "no exception"
    fields = {each["Field"]["FieldType"]: each["Field"] for each in protected}
    assert {"BODY", "QUERY_STRING", "SINGLE_HEADER"} <= fields.keys()
    assert {"cookie", "authorization", "referer"} <= set(fields["SINGLE_HEADER"]["FieldKeys"])
    redacted = RESOURCES["FirewallLogging"]["Properties"]["RedactedFields"]
    assert {"UriPath": {}} in redacted
    assert {"QueryString": {}} in redacted


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
