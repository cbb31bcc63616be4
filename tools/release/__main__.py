"""`make release ENV=staging|production SET="Name=value …"`."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from boto3 import Session
from botocore.exceptions import ClientError

from tools.release.plan import (
    ROOT,
    UNPROTECTED,
    Environment,
    ReleaseError,
    environment,
    plan,
    read,
    written,
)

POLICY = Path(__file__).with_name("stack-policy.json")


type Sam = Callable[..., None]
"""Runs a command of the SAM CLI for an environment; raises ``ReleaseError`` if it fails."""


def release(
    where: Environment, parameters: dict[str, str], release_: str, stacks: Any, sam: Sam
) -> None:
    """Build, deploy, and protect a stack that is made; raise ``ReleaseError`` if a step fails."""
    new = not exists(stacks, where.stack)
    architecture = parameters["Architecture"]
    sam("build", "--cache-dir", f".aws-sam/cache-{architecture}")
    if new:
        print(f"The stack {where.stack} is created without protection, to fail harmlessly.")
        first = written(parameters | UNPROTECTED | {"Release": release_})
        sam("deploy", "--on-failure", "DELETE", "--parameter-overrides", *first)
    if not new or any(parameters[name] != value for name, value in UNPROTECTED.items()):
        # Another second, for a version is published by it.
        again = written(parameters | {"Release": following(release_) if new else release_})
        sam("deploy", "--parameter-overrides", *again)
    if new and parameters["DeletionProtection"] == "true":
        protect(stacks, where.stack)


def exists(stacks: Any, name: str) -> bool:
    """Return whether a stack exists; raise ``ReleaseError`` for what a failed creation left."""
    try:
        (stack,) = stacks.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        answer: dict[str, Any] = {**error.response}
        if answer["Error"]["Code"] == "ValidationError":  # there is none of this name
            return False
        raise ReleaseError(f"CloudFormation does not answer: {error}") from error
    if stack["StackStatus"].startswith(("ROLLBACK_", "CREATE_FAILED", "DELETE_FAILED")):
        raise ReleaseError(
            f"The stack {name} is in {stack['StackStatus']}, of a creation that failed. "
            "Delete it, as docs/deployment.md says, then release again."
        )
    return stack["StackStatus"] != "REVIEW_IN_PROGRESS"


def protect(stacks: Any, name: str) -> None:
    """Keep a stack from deletion, and its data from any update."""
    stacks.set_stack_policy(StackName=name, StackPolicyBody=POLICY.read_text())
    stacks.update_termination_protection(StackName=name, EnableTerminationProtection=True)
    print(f"The stack {name} is protected: no deletion, no update of its data.")


def release_now() -> str:
    """Return the second, and the commit if nothing else is in the working tree."""
    second = f"{time.time():.0f}"
    changed, commit = (
        subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
        for command in (["status", "--porcelain"], ["rev-parse", "--short", "HEAD"])
    )
    if commit.returncode or changed.stdout:
        return second
    return f"{second}-{commit.stdout.strip()}"


def following(release_: str) -> str:
    """Return a release of the same commit, a second later."""
    second, *commit = release_.split("-")
    return "-".join([str(int(second) + 1), *commit])


def sam_cli(where: Environment, architecture: str) -> Sam:
    """Return what runs the SAM CLI with an environment's section of samconfig.toml."""

    def run(command: str, *options: str) -> None:
        asks = ["--no-confirm-changeset"] if command == "deploy" and os.environ.get("CI") else []
        line = [sys.executable, "-m", "samcli", command, "--config-env", where.name]
        variables = os.environ | {"LAMBDA_ARCHITECTURE": architecture}
        done = subprocess.run([*line, *asks, *options], cwd=ROOT, env=variables, check=False)
        if done.returncode:
            raise ReleaseError(f"`sam {command}` failed: it says why above.")

    return run


def main() -> int:
    """Release to ENV, with the parameters of SET; return the exit status."""
    changes = os.environ.get("SET", "")
    try:
        where = environment(os.environ.get("ENV", ""))
        parameters = plan(where.given, read(changes) if changes else {})
        session: Any = Session(region_name=where.region)
        stacks = session.client("cloudformation")
        sam = sam_cli(where, parameters["Architecture"])
        release(where, parameters, release_now(), stacks, sam)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
