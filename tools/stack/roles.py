"""The functions' roles in the emulator: what it leaves out of them, by the IAM API.

The emulator evaluates IAM (AUTH=true): each worker has the credentials of its function's role, and
what the role or its boundary does not allow is refused. But its CloudFormation attaches no boundary
to a role, and its requests lack two things: the keys that our conditions compare, such as
``dynamodb:LeadingKeys``, and the resource of a mail. So conditions and the resources of mails are
removed here; tests/contract/test_iam.py evaluates the policies with both.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def complete(iam: Any, roles: Sequence[str], boundary: str) -> None:
    """Bound the roles by a managed policy, and remove what the emulator cannot evaluate."""
    _adapt_boundary(iam, boundary)
    for role in roles:
        iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=boundary)
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            iam.put_role_policy(
                RoleName=role, PolicyName=name, PolicyDocument=json.dumps(_adapted(document))
            )


def _adapt_boundary(iam: Any, arn: str) -> None:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    document = found["PolicyVersion"]["Document"]
    adapted = _adapted(document)
    if adapted != document:
        iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=json.dumps(adapted), SetAsDefault=True
        )
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)  # five are kept at most


def _adapted(document: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "Statement": [_adapted_statement(each) for each in document["Statement"]]}


def _adapted_statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    kept = {element: value for element, value in statement.items() if element != "Condition"}
    return kept | {"Resource": "*"} if kept["Action"] == "ses:SendEmail" else kept
