"""The template as AWS deploys it: transformed by SAM, each reference a name or an ARN."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from moto.iam.aws_managed_policies import aws_managed_policies_data

from tests.world.cloud import ACCOUNT, REGION
from tests.world.evaluation import conditions, resolve, values
from tests.world.policies import Policy, Role, Statement, listed
from tools.transformed import transformed

ARNS = {
    "AWS::DynamoDB::Table": "dynamodb:{place}:table/{name}",
    "AWS::Events::EventBus": "events:{place}:event-bus/{name}",
    "AWS::KMS::Key": "kms:{place}:key/{name}",
    "AWS::Lambda::Alias": "lambda:{place}:function:{name}:live",
    "AWS::Lambda::Function": "lambda:{place}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{place}:log-group:{name}:*",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SecretsManager::Secret": "secretsmanager:{place}:secret:{name}-AbCdEf",
    "AWS::SQS::Queue": "sqs:{place}:{name}",
}
"""The ARN of a resource, by its type; no policy names one of another type by a reference."""

NAMES = {
    "AWS::Lambda::Alias": "FunctionName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::SES::EmailIdentity": "EmailIdentity",
}
"""The property that names a resource, by its type."""

REFERENCES_ARE_ARNS = {"AWS::Lambda::Alias", "AWS::SecretsManager::Secret"}
"""The types whose ``Ref`` is the ARN; that of the others is the name."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """The resources of the transformed template, and what each reference to them is."""

    resources: Mapping[str, dict[str, Any]]
    names: dict[str, str]
    conditions: dict[str, bool]

    @classmethod
    def under(cls, names: Mapping[str, str]) -> Self:
        """Return the template with these parameters and names; others are named by their id."""
        template = transformed()
        given = values(template, **names)
        deployed = cls(template["Resources"], given, conditions(template, given))
        for name, resource in template["Resources"].items():
            deployed._note(name, resource)
        return deployed

    def _note(self, logical: str, resource: dict[str, Any]) -> None:
        """Note what references to a resource are."""
        kind = resource["Type"]
        name = self.names.get(logical, logical).rpartition("/")[2]  # a queue has a URL
        if kind in NAMES:
            name = self.resolve(resource["Properties"][NAMES[kind]])
        self.names[logical] = name
        if kind in ARNS:
            arn = ARNS[kind].format(place=f"{REGION}:{ACCOUNT}", name=name)
            self.names[f"{logical}.Arn"] = self.names[f"{logical}.Id"] = f"arn:aws:{arn}"
        if kind in REFERENCES_ARE_ARNS:
            self.names[logical] = self.arn(logical)
        if kind == "AWS::DynamoDB::Table":
            self.names[f"{logical}.StreamArn"] = f"{self.arn(logical)}/stream/2026-09-21T00:00"

    def arn(self, logical: str) -> str:
        """Return the ARN of a resource."""
        return self.names[f"{logical}.Arn"]

    def arns(self, service: str) -> list[str]:
        """Return the ARNs of a service's resources."""
        return [
            each
            for name, each in self.names.items()
            if name.endswith(".Arn") and each.split(":")[2] == service
        ]

    def resolve(self, value: Any) -> Any:
        """Return a value with every reference resolved."""
        return resolve(value, self.names, self.conditions)

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of each resource of a type, by its logical id."""
        return {
            name: each["Properties"]
            for name, each in self.resources.items()
            if each["Type"] == kind
        }

    def policy(self, *documents: Any) -> Policy:
        """Return the statements of policies as one policy."""
        return tuple(
            Statement(self.resolve(each))
            for document in documents
            for each in listed(document["Statement"])
        )

    def role(self, function: str) -> Role:
        """Return the role of a function, by its logical id."""
        managed = self.resources[f"{function}Role"]["Properties"]["ManagedPolicyArns"]
        boundary = self.resources["FunctionBoundary"]["Properties"]["PolicyDocument"]
        return Role(
            (*self.own_policy(function), *self.policy(*map(_managed, managed))),
            self.policy(boundary),
        )

    def own_policy(self, function: str) -> Policy:
        """Return the policies of a function's role, without those that AWS manages."""
        own = self.resources[f"{function}Role"]["Properties"].get("Policies", [])
        return self.policy(*(each["PolicyDocument"] for each in own))

    def key_policies(self) -> dict[str, Policy]:
        """Return the policy of each key of KMS, by its ARN."""
        keys = self.of_type("AWS::KMS::Key")
        return {self.arn(name): self.policy(key["KeyPolicy"]) for name, key in keys.items()}


@cache
def _managed(arn: str) -> Any:
    """Return a policy that AWS manages."""
    return _managed_by_aws()[arn.rpartition("/")[2]]["Document"]


@cache
def _managed_by_aws() -> dict[str, Any]:
    return json.loads(aws_managed_policies_data)
