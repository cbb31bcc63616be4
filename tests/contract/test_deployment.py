"""What a deployment does to a stack that people use, and who may do what during it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.world.cloud import read_template
from tests.world.evaluation import ON_AWS, conditions, resolve, values
from tools.transformed import transformed

RESOURCES = read_template()["Resources"]
BOUNDARY = "arn:aws:iam::123456789012:policy/portail-boundary"


def of_type(kind: str, template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the properties of a template's resources of a type."""
    return {
        name: each.get("Properties", {})
        for name, each in template["Resources"].items()
        if each["Type"] == kind
    }


def policies(value: Any) -> Iterator[dict[str, Any]]:
    """Return every policy document in a value."""
    if isinstance(value, list):
        for each in value:
            yield from policies(each)
    elif isinstance(value, dict):
        if "Statement" in value and isinstance(value["Statement"], list):
            yield value
        for each in value.values():
            yield from policies(each)


# A new release, a new version


def test_each_release_publishes_every_function() -> None:
    """A deployment publishes a version of each function, though only a parameter is new."""
    versions = [
        set(of_type("AWS::Lambda::Version", transformed(Release=release)))
        for release in ("1795828692-6a6b549", "1795828693-6a6b549")
    ]
    functions = of_type("AWS::Lambda::Function", transformed())
    assert {len(each) for each in versions} == {len(functions)}
    assert not versions[0] & versions[1]


# What cannot be made again


@pytest.mark.guards("key-of-256-bits")
def test_the_secrets_are_not_generated_again() -> None:
    """No line of the secrets changes: CloudFormation would write other keys over those in use."""
    for name, description in {
        "TokenSecret": "Keys that sign the links sent by mail.",
        "LookupSecret": "Key that hashes the identifiers by which people are found.",
        "PepperSecret": "Keys that pepper the passwords.",
        "SsoSecret": "By which a provider of OpenID Connect knows this site; replace it.",
    }.items():
        assert RESOURCES[name] == {
            "Type": "AWS::SecretsManager::Secret",
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "Description": description,
                "KmsKeyId": {"Fn::GetAtt": ["DataKey", "Arn"]},
                "GenerateSecretString": {
                    "SecretStringTemplate": "{}",
                    "GenerateStringKey": "1",
                    "PasswordLength": 64,
                    "ExcludePunctuation": True,
                },
            },
        }, name


def test_the_table_and_its_key_are_not_replaced() -> None:
    """No property changes by which CloudFormation would replace the table or its key."""
    table, key = RESOURCES["Table"]["Properties"], RESOURCES["DataKey"]["Properties"]
    assert "TableName" not in table
    assert [(each["AttributeName"], each["KeyType"]) for each in table["KeySchema"]] == [
        ("pk", "HASH"),
        ("sk", "RANGE"),
    ]
    assert table["SSESpecification"]["KMSMasterKeyId"] == {"Fn::GetAtt": ["DataKey", "Arn"]}
    assert not {"KeySpec", "KeyUsage", "MultiRegion", "Origin"} & key.keys()


# Who may do what


@pytest.mark.guards("given-boundary")
@pytest.mark.parametrize("boundary", ["", BOUNDARY])
def test_every_role_is_bounded(boundary: str) -> None:
    """Every role has the boundary that is given; without one, each function's has the stack's."""
    given = ON_AWS | {"PermissionsBoundary": boundary}
    template = transformed(**given)
    of = values(template, **given)
    known = conditions(template, of)
    roles = of_type("AWS::IAM::Role", template)
    functions = {f"{name}Role" for name in of_type("AWS::Lambda::Function", template)}
    assert functions < set(roles)
    for name in roles if boundary else functions:
        found = resolve(roles[name]["PermissionsBoundary"], of, known)
        assert found == (boundary or "<FunctionBoundary>"), name


def test_every_policy_is_of_the_current_language() -> None:
    """Every policy names the version of its language: the former one knows no variables."""
    found = list(policies(RESOURCES))
    assert len(found) > 15
    assert {each.get("Version") for each in found} == {"2012-10-17"}
