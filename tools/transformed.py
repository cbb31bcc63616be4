"""``template.yaml`` as CloudFormation gets it: every resource that SAM makes of it."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from boto3 import Session
from samtranslator import yaml_helper  # pyright: ignore[reportMissingTypeStubs]
from samtranslator.parser.parser import Parser  # pyright: ignore[reportMissingTypeStubs]
from samtranslator.translator.translator import (  # pyright: ignore[reportMissingTypeStubs]
    Translator,
)

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"
_MANAGED_POLICIES: dict[str, str] = {}
"""ARNs by name: the template names none."""
_REGION = "eu-west-3"
"""Of its partition are the ARNs that SAM writes."""
_RELEASE = {"Release": "1795828692-6a6b549"}
"""The parameter without default that SAM reads."""


@cache
def read_template() -> Mapping[str, Any]:
    """Return the template with its intrinsic functions in their long form."""
    return yaml_helper.yaml_parse(TEMPLATE.read_text())  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


@cache
def transformed(**parameters: str) -> Mapping[str, Any]:
    """Return the template after SAM's transformation, with intrinsic functions left as they are.

    Parameters are those that SAM itself reads, such as ``GradualDeployment``. What ``sam build``
    would upload is named, not built.
    """
    template = deepcopy(dict(read_template()))
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for name in {"CodeUri", "ContentUri"} & properties.keys():
            properties[name] = f"s3://bucket/{properties[name]}"
    translator = Translator(_MANAGED_POLICIES, Parser(), boto_session=Session(region_name=_REGION))
    return translator.translate(template, parameter_values=_RELEASE | parameters)
