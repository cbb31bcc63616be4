"""What operators rely on: alarms, the dashboard, the firewall's view, the archive of events."""

import json
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.exceptions import ClientError

from portal.core.bus import SOURCE
from portal.http.answers import problem_of
from tests.world.cloud import ROOT, read_template

TEMPLATE = read_template()
RESOURCES = TEMPLATE["Resources"]


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
    assert len(alarms) == 12
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


def test_a_bad_version_is_rolled_back() -> None:
    """A deployment watches errors, requests that fail or are slow, and mails that wait.

    One of its alarms can ring while the new version has a tenth of the traffic: five minutes.
    """
    preference = TEMPLATE["Globals"]["Function"]["DeploymentPreference"]
    assert preference["Type"] == "Canary10Percent5Minutes"
    early = RESOURCES["InternalErrorsAlarm"]["Properties"]
    assert (early["Period"], early["EvaluationPeriods"], early["Threshold"]) == (60, 1, 0)
    assert early["ComparisonOperator"] == "GreaterThanThreshold"
    assert early["TreatMissingData"] == "notBreaching", "a deployment at night is not held up"
    (counted,) = RESOURCES["InternalErrors"]["Properties"]["MetricTransformations"]
    assert counted["MetricNamespace"] == early["Namespace"]
    assert counted["MetricName"] == early["MetricName"]
    assert {each["Ref"] for each in preference["Alarms"]} == {
        "InternalErrorsAlarm",
        "FailedRequestsAlarm",
        "SlowRequestsAlarm",
        "LateMessagesAlarm",
    }


def matches(pattern: str, line: Mapping[str, Any]) -> bool:
    """Return whether a log line matches a JSON filter pattern of CloudWatch Logs.

    Of its grammar: equality of strings with « * » as a wildcard, both ways, and, or, brackets.
    """

    def compare(field: str, operator: str, value: str) -> bool:
        found: Any = line
        for name in field.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return isinstance(found, str) and fnmatchcase(found, value) == (operator == "=")

    comparisons = re.findall(r'\$\.([\w.]+) (=|!=) "([^"]+)"', pattern)
    rest = re.sub(r'\$\.[\w.]+ !?= "[^"]+"', "{}", pattern.strip("{} \n"))
    assert re.fullmatch(r"(?:[()]|\{\}|&&|\|\||\s)+", rest), rest
    results = [str(compare(*each)) for each in comparisons]
    expression = rest.replace("&&", "and").replace("||", "or").format(*results)
    return bool(eval(" ".join(expression.split())))  # noqa: S307 - True, False, and, or, brackets


@pytest.mark.parametrize(
    ("line", "rings"),
    [
        ({"level": "ERROR", "message": "unexpected failure", "error": "KeyError"}, True),
        ({"message": "backing service failed", "code": "AccessDeniedException"}, True),
        ({"message": "backing service failed", "code": "ThrottlingException"}, False),
        ({"errorType": "KeyError", "errorMessage": "'x'", "requestId": "r"}, True),
        ({"errorType": "Runtime.ImportModuleError", "errorMessage": "no"}, True),
        ({"errorType": "ValidationError", "errorMessage": "1 error"}, False),
        ({"errorType": "ImplausibleTimeError"}, False),
        ({"type": "platform.report", "record": {"status": "timeout"}}, True),
        ({"type": "platform.initReport", "record": {"errorType": "Runtime.ExitError"}}, True),
        ({"type": "platform.report", "record": {"status": "success"}}, False),
        ({"level": "INFO", "message": "request", "outcome": "ok"}, False),
    ],
)
def test_an_internal_error_is_counted(line: dict[str, Any], *, rings: bool) -> None:
    """One error of ours counts; what others sent wrongly, or a service that is down, does not."""
    assert matches(RESOURCES["InternalErrors"]["Properties"]["FilterPattern"], line) is rings


def test_failures_are_logged_in_the_words_that_are_counted(log: Callable[[], str]) -> None:
    """What the functions log for an error of their own is what the metric looks for."""
    pattern = RESOURCES["InternalErrors"]["Properties"]["FilterPattern"]
    problem_of(ZeroDivisionError())
    problem_of(ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetItem"))
    ours, refused = map(json.loads, log().splitlines())
    assert ours["message"] != refused["message"]
    assert matches(pattern, ours)
    assert matches(pattern, refused)


@pytest.mark.guards("own-events-only")
def test_the_archive_names_nobody() -> None:
    """The archive keeps the portal's own events, which have ids; not the back office's."""
    archive = RESOURCES["EventArchive"]["Properties"]
    assert archive["EventPattern"] == {"source": [SOURCE]}
    assert archive["SourceArn"] == {"Fn::GetAtt": ["EventBus", "Arn"]}
    assert archive["RetentionDays"] == {"Ref": "EventArchiveDays"}


@pytest.mark.parametrize("name", ["AlertAddress", "SecondAlertAddress", "ThirdAlertAddress"])
def test_alarms_reach_each_address(name: str) -> None:
    """Each of up to three addresses has a subscription of its own, and is told of costs."""
    pattern = TEMPLATE["Parameters"][name]["AllowedPattern"]
    assert re.fullmatch(pattern, "")
    assert re.fullmatch(pattern, "a@x.fr")
    for refused in ("a", "a@x.fr,b@x.fr", "a@x.fr "):
        assert not re.fullmatch(pattern, refused)
    (subscription,) = (
        each
        for each in RESOURCES.values()
        if each["Type"] == "AWS::SNS::Subscription"
        and each["Properties"]["Endpoint"] == {"Ref": name}
    )
    given = TEMPLATE["Conditions"][subscription["Condition"]]
    assert given == {"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]}
    budget = RESOURCES["Budget"]["Properties"]["NotificationsWithSubscribers"]
    anomalies = RESOURCES["CostAnomaliesAreTold"]["Properties"]
    for subscribers in (*(each["Subscribers"] for each in budget), anomalies["Subscribers"]):
        assert str({"Ref": name}) in str(subscribers)


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
