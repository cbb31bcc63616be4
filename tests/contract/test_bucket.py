"""The bucket that is shared with the bank: private, encrypted, and kept as long as it must be."""

from typing import Any

import pytest

from tests.world.evaluation import resolve
from tools.transformed import read_template

RESOURCES: dict[str, Any] = read_template()["Resources"]
FILES: dict[str, Any] = RESOURCES["Files"]


@pytest.mark.guards("bucket-is-private")
def test_nobody_else_reads_it() -> None:
    """No access list and no policy may open it, and every object is its owner's."""
    properties = FILES["Properties"]
    access = properties["PublicAccessBlockConfiguration"]
    assert len(access) == 4
    assert all(access.values())
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_it_is_encrypted_and_keeps_versions() -> None:
    """Objects are encrypted by the data key, with their versions; the bucket outlives the stack."""
    properties = FILES["Properties"]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    key = {"Fn::GetAtt": ["DataKey", "Arn"]}
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": key,
    }
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert (FILES["DeletionPolicy"], FILES["UpdateReplacePolicy"]) == (
        "RetainExceptOnCreate",
        "Retain",
    )
    (kept,) = properties["LifecycleConfiguration"]["Rules"]
    assert kept["ExpirationInDays"] == {"Ref": "BankFilesDays"}
    assert read_template()["Parameters"]["BankFilesDays"]["Default"] >= 3652


def test_it_is_reached_by_tls_only() -> None:
    """What comes without TLS is refused, whoever asks."""
    (statement,) = RESOURCES["FilesPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == "*"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    named = resolve(statement["Resource"], {"Files.Arn": "files"}, {})
    assert named == ["files", "files/*"]


def test_reports_are_told_where_they_are_dropped() -> None:
    """The function of reports hears of objects under in/ of this bucket alone."""
    pattern = RESOURCES["BankReports"]["Properties"]["Events"]["Dropped"]["Properties"]["Pattern"]
    assert pattern["detail"] == {
        "bucket": {"name": [{"Ref": "Files"}]},
        "object": {"key": [{"prefix": "in/"}]},
    }
    notified = FILES["Properties"]["NotificationConfiguration"]
    assert notified == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
