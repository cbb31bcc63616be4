"""The requests beside those that functions make: one thing is changed in each."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from tests.world.authorized import CALLER, CONTEXT, LEADING, LOG_STREAM, OF_THE_TABLE, VIA
from tests.world.cloud import ACCOUNT, REGION
from tests.world.deployed import Deployed
from tests.world.policies import Request, listed

type Right = tuple[str, str, object]
"""An action, a resource, and a partition of the table or the values of other keys."""

OTHERS = {
    "events:source": [("portal.backoffice",), ("aws.ses",)],
    "ses:FromAddress": [("autre@portail.example",), ("ne-pas-repondre@portail.example.org",)],
    CONTEXT: [(), ("other",), ("account_id", "other")],
    VIA: [(), (f"ssm.{REGION}.amazonaws.com",)],
    CALLER: [("999999999999",)],
}
"""Other values of a key than those of functions."""


def general(request: Request) -> Request:
    """Return a request with the kinds of its partitions: ``ACCOUNT#x`` for that of any account."""
    partitions = dict(request.keys).get(LEADING, ())
    return request.changed(LEADING, *sorted({f"{each.partition('#')[0]}#x" for each in partitions}))


def rights(request: Request) -> frozenset[Right]:
    """Return what a request needs: a right for each of its partitions, or one."""
    limits = (
        ((),) if request.resource == "*" else dict(request.keys).get(LEADING) or (request.keys,)
    )
    return frozenset((request.action.lower(), request.resource, each) for each in limits)


def is_of_a_store(request: Request) -> bool:
    """Whether a store asks for a key, in the name of whom it serves."""
    keys = dict(request.keys)
    stores = {(f"{each}.{REGION}.amazonaws.com",) for each in ("dynamodb", "s3", "secretsmanager")}
    return (
        keys.get(VIA) in stores
        and keys[CALLER] == (ACCOUNT,)
        and request.action.lower() in {f"kms:{each.lower()}" for each in OF_THE_TABLE}
    )


@cache
def actions(service: str) -> Mapping[str, bool]:
    """Return every action of a service that IAM knows, and whether it is on a resource."""
    known = json.loads((files("cfnlint.data.AdditionalSpecs") / "Policies.json").read_text())
    found = known[service]["Actions"].items()
    return {f"{service}:{name}": "Resources" in about for name, about in found}


def neighbours(made: Iterable[Request], deployed: Deployed) -> list[Request]:
    """Return the requests that functions make, and those that differ by action, resource or key."""
    found: dict[Request, None] = {}
    all_made = {general(each): None for each in made}
    partitions = {f"{each}#x" for each in kinds(deployed)} | {
        value for each in all_made for value in dict(each.keys).get(LEADING, ())
    }
    for request in all_made:
        found[request] = None
        for action, has_resource in actions(request.action.partition(":")[0]).items():
            resource = request.resource if has_resource else "*"
            found[Request(action, resource, request.keys)] = None
        for resource in _other_resources(request.resource, deployed):
            found[request._replace(resource=resource)] = None
        for key, other in _other_values(request, sorted(partitions)):
            found[request.changed(key, *other)] = None
    return list(found)


def kinds(deployed: Deployed) -> set[str]:
    """Return the kinds of partitions that policies name."""
    return {
        pattern.partition("#")[0].rstrip("*")
        for role in deployed.of_type("AWS::IAM::Role").values()
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        for condition in statement.get("Condition", {}).values()
        for pattern in listed(condition.get(LEADING, []))
    }


def _other_resources(arn: str, deployed: Deployed) -> Iterator[str]:
    """Give the template's other resources of a service, and some of others and elsewhere."""
    if arn == "*":
        return
    if arn.startswith("arn:aws:s3:::") and "/" in arn:
        bucket, folder, _ = arn.split("/")
        yield from (f"{bucket}/{folder}X/x", f"{bucket}X/{folder}/x", f"{bucket}/x", bucket)
        yield from (f"{bucket}/{other}/x" for other in ("out", "in", "aside"))
        return
    for other in deployed.arns(arn.split(":")[2]):
        yield other.replace(":*", LOG_STREAM)
    yield arn.replace(ACCOUNT, "999999999999")
    yield arn.replace(REGION, "eu-west-1")
    yield arn.replace(LOG_STREAM, f"X{LOG_STREAM}") if LOG_STREAM in arn else f"{arn}X"
    if ":table/" in arn:
        yield f"{arn}/index/x"


def _other_values(
    request: Request, partitions: Sequence[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give other values of the keys that a request has."""
    keys = {key: values for key, values in request.keys if values}
    if VIA not in keys:
        keys.pop(CALLER, None)  # a role is of this account
    for key in keys:
        for other in OTHERS.get(key, ()):
            yield key, other
    if own := keys.get(LEADING):
        kind = own[0].partition("#")[0]
        lookalikes = (kind, f"{kind}S#x", f"{kind.lower()}#x", f"X{kind}#x")
        for each in (*partitions, *lookalikes, "OTHER#x"):
            yield LEADING, (each,)
        yield LEADING, (*own, "OTHER#x")
