"""``trim.py <site>``: leave out of the layer what a cold start would load and no function uses.

Run by the layer's Makefile. What is left out is data and handlers that only other services need,
texts that only documentation shows, imports of modules that nobody asks for, and the search for
plugins of pydantic, of which there are none. What is left answers as before: the tests of the built
layer compare.
"""

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any, cast

# What the functions call: botocore's descriptions of all else are left out.
_CALLED = {
    "dynamodb": {
        "BatchGetItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "TransactWriteItems",
        "UpdateItem",
    },
    "events": {"PutEvents"},
    "kms": {"Decrypt", "Encrypt"},
    "lambda": {"Invoke"},
    "secretsmanager": {"GetSecretValue"},
    "sesv2": {"SendEmail"},
    "sqs": {"DeleteMessage", "PurgeQueue", "ReceiveMessage"},
}
# Names of the services' endpoints, and of their events, where they are not those of their models.
_ENDPOINTS = {"sesv2": "email"}
_EVENTS = {"events": "eventbridge", "secretsmanager": "secrets-manager"}

# Rules that tell endpoints by a request's content: botocore weighs them at each call, and without
# them takes the address that `endpoints.json` gives, the same for every service called here.
_ENDPOINT_RULES = "endpoint-rule-set-1.json.gz"

_NO_DOCSTRINGS = """\
class _NoDocstring(str):
    def __new__(cls, *_args, **_kwargs):
        return super().__new__(cls)


ClientMethodDocstring = PaginatorDocstring = WaiterDocstring = _NoDocstring
"""
_KEPT_HANDLERS = """

BUILTIN_HANDLERS = [
    each
    for each in BUILTIN_HANDLERS
    if not each[0].startswith("docs.") and (each[0] + ".*").split(".")[1] in {events}
]
"""
_KEPT_ALIASES = """

EVENT_ALIASES = {{
    alias: event for alias, event in EVENT_ALIASES.items() if event in {events}
}}
"""
_NO_PLUGINS = """\
def get_plugins():
    return ()
"""
# Types for checkers alone, whose making costs each start as much as the rest of pydantic_core.
_TYPED_DICT = "    from typing import TypedDict\n"
_PLAIN_DICT = """\
    class TypedDict(dict):
        def __init_subclass__(cls, total=True):
            pass
"""
_FORMATS = "from . import inspect, json, msgpack, structs, toml, yaml"
# The slowest to compile of its patterns, which nothing matches with.
_UNUSED_PATTERN = '_IPV6_RE = re.compile("^" + _IPV6_PAT + "$")\n'
_METADATA = "from importlib.metadata import version\n"

_EVENT_HANDLER = "from aws_lambda_powertools.event_handler.api_gateway import *  # noqa: F403\n"
# What the resolver of the REST API imports at its start.
_DATA_CLASSES = {
    "alb_event": ["ALBEvent"],
    "api_gateway_proxy_event": ["APIGatewayProxyEvent", "APIGatewayProxyEventV2"],
    "bedrock_agent_event": ["BedrockAgentEvent"],
    "lambda_function_url_event": ["LambdaFunctionUrlEvent"],
    "vpc_lattice": ["VPCLatticeEvent", "VPCLatticeEventV2"],
}
# What the processor of batches does.
_LAZY_DATA_CLASSES = """

def __getattr__(name):
    if name != "S3Event":
        raise AttributeError(name)
    from .s3_event import S3Event

    return S3Event
"""


def main(site: Path) -> None:
    """Trim the packages of a folder."""
    _trim_botocore(site / "botocore")
    powertools = site / "aws_lambda_powertools"
    (powertools / "event_handler" / "__init__.py").write_text(_EVENT_HANDLER)
    imports = [f"from .{name} import {', '.join(names)}" for name, names in _DATA_CLASSES.items()]
    (powertools / "utilities" / "data_classes" / "__init__.py").write_text(
        "\n".join([*imports, _LAZY_DATA_CLASSES])
    )
    # Empty: it imports what merges descriptions of several APIs.
    (powertools / "event_handler" / "openapi" / "__init__.py").write_text("")
    (site / "pydantic" / "plugin" / "_loader.py").write_text(_NO_PLUGINS)
    _replace(site / "pydantic_core" / "core_schema.py", _TYPED_DICT, _PLAIN_DICT)
    _replace(site / "msgspec" / "__init__.py", _FORMATS, "from . import structs")
    _replace(site / "urllib3" / "util" / "url.py", _UNUSED_PATTERN, "")
    http2 = site / "urllib3" / "http2" / "__init__.py"
    _replace(http2, _METADATA, "")  # asked for by who injects HTTP/2, which nobody does
    _replace(http2, "    h2_version", f"    {_METADATA}    h2_version")


def _trim_botocore(botocore: Path) -> None:
    data = botocore / "data"
    for folder in [each for each in data.iterdir() if each.is_dir()]:
        *others, newest = sorted(folder.iterdir())
        for each in others if folder.name in _CALLED else [folder]:
            shutil.rmtree(each)
        if folder.name in _CALLED:
            _trim_model(newest / "service-2.json.gz", _CALLED[folder.name])
            (newest / _ENDPOINT_RULES).unlink()
    _keep_endpoints(data / "endpoints.json")
    events = ["*", *(_EVENTS.get(each, each) for each in _CALLED)]
    for name, addition in ("handlers.py", _KEPT_HANDLERS), ("utils.py", _KEPT_ALIASES):
        module = botocore / name
        module.write_text(module.read_text() + addition.format(events=events))
    (botocore / "docs" / "__init__.py").write_text("")
    (botocore / "docs" / "docstring.py").write_text(_NO_DOCSTRINGS)


def _trim_model(path: Path, called: set[str]) -> None:
    """Leave of a service's model the operations called, and the shapes that these reach."""
    model = _without_documentation(json.loads(gzip.decompress(path.read_bytes())))
    model["operations"] = {name: model["operations"][name] for name in sorted(called)}
    shapes, reached = model["shapes"], dict[str, Any]()
    left = [name for operation in model["operations"].values() for name in _shapes_of(operation)]
    while left:
        name = left.pop()
        if name not in reached:
            reached[name] = shapes[name]
            left += _shapes_of(shapes[name])
    model["shapes"] = reached
    path.write_bytes(gzip.compress(json.dumps(model, separators=(",", ":")).encode(), mtime=0))


def _shapes_of(model: Any) -> list[str]:  # noqa: ANN401 - decoded JSON
    """Return the names of the shapes that a part of a model names."""
    if isinstance(model, list):
        return [name for each in cast("list[Any]", model) for name in _shapes_of(each)]
    if not isinstance(model, dict):
        return []
    parts = cast("dict[str, Any]", model)
    named = [parts["shape"]] if isinstance(parts.get("shape"), str) else []
    return named + [name for each in parts.values() for name in _shapes_of(each)]


def _replace(path: Path, old: str, new: str) -> None:
    """Replace the one occurrence of a text; raises ``ValueError`` when the package changed."""
    before, found, after = path.read_text().partition(old)
    if not found or old in after:
        message = f"{path.name} does not hold {old!r} once"
        raise ValueError(message)
    path.write_text(before + new + after)


def _without_documentation(model: Any) -> Any:  # noqa: ANN401 - decoded JSON
    """Return a model without its texts; a member that is called so has no text for a value."""
    if isinstance(model, list):
        return [_without_documentation(each) for each in cast("list[Any]", model)]
    if not isinstance(model, dict):
        return model
    return {
        name: _without_documentation(value)
        for name, value in cast("dict[str, Any]", model).items()
        if not (name == "documentation" and isinstance(value, str))
    }


def _keep_endpoints(path: Path) -> None:
    """Leave only the endpoints of the called services: each first client reads the whole list."""
    kept = {_ENDPOINTS.get(each, each) for each in _CALLED}
    content = json.loads(path.read_text())
    for partition in content["partitions"]:
        all_services = partition["services"]
        partition["services"] = {k: v for k, v in all_services.items() if k in kept}
    path.write_text(json.dumps(content, separators=(",", ":")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
