"""``trim.py <site>``: leave out of the layer what a cold start would load and no function uses.

Run by the layer's Makefile. What is left out is data that only other services need, texts that
only documentation shows, and imports of two of Powertools' packages whose modules nobody asks for.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any, cast

# Names of the services' endpoints, where they are not those of their models.
_ENDPOINTS = {"sesv2": "email"}

_EVENT_HANDLER = "from aws_lambda_powertools.event_handler.api_gateway import *  # noqa: F403\n"
# What the resolver of the REST API and the processor of batches import.
_DATA_CLASSES = {
    "alb_event": ["ALBEvent"],
    "api_gateway_proxy_event": ["APIGatewayProxyEvent", "APIGatewayProxyEventV2"],
    "bedrock_agent_event": ["BedrockAgentEvent"],
    "dynamo_db_stream_event": ["DynamoDBStreamEvent"],
    "event_source": ["event_source"],
    "lambda_function_url_event": ["LambdaFunctionUrlEvent"],
    "s3_event": ["S3Event"],
    "vpc_lattice": ["VPCLatticeEvent", "VPCLatticeEventV2"],
}


def main(site: Path) -> None:
    """Trim the packages of a folder."""
    data = site / "botocore" / "data"
    for model in data.rglob("service-2.json.gz"):
        described = json.loads(gzip.decompress(model.read_bytes()))
        text = json.dumps(_without_documentation(described), separators=(",", ":"))
        model.write_bytes(gzip.compress(text.encode(), mtime=0))
    services = [each.name for each in data.iterdir() if each.is_dir()]
    _keep_endpoints(data / "endpoints.json", services)
    powertools = site / "aws_lambda_powertools"
    (powertools / "event_handler" / "__init__.py").write_text(_EVENT_HANDLER)
    imports = [f"from .{name} import {', '.join(names)}" for name, names in _DATA_CLASSES.items()]
    (powertools / "utilities" / "data_classes" / "__init__.py").write_text(
        "\n".join([*imports, ""])
    )


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


def _keep_endpoints(path: Path, services: list[str]) -> None:
    """Leave only the endpoints of these services: each first client reads the whole list."""
    kept = {_ENDPOINTS.get(each, each) for each in services}
    content = json.loads(path.read_text())
    for partition in content["partitions"]:
        all_services = partition["services"]
        partition["services"] = {k: v for k, v in all_services.items() if k in kept}
    path.write_text(json.dumps(content, separators=(",", ":")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
