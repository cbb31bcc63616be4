"""``trim.py <site>``: remove from the layer the data of botocore that no function uses.

Run by the layer's Makefile. Only JSON files are removed or shortened. No module is changed: a test
compares each with the published one.
"""

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any, cast

# What the functions call: botocore's descriptions of everything else are removed.
_CALLED = {
    "codedeploy": {
        "BatchGetDeploymentTargets",
        "ListDeploymentTargets",
        "PutLifecycleEventHookExecutionStatus",
    },
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
    "s3": {"CopyObject", "DeleteObject", "GetObject", "HeadObject", "PutObject"},
    "secretsmanager": {"GetSecretValue"},
    "sesv2": {"SendEmail"},
    "sqs": {"DeleteMessage", "PurgeQueue", "ReceiveMessage"},
}
# Names of endpoints that differ from the name of the service's model.
_ENDPOINTS = {"sesv2": "email"}

# Rules that choose an endpoint by a request's content. botocore evaluates them at each call;
# without them it uses `endpoints.json`, which gives the same address for every service called here
# but S3, whose address has the bucket.
_ENDPOINT_RULES = "endpoint-rule-set-1.json.gz"
_BY_RULES = {"s3"}


def main(data: Path) -> None:
    """Trim botocore's data."""
    for folder in [each for each in data.iterdir() if each.is_dir()]:
        *others, newest = sorted(folder.iterdir())
        for each in others if folder.name in _CALLED else [folder]:
            shutil.rmtree(each)
        if folder.name in _CALLED:
            _trim_model(newest / "service-2.json.gz", _CALLED[folder.name])
            if folder.name not in _BY_RULES:
                (newest / _ENDPOINT_RULES).unlink()
    _keep_endpoints(data / "endpoints.json")


def _trim_model(path: Path, called: set[str]) -> None:
    """Keep only the called operations of a service's model, and the shapes that they need."""
    model = _without_documentation(json.loads(gzip.decompress(path.read_bytes())))
    for parameter in model.get("clientContextParams", {}).values():
        parameter["documentation"] = None  # botocore reads it
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
    """Return the names of the shapes that a part of a model refers to."""
    if isinstance(model, list):
        return [name for each in cast("list[Any]", model) for name in _shapes_of(each)]
    if not isinstance(model, dict):
        return []
    parts = cast("dict[str, Any]", model)
    named = [parts["shape"]] if isinstance(parts.get("shape"), str) else []
    return named + [name for each in parts.values() for name in _shapes_of(each)]


def _without_documentation(model: Any) -> Any:  # noqa: ANN401 - decoded JSON
    """Return a model without its documentation texts; a member named so is no text, and stays."""
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
    """Keep only the endpoints of the called services: the first client parses the whole list."""
    kept = {_ENDPOINTS.get(each, each) for each in _CALLED}
    content = json.loads(path.read_text())
    for partition in content["partitions"]:
        all_services = partition["services"]
        partition["services"] = {k: v for k, v in all_services.items() if k in kept}
    path.write_text(json.dumps(content, separators=(",", ":")))


if __name__ == "__main__":
    main(Path(sys.argv[1]) / "botocore" / "data")
