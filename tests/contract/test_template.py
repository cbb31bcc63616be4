from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from portal import aws

TEMPLATE = yaml_parse((Path(__file__).parents[2] / "template.yaml").read_text())
FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in TEMPLATE["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
}
GATEWAY_SECONDS = 29


def has_route(function: dict[str, Any]) -> bool:
    """Tell whether a function answers HTTP requests."""
    return any(event["Type"] == "Api" for event in function.get("Events", {}).values())


@pytest.mark.parametrize("name", [name for name, each in FUNCTIONS.items() if has_route(each)])
def test_a_call_that_fails_ends_before_its_function(name: str) -> None:
    """All attempts of an AWS call end before the function, which ends before the gateway."""
    timeout = FUNCTIONS[name].get("Timeout", TEMPLATE["Globals"]["Function"]["Timeout"])
    attempts = aws._CONFIG.retries["total_max_attempts"]
    assert attempts * (aws._CONFIG.connect_timeout + aws._CONFIG.read_timeout) < timeout
    assert timeout < GATEWAY_SECONDS


def test_the_table_forgets_and_remembers() -> None:
    """TTL ends what has a time, the stream feeds the outbox, and a past state can be restored."""
    table = TEMPLATE["Resources"]["Table"]["Properties"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["SSESpecification"]["SSEType"] == "KMS"


def test_data_survives_the_stack() -> None:
    """What cannot be made anew outlives a deleted stack: the table, the key, the secrets."""
    for name in ("Table", "DataKey", "TokenSecret", "LookupSecret", "PepperSecret"):
        resource = TEMPLATE["Resources"][name]
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert resource["UpdateReplacePolicy"] == "Retain", name


def test_a_poison_record_leaves_the_stream() -> None:
    """What cannot be sent is tried a few times, alone, then noted in a queue that is watched."""
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
