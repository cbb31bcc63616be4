"""What `make release` gives a deployment, and in which order it makes and protects a stack."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.world.cloud import ROOT, read_template
from tools.release.__main__ import exists, following, protect, release, release_now
from tools.release.plan import Environment, ReleaseError, environment, plan, read, written
from tools.release.watch import ANSWERS, watch

WHERE = Environment("staging", "portail", "eu-west-3", {})
RELEASE = "1795828692-6a6b549"


class Steps(list[Any]):
    """CloudFormation and the SAM CLI: what was asked of them, in its order."""

    def __init__(self, status: str | None = None) -> None:
        super().__init__()
        self.status = status

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        """Return the stack, or refuse as CloudFormation refuses a name that it does not know."""
        if self.status is None:
            error = {"Error": {"Code": "ValidationError", "Message": f"{StackName} does not exist"}}
            raise ClientError(error, "DescribeStacks")
        return {"Stacks": [{"StackStatus": self.status}]}

    def set_stack_policy(self, *, StackPolicyBody: str, **_: Any) -> None:  # noqa: N803
        """Note a policy."""
        self.append(("policy", json.loads(StackPolicyBody)))

    def update_termination_protection(self, **asked: Any) -> None:
        """Note a protection."""
        self.append(("protection", asked["EnableTerminationProtection"]))

    def sam(self, command: str, *options: str) -> None:
        """Note a command, and the parameters that it is given."""
        given = options[options.index("--parameter-overrides") + 1 :] if "deploy" in command else []
        self.append((command, options, read(list(given)) if given else {}))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a folder with a template of few parameters and a samconfig.toml."""
    (tmp_path / "template.yaml").write_text(
        "Parameters:\n  Release: {Type: String}\n  DomainName: {Type: String}\n"
        "  KeyRefresh: {Type: Number, Default: 300}\n  DpoName: {Type: String}\n"
    )
    (tmp_path / "samconfig.toml").write_text(
        "version = 0.1\n[local.global.parameters]\n[staging.global.parameters]\n"
        'stack_name = "portail"\nregion = "eu-west-3"\n[staging.deploy.parameters]\n'
        "parameter_overrides = ['Release=use-make-release', 'DomainName=a.example', "
        "'DpoName=\"Une personne\"']\n"
    )
    return tmp_path


def test_what_is_deployed_is_what_the_repository_says(repository: Path) -> None:
    """Each parameter has its value of samconfig.toml, or else the template's default."""
    given = environment("staging", repository).given
    assert plan(given, {}, repository) == {
        "DomainName": "a.example",
        "DpoName": "Une personne",
        "KeyRefresh": "300",
    }


def test_a_command_changes_a_parameter_once(repository: Path) -> None:
    """A value of the command is before that of samconfig.toml, and ends with the next release."""
    given = environment("staging", repository).given
    assert plan(given, read("KeyRefresh=10"), repository)["KeyRefresh"] == "10"
    assert plan(given, {}, repository)["KeyRefresh"] == "300"


def test_what_cannot_be_released_is_said(repository: Path) -> None:
    """No environment, an unknown parameter or a missing one is refused, in a sentence."""
    for name in ("", "local", "default", "version", "elsewhere"):
        with pytest.raises(ReleaseError, match="ENV is staging"):
            environment(name, repository)
    with pytest.raises(ReleaseError, match=r"No parameter .*: KeyRefrech, Release"):
        plan({}, {"KeyRefrech": "1", "Release": "1"}, repository)
    with pytest.raises(ReleaseError, match="must say for this environment: DpoName"):
        plan({"DomainName": "a.example"}, {}, repository)
    with pytest.raises(ReleaseError, match="SET is Name=value"):
        read("KeyRefresh")


@pytest.mark.parametrize("value", ["", "a", "a b", 'a "b"', "a=b", "l’été, à Évry"])
def test_values_reach_the_sam_cli_as_they_are(value: str) -> None:
    """Whatever a value contains, the SAM CLI reads it as it was given."""
    assert read(written({"Name": value, "Other": "1"})) == {"Name": value, "Other": "1"}


def test_a_first_deployment_can_fail_harmlessly() -> None:
    """A stack is created without protection, removed if that fails, and protected at the end."""
    steps = Steps()
    parameters = {"Architecture": "arm64", "DeletionProtection": "true", "DomainName": "a.example"}
    release(WHERE, parameters | {"GradualDeployment": "true"}, RELEASE, steps, steps.sam)
    assert [step[0] for step in steps] == ["build", "deploy", "deploy", "policy", "protection"]
    _, options, first = steps[1]
    assert options[:2] == ("--on-failure", "DELETE")
    assert first["DeletionProtection"] == first["GradualDeployment"] == "false"
    _, options, second = steps[2]
    assert "--on-failure" not in options
    assert second["DeletionProtection"] == second["GradualDeployment"] == "true"
    assert first["Release"][:10] != second["Release"][:10]
    assert steps[4] == ("protection", True)


def test_a_creation_that_fails_protects_nothing() -> None:
    """What follows the creation is not done if it fails."""
    steps = Steps()

    def sam(command: str, *options: str) -> None:
        steps.sam(command, *options)
        if command == "deploy":
            raise ReleaseError(command)

    parameters = {"Architecture": "arm64", "DeletionProtection": "true", "GradualDeployment": "a"}
    with pytest.raises(ReleaseError):
        release(WHERE, parameters, RELEASE, steps, sam)
    assert [step[0] for step in steps] == ["build", "deploy"]


def test_a_stack_to_throw_away_is_not_protected() -> None:
    """A stack whose table is not protected is made by one deployment, and may be deleted."""
    steps = Steps()
    parameters = {"Architecture": "arm64", "DeletionProtection": "false"}
    release(WHERE, parameters | {"GradualDeployment": "false"}, RELEASE, steps, steps.sam)
    assert [step[0] for step in steps] == ["build", "deploy"]


def test_an_update_is_one_deployment() -> None:
    """A stack that exists is deployed once, as it is to be, and its protection is left alone."""
    steps = Steps("UPDATE_COMPLETE")
    parameters = {"Architecture": "x86_64", "DeletionProtection": "true"}
    release(WHERE, parameters | {"GradualDeployment": "true"}, RELEASE, steps, steps.sam)
    (build, options, _), (deploy, _, given) = steps
    assert (build, deploy) == ("build", "deploy")
    assert options == ("--cache-dir", ".aws-sam/cache-x86_64")
    assert given["DeletionProtection"] == given["GradualDeployment"] == "true"
    assert given["Release"] == RELEASE


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"])
def test_what_a_failed_creation_left_is_said(status: str) -> None:
    """A stack that cannot be updated is named, with what to do."""
    with pytest.raises(ReleaseError, match=f"portail is in {status}.*Delete it"):
        exists(Steps(status), "portail")


def test_an_unreachable_account_is_no_missing_stack() -> None:
    """Another refusal than that of an unknown name creates nothing."""

    class Refuses(Steps):
        def describe_stacks(self, **_: Any) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "DescribeStacks")

    with pytest.raises(ReleaseError, match="AccessDenied"):
        exists(Refuses(), "portail")


def test_the_stack_policy_keeps_the_data() -> None:
    """No update modifies, replaces or deletes what cannot be made again; all else may be."""
    steps = Steps()
    protect(steps, "portail")
    (_, policy), _ = steps
    allowed, denied = policy["Statement"]
    assert (allowed["Effect"], allowed["Action"], allowed["Resource"]) == ("Allow", "Update:*", "*")
    assert (denied["Effect"], denied["Action"]) == ("Deny", "Update:*")
    kept = {
        f"LogicalResourceId/{name}"
        for name, each in read_template()["Resources"].items()
        if each.get("UpdateReplacePolicy") == "Retain" and "Role" not in name
    }
    assert set(denied["Resource"]) == kept


def test_each_release_is_accepted_and_new() -> None:
    """The template accepts a release, and SAM sees another in the second that follows."""
    pattern = read_template()["Parameters"]["Release"]["AllowedPattern"]
    for name in (release_now(), RELEASE, "1795828692"):
        assert re.fullmatch(pattern, name)
        assert re.fullmatch(pattern, following(name))
        assert following(name)[:10] != name[:10]


def test_a_plain_deployment_is_refused() -> None:
    """`sam deploy` by itself would publish no version: the template refuses its release."""
    pattern = read_template()["Parameters"]["Release"]["AllowedPattern"]
    for name in ("staging", "production"):
        assert not re.fullmatch(pattern, environment(name, ROOT).given["Release"])


class Portal:
    """A deployed portal: its stack, its alarms, its pages, and how long it was watched."""

    def __init__(self) -> None:
        self.ringing: list[str] = []
        self.statuses = dict(ANSWERS)
        self.minutes = 0.0

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        """Return the stack's address."""
        outputs = [{"OutputKey": "Url", "OutputValue": f"https://{StackName}.example"}]
        return {"Stacks": [{"Outputs": outputs}]}

    def get_paginator(self, _: str) -> "Portal":
        """Return what pages through alarms."""
        return self

    def paginate(self, *, AlarmNamePrefix: str, StateValue: str) -> list[dict[str, Any]]:  # noqa: N803
        """Return the alarms that ring, of this stack only."""
        assert (AlarmNamePrefix, StateValue) == ("portail-", "ALARM")
        return [{"MetricAlarms": [{"AlarmName": each} for each in self.ringing]}]

    def get(self, address: str) -> int:
        """Return the status of a page."""
        return self.statuses[address.removeprefix("https://portail.example")]

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.minutes += seconds / 60

    def watch(self) -> None:
        """Watch this portal."""
        watch(WHERE, self, self, self.get, self.pause)


def test_a_portal_is_watched_for_as_long_as_its_slowest_alarm() -> None:
    """A portal that answers and rings nothing is good after ten minutes, as long as alarms look."""
    portal = Portal()
    portal.watch()
    looks_back = [
        each["Properties"]["Period"] * each["Properties"].get("EvaluationPeriods", 1)
        for name in ("FailedRequestsAlarm", "SlowRequestsAlarm", "LateMessagesAlarm")
        for each in [read_template()["Resources"][name]]
    ]
    assert portal.minutes * 60 >= max(looks_back)


@pytest.mark.parametrize("path", ANSWERS)
def test_a_wrong_answer_ends_the_watch(path: str) -> None:
    """A page that fails, or that nobody serves, is named."""
    portal = Portal()
    portal.statuses[path] = 503
    with pytest.raises(ReleaseError, match=rf"{path} answers 503, not {ANSWERS[path]}"):
        portal.watch()


def test_an_alarm_ends_the_watch() -> None:
    """An alarm that rings is named."""
    portal = Portal()
    portal.ringing = ["portail-FailedRequestsAlarm-1ABC"]
    with pytest.raises(ReleaseError, match="Ringing: portail-FailedRequestsAlarm-1ABC"):
        portal.watch()
