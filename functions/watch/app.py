"""Signs nobody up every five minutes, and counts the mails that arrive: an alarm misses them."""

import json
import urllib.request
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from portal.core.metrics import JOURNEYS, count
from portal.core.settings import settings
from portal.core.table import table
from portal.support import watch

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()

_PATIENCE = 10
"""Seconds until a sign-up must be answered: what a person would wait for at most."""


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Start a journey, or end the one whose mail SES says was delivered."""
    if event["source"] == "aws.ses":
        _arrive(event["detail"]["mail"]["tags"]["registration"][0])
    else:
        _start()


def _start() -> None:
    """Sign up as a browser does, through the portal's public address."""
    request = urllib.request.Request(  # noqa: S310 - the address is ours, of the template
        f"{settings().public_url}/api/signup",
        data=json.dumps(watch.FORM).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "portail-veille"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
            registration_id = json.load(answer)["registration"]
    # Of name, connection, certificate, time, or an answer that refuses: the alarm tells.
    except OSError as error:
        status = getattr(error, "code", None)
        failed = count(JOURNEYS, outcome="refused")
        logger.warning("journey refused", error=type(error).__name__, status=status, **failed)
        return
    watch.lift_limit(table(), registration_id)
    logger.info("journey started", **count(JOURNEYS, outcome="started"))


def _arrive(registration_id: str) -> None:
    """Count a mail that arrived, once, and delete what its journey wrote."""
    if watch.forget(table(), registration_id):
        logger.info("journey arrived", **count(JOURNEYS, outcome="arrived"))
