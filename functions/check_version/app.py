"""Calls a new version for real before it gets traffic; CodeDeploy asks, once for each function."""

import json
import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from probes import PROBES, outcome

from portal.core import aws

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Tell CodeDeploy whether the version that a deployment is about answers as it should.

    What cannot be checked is a failure: the deployment is rolled back, and the log says why.
    """
    passed = False
    try:
        passed = _answers(*_new_version(event["DeploymentId"]))
    except (BotoCoreError, ClientError, LookupError) as error:
        # Not logger.exception: the text of an error may contain what a function answered.
        logger.error("version not checked", error=type(error).__name__)  # noqa: TRY400
    aws.codedeploy().put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        # guard: bad-version-gets-no-traffic: if passed => if True
        status="Succeeded" if passed else "Failed",
    )


def _new_version(deployment: str) -> tuple[str, str]:
    """Return the function that a deployment is about, and its version that gets no traffic yet."""
    deploy = aws.codedeploy()
    ids = deploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
    found = deploy.batch_get_deployment_targets(deploymentId=deployment, targetIds=ids)
    about = found["deploymentTargets"][0]["lambdaTarget"]["lambdaFunctionInfo"]
    return about["functionName"], about["targetVersion"]


def _answers(function: str, version: str) -> bool:
    """Call a version with its probe; return whether it answers as that says."""
    probe = PROBES[function.rpartition("-")[2]]
    called = aws.lambda_calls().invoke(
        FunctionName=function, Qualifier=version, Payload=json.dumps(probe.event(time.time()))
    )
    answer = json.loads(called["Payload"].read())
    seen = outcome(answer)
    passed = seen in probe.expected
    log = logger.info if passed else logger.error
    log("version checked", function=function, version=version, seen=seen, passed=passed)
    return passed
