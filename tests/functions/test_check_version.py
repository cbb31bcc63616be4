import json
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from benchmarks.world import ENVIRONMENT
from portal.core import aws
from tests.world.cloud import ROOT, read_template
from tests.world.functions import load_function
from tests.world.outside import deploying
from tests.world.use_cases import stop_clock, stream

if TYPE_CHECKING:
    from tests.world.functions import Gateway
    from tests.world.world import World

DEPLOYMENT = json.loads((ROOT / "events" / "check_version" / "deployment.json").read_text())
RESOURCES = read_template()["Resources"]
FOLDERS = {
    name: resource["Properties"]["CodeUri"].strip("/").rpartition("/")[2]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::Function" and name != "CheckVersion"
}
MODULE = load_function("check_version")
PROBES = MODULE.PROBES


def test_every_function_is_checked() -> None:
    """Each function has a probe; CodeDeploy calls the hook by a name that its role may call."""
    assert PROBES.keys() == FOLDERS.keys()
    preference = read_template()["Globals"]["Function"]["DeploymentPreference"]
    assert preference["Hooks"] == {"PreTraffic": {"Ref": "CheckVersion"}}
    hook = RESOURCES["CheckVersion"]["Properties"]
    assert hook["DeploymentPreference"] == {"Enabled": False}
    assert hook["FunctionName"]["Fn::Sub"].startswith("CodeDeployHook_")


@pytest.mark.parametrize("name", FOLDERS)
def test_a_good_version_passes_and_keeps_nothing(
    world: "World", gateway: "Gateway", monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Each function answers its probe as that says; nothing stays for more than a day."""
    now = stop_clock(monkeypatch)
    for variable in ENVIRONMENT.keys() - os.environ.keys():
        monkeypatch.setenv(variable, ENVIRONMENT[variable])
    event = PROBES[name].event(now)
    start = len(world.calls.all)
    if "httpMethod" in event:
        answer: Any = {"statusCode": gateway.send(FOLDERS[name], event).status}
    else:
        try:
            answer = gateway.invoke(FOLDERS[name], event)
        except ValidationError as error:
            answer = {"errorType": type(error).__name__}
    assert MODULE.outcome(answer) in PROBES[name].expected
    if name not in {"Web", "Contact", "DeleteAccounts", "Ops"}:
        assert world.calls.all[start:], "it reads the table for real"
    if waiting := world.items("OUTBOX#"):
        gateway.invoke("send_mail", stream(waiting))
    assert world.mails() == []
    lasting = [each for each in world.items() if int(each["expires_at"]["N"]) > now + 24 * 3600]
    assert lasting == []


ANSWERED: list[tuple[object, dict[str, Any], str]] = [
    ({"statusCode": 401}, {}, "Succeeded"),
    ({"statusCode": 429}, {}, "Succeeded"),
    ({"statusCode": 500}, {}, "Failed"),
    ({"statusCode": 503}, {}, "Failed"),
    ({"statusCode": 200}, {}, "Failed"),
    (None, {}, "Failed"),
    ({"errorType": "Runtime.ImportModuleError"}, {"FunctionError": "Unhandled"}, "Failed"),
]


@pytest.mark.guards("bad-version-gets-no-traffic")
@pytest.mark.parametrize(("answer", "called", "verdict"), ANSWERED)
def test_a_version_is_judged_by_its_answer(
    world: "World", gateway: "Gateway", answer: object, called: dict[str, Any], verdict: str
) -> None:
    """Only a version that answers its probe as it says gets traffic."""
    with deploying(world, "portail-Login", answer, **called) as verdicts:
        gateway.invoke("check_version", DEPLOYMENT)
    (told,) = verdicts
    assert told["status"] == verdict
    assert told["deploymentId"] == DEPLOYMENT["DeploymentId"]
    (asked,) = [each.asked for each in world.calls.all if each.operation == "Invoke"]
    assert (asked["FunctionName"], asked["Qualifier"]) == ("portail-Login", "7")


def test_what_cannot_be_checked_gets_no_traffic(
    world: "World", gateway: "Gateway", log: Callable[[], str]
) -> None:
    """A function without a probe, or a service that is down, fails the deployment at once."""
    with deploying(world, "portail-Nouvelle", {}) as verdicts:
        gateway.invoke("check_version", DEPLOYMENT)
        down = ClientError({"Error": {"Code": "ThrottlingException"}}, "ListDeploymentTargets")
        with world.failing(aws.codedeploy(), "ListDeploymentTargets", down):
            gateway.invoke("check_version", DEPLOYMENT)
    assert {each["status"] for each in verdicts} == {"Failed"}
    assert log().count("version not checked") == 2


def test_a_probe_is_of_now() -> None:
    """A probe of a request arrives when it is sent, as its limits and delays ask."""
    event = PROBES["Login"].event(time.time())
    assert abs(event["requestContext"]["requestTimeEpoch"] / 1000 - time.time()) < 60
