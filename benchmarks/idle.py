"""What the stack costs in a month in which nobody comes, from the transformed template."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.prices import (
    ALARM,
    DASHBOARD,
    FIREWALL_LIST,
    FIREWALL_RULE,
    GIB_SECOND,
    INVOCATION,
    KEY,
    MONTH_SECONDS,
    SECRET,
    SNAPSHOT,
    Price,
)

type Resources = Mapping[str, Mapping[str, Any]]

FREE = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::DomainName",
    "AWS::Backup::BackupPlan",
    "AWS::Backup::BackupSelection",
    "AWS::Backup::BackupVault",
    "AWS::Budgets::Budget",  # without actions
    "AWS::CE::AnomalyMonitor",
    "AWS::CE::AnomalySubscription",
    "AWS::CodeDeploy::Application",  # for Lambda
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Events::EventBus",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",  # Lambda's reads of the stream are free
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",  # up to 75 GB of code
    "AWS::Lambda::Permission",
    "AWS::Logs::QueryDefinition",
    "AWS::S3::BucketPolicy",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::SES::EmailIdentity",
    "AWS::SNS::Subscription",
    "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::WebACLAssociation",
}
"""Types of resources that AWS does not charge for."""
BY_USE = {
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",  # without a cache, and without metrics by method
    "AWS::DynamoDB::Table",
    "AWS::Events::Archive",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
}
"""Types that are charged for what they take and keep only."""
RUN_SECONDS = 1.0
"""Assumed duration of a run that a schedule starts."""


@dataclass(frozen=True, slots=True)
class Line:
    """So many units of a price in a month."""

    what: str
    count: float
    price: Price

    @property
    def dollars(self) -> float:
        """Dollars a month."""
        return self.count * self.price.each


class UnpricedError(Exception):
    """A type of resource that is neither priced nor known to be free."""


def monthly(resources: Resources) -> list[Line]:
    """Return what a month costs without any request, the dearest first.

    Raises ``UnpricedError`` for a type that is unknown here.
    """
    lines: list[Line] = []
    for resource in resources.values():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind not in FREE | BY_USE:
            lines += _lines(kind, properties, resources)
        if kind == "AWS::ApiGateway::Stage":
            _require_no_extras(properties)
    summed: dict[str, Line] = {}
    for line in lines:
        former = summed.get(line.what)
        count = line.count + (former.count if former else 0)
        summed[line.what] = Line(line.what, count, line.price)
    return sorted(summed.values(), key=lambda each: -each.dollars)


def _lines(kind: str, properties: Mapping[str, Any], resources: Resources) -> list[Line]:
    match kind:
        case "AWS::Lambda::Version":
            function = resources[properties["FunctionName"]["Ref"]]["Properties"]
            gib = function["MemorySize"] / 1024 if "SnapStart" in function else 0
            return [Line("snapshots, GiB-seconds", gib * MONTH_SECONDS, SNAPSHOT)]
        case "AWS::WAFv2::WebACL":
            rules = Line("rules of the firewall", len(properties["Rules"]), FIREWALL_RULE)
            return [Line("firewall", 1, FIREWALL_LIST), rules]
        case "AWS::CloudWatch::Alarm":
            metrics = [each for each in properties.get("Metrics", []) if "MetricStat" in each]
            return [Line("metrics that alarms watch", max(1, len(metrics)), ALARM)]
        case "AWS::Events::Rule":
            return _runs(properties, resources)
        case "AWS::Scheduler::Schedule":  # itself free up to 14 million runs a month
            return _runs({**properties, "Targets": [properties["Target"]]}, resources)
        case _:
            one = {
                "AWS::CloudWatch::Dashboard": Line("dashboard", 1, DASHBOARD),
                "AWS::KMS::Key": Line("key", 1, KEY),
                "AWS::SecretsManager::Secret": Line("secrets", 1, SECRET),
            }
            if kind not in one:
                raise UnpricedError(kind)
            return [one[kind]]


def _require_no_extras(stage: Mapping[str, Any]) -> None:
    """Raise ``UnpricedError`` for what a stage costs by the month: a cache, metrics by method."""
    settings = stage.get("MethodSettings", [])
    if stage.get("CacheClusterEnabled") or any(each.get("MetricsEnabled") for each in settings):
        raise UnpricedError(stage)


def _runs(properties: Mapping[str, Any], resources: Resources) -> list[Line]:
    """Return what the runs of a schedule cost; a rule about events costs nothing."""
    schedule = properties.get("ScheduleExpression")
    if schedule is None:
        return []
    seconds = _seconds_between(schedule)
    (target,) = properties["Targets"]
    alias = resources[target["Arn"]["Ref"]]["Properties"]["FunctionName"]["Ref"]
    gib = resources[alias]["Properties"]["MemorySize"] / 1024
    runs = MONTH_SECONDS / seconds
    return [
        Line("scheduled runs", runs, INVOCATION),
        Line("scheduled runs, GiB-seconds", runs * RUN_SECONDS * gib, GIB_SECOND),
    ]


def _seconds_between(schedule: str) -> float:
    """Return the seconds between two runs: of a rate, or of times of each day."""
    if found := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", schedule):
        return int(found[1]) * {"minute": 60, "hour": 3600, "day": 86400}[found[2]]
    if found := re.fullmatch(r"cron\(\d+ (\d+(?:,\d+)*) \* \* \? \*\)", schedule):
        return 86400 / len(found[1].split(","))
    raise UnpricedError(schedule)
