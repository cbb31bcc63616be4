"""What a release deploys: the value of every parameter of the template."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from click import BadParameter
from samcli.cli.types import (  # pyright: ignore[reportMissingTypeStubs]
    CfnParameterOverridesType,
)
from samcli.yamlhelper import (  # pyright: ignore[reportMissingTypeStubs]
    yaml_parse,  # pyright: ignore[reportUnknownVariableType]
)

ROOT = Path(__file__).resolve().parents[2]
LOCAL = {"default", "local"}
"""Sections of samconfig.toml that name no AWS account."""
UNPROTECTED = {"DeletionProtection": "false", "GradualDeployment": "false"}
"""How a stack is created: a failure could not delete a protected table."""


class ReleaseError(Exception):
    """Nothing can be released; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A section of samconfig.toml: where a stack is, and the parameters given there."""

    name: str
    stack: str
    region: str
    given: dict[str, str]


def environment(name: str, root: Path = ROOT) -> Environment:
    """Return an environment of samconfig.toml; raise ``ReleaseError`` for a name that is none."""
    configuration = tomllib.loads((root / "samconfig.toml").read_text())
    environments = [each for each in configuration if each not in LOCAL | {"version"}]
    if name not in environments:
        raise ReleaseError(
            f"ENV is {' or '.join(environments)}: make release ENV={environments[0]}"
        )
    section = configuration[name]
    where = section["global"]["parameters"]
    overrides = section["deploy"]["parameters"].get("parameter_overrides", [])
    return Environment(name, where["stack_name"], where["region"], read(overrides))


def read(overrides: str | list[str]) -> dict[str, str]:
    """Return parameters by name, of `Name=value Name="a value"`, as the SAM CLI reads them."""
    try:
        reader: Any = CfnParameterOverridesType()
        return reader.convert(overrides, None, None)
    except BadParameter as error:
        raise ReleaseError(f"SET is Name=value, or several in quotes: {error}") from error


def plan(given: dict[str, str], changes: dict[str, str], root: Path = ROOT) -> dict[str, str]:
    """Return the value of every parameter but `Release`.

    Raise ``ReleaseError`` for a name that is no parameter, and for one that needs a value.
    """
    template = cast(
        "dict[str, dict[str, Any]]", yaml_parse((root / "template.yaml").read_text())["Parameters"]
    )
    del template["Release"]
    given = {name: value for name, value in given.items() if name != "Release"}
    if unknown := sorted((given | changes).keys() - template.keys()):
        raise ReleaseError(f"No parameter of template.yaml: {', '.join(unknown)}.")
    defaults = {name: str(each["Default"]) for name, each in template.items() if "Default" in each}
    values = defaults | given | changes
    if missing := [name for name in template if name not in values]:
        raise ReleaseError(f"samconfig.toml must say for this environment: {', '.join(missing)}.")
    return values


def written(parameters: dict[str, str]) -> list[str]:
    """Return parameters as the SAM CLI takes them."""
    return [f'{name}="{value.replace('"', '\\"')}"' for name, value in parameters.items()]
