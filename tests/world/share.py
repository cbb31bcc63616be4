"""How much of the template the local stack tries: `python -m tests.world.share` writes the table.

Counted from the template that SAM makes, with every option of it on, as on AWS.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.world.cloud import ROOT
from tests.world.evaluation import ON_AWS, conditions, values
from tools.stack.stack import PARAMETERS
from tools.transformed import transformed

PAGE = ROOT / "docs" / "deployment.md"
START = "<!-- share: made by `make share` -->\n"
END = "<!-- end -->"

ACTS = {
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::DomainName",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Version",
    "AWS::S3::Bucket",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::EmailIdentity",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
}
"""Types that the tests of the local stack see act."""
STORED = {
    "AWS::ApiGateway::Account",
    "AWS::Backup::BackupPlan",
    "AWS::Backup::BackupVault",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::SNS::Topic",
    "AWS::Scheduler::Schedule",
    "AWS::WAFv2::WebACL",
}
"""Types that the emulator stores, and that do nothing there."""


def made(**parameters: str) -> Iterator[tuple[str, str]]:
    """Return the name and the type of each resource that a stack has, for values of parameters.

    Without the ten characters by which SAM tells contents apart: of versions, layers, the gateway.
    """
    template = transformed(**parameters)
    known = conditions(template, values(template, **parameters))
    for name, resource in template["Resources"].items():
        if known.get(resource.get("Condition", ""), True):
            yield re.sub(r"[0-9a-f]{10}$", "", name), resource["Type"]


def shares() -> dict[str, Counter[str]]:
    """Return how many resources of each type act, are only stored and are not made, locally.

    Raise ``LookupError`` for a type of which nobody said whether it acts.
    """
    local = {name for name, _ in made(**dict(each.split("=") for each in PARAMETERS))}
    found: dict[str, Counter[str]] = {"act": Counter(), "stored": Counter(), "absent": Counter()}
    for name, kind in made(**ON_AWS):
        if name not in local:
            found["absent"][kind] += 1
        elif kind in ACTS:
            found["act"][kind] += 1
        elif kind in STORED:
            found["stored"][kind] += 1
        else:
            raise LookupError(f"Does the local stack try {kind}? Say so in tests/world/share.py.")
    return found


def table() -> str:
    """Return the table of the page, in Markdown."""
    words = {"act": "act there as on AWS", "stored": "are stored there, and do nothing"}
    words["absent"] = "are not made there"
    found = shares()
    total = sum(each.total() for each in found.values())
    rows = [
        f"| {words[share]} | {each.total()} of {total} | {', '.join(map(_counted, _by(each)))} |\n"
        for share, each in found.items()
    ]
    return "| the template's resources | how many | which |\n|---|---|---|\n" + "".join(rows)


def _by(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda each: (-each[1], each[0]))


def _counted(of_type: tuple[str, Any]) -> str:
    kind, number = of_type
    return f"{number} {kind.removeprefix('AWS::').replace('::', ' ')}"


def main() -> None:
    """Replace the table of the page."""
    before, _, rest = PAGE.read_text().partition(START)
    PAGE.write_text(before + START + table() + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
