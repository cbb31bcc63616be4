"""Run by the AWS CLI's own Python: reads commands, calls nothing, says what is wrong with them.

Standard input is a JSON list of argument lists, each without `aws`; standard output, a list of what
is wrong with each, empty if nothing is. AWS's answers are made of the services' models, so that a
`--query` for what AWS never says gives nothing, which is wrong too.
"""

import contextlib
import io
import json
import sys
from types import SimpleNamespace
from typing import Any

from awscli.clidriver import create_clidriver
from botocore.utils import ArgumentGenerator
from botocore.waiter import Waiter

MORE = {"NextToken", "nextToken", "NextPageToken", "NextMarker", "Marker", "LastEvaluatedKey"}
"""By what answers say that there is more."""
ONLY_IN_VERSION_2 = {"--cli-binary-format": "raw-in-base64-out"}
"""Options that version 1 does not know, with the value by which version 2 does the same as it."""


class AnyKey(dict[str, Any]):
    """A map of a service: whatever is looked up in it is there."""

    def get(self, _: str, default: Any = None) -> Any:
        """Return the value that stands for all."""
        return next(iter(self.values()), default)


def with_any_key(value: Any) -> Any:
    """Return an answer whose maps have every key."""
    if isinstance(value, list):
        return [with_any_key(each) for each in value]
    if isinstance(value, dict):
        kind = AnyKey if set(value) == {"KeyName"} else dict
        return kind({key: with_any_key(each) for key, each in value.items()})
    return value


def answer(model: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
    """Return an answer of an operation, each text of it being its name; nothing is sent."""
    answered: dict[str, Any] = {}
    if model.output_shape:
        answered = ArgumentGenerator(use_member_names=True).generate_skeleton(model.output_shape)
        for name, shape in model.output_shape.members.items():
            if shape.serialization.get("streaming") or model.get_streaming_output() is shape:
                answered[name] = io.BytesIO()
    answered = {name: value for name, value in answered.items() if name not in MORE}
    return SimpleNamespace(status_code=200, headers={}), with_any_key(answered)


def once(self: Any, **asked: Any) -> None:
    """Ask once, in place of waiting."""
    asked.pop("WaiterConfig", None)
    self._operation_method(**asked)


def problem(driver: Any, arguments: list[str]) -> str:
    """Return what the CLI says of a command that it refuses, or of one that shows nothing."""
    for name, value in ONLY_IN_VERSION_2.items():
        if name in arguments and arguments.pop(arguments.index(name) + 1) == value:
            arguments.remove(name)
    said, shown = io.StringIO(), io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(shown):
        try:
            status = driver.main(arguments)
        except SystemExit as ended:
            status = ended.code
    shown.flush()
    out = shown.buffer.getvalue().decode().strip()
    if status:
        return said.getvalue().strip() or f"status {status}"
    if "--query" in arguments and out in {"null", "None"}:
        return "the query finds nothing in what AWS answers"
    return ""


def main() -> None:
    """Read commands, and write what is wrong with each."""
    Waiter.wait = once
    driver = create_clidriver()
    driver.session.register("before-call", answer)
    json.dump([problem(driver, each) for each in json.load(sys.stdin)], sys.stdout)


main()
