import logging
from typing import TYPE_CHECKING

from portal.core import aws

if TYPE_CHECKING:
    import pytest

CLIENTS = (aws.dynamodb, aws.secrets_manager, aws.kms, aws.ses, aws.event_bridge, aws.sqs)


def test_a_start_logs_nothing_of_the_sdk(
    caplog: "pytest.LogCaptureFixture", monkeypatch: "pytest.MonkeyPatch"
) -> None:
    """Credentials and endpoints that the SDK finds are not logged, at the runtime's level."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "synthetic")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    monkeypatch.setattr(aws, "_session", aws._session.__wrapped__)  # finds everything again
    with caplog.at_level(logging.INFO):
        for client in CLIENTS:
            client.__wrapped__()
    assert [each.getMessage() for each in caplog.records] == []
