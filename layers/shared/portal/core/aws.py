"""AWS clients, one per service, created at first use.

They come from botocore, the part of boto3 that calls AWS. Importing boto3 also loads its resource
layer and its S3 transfer manager: no function uses them, and they would slow every cold start.
"""

import functools
import logging
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import Session, get_session

from portal.core.snapshot import before_snapshot

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient

# Three attempts of at most 3 s each, plus jittered pauses, take less than the functions' 15 s.
_CONFIG = Config(
    connect_timeout=1,
    # guard: read-timeout: 2 => 20
    read_timeout=2,
    # guard: attempts: 3 => 1
    retries={"total_max_attempts": 3, "mode": "standard"},
    parameter_validation=False,
    # Without this, botocore builds its default user agent twice for each call.
    user_agent="portail",
)

# A mail whose answer is late may be on its way: nothing asks again, and SES has far more time than
# it takes.
_MAIL_CONFIG = _CONFIG.merge(
    Config(
        connect_timeout=2,
        # guard: patience-with-ses: 30 => 2
        read_timeout=30,
        # guard: one-try-at-a-mail: 1 => 3
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
)


# The runtime logs from INFO on, and there botocore notes, at each start, where it found the
# credentials and the endpoint of each client.
logging.getLogger("botocore").setLevel(logging.WARNING)


@functools.cache
def _session() -> Session:
    """Return the one botocore session: each new one reads the list of endpoints again."""
    return get_session()


def _client(service: str, config: Config = _CONFIG) -> Any:  # noqa: ANN401 - made from JSON models
    return _session().create_client(service, config=config)


@functools.cache
def dynamodb() -> "DynamoDBClient":
    """Return the DynamoDB client."""
    return _client("dynamodb")


@functools.cache
def secrets_manager() -> "SecretsManagerClient":
    """Return the Secrets Manager client."""
    return _client("secretsmanager")


@functools.cache
def kms() -> "KMSClient":
    """Return the KMS client."""
    return _client("kms")


@functools.cache
def ses() -> "SESV2Client":
    """Return the SES v2 client, which tries once."""
    return _client("sesv2", _MAIL_CONFIG)


@functools.cache
def s3() -> "S3Client":
    """Return the S3 client."""
    return _client("s3")


@functools.cache
def event_bridge() -> "EventBridgeClient":
    """Return the EventBridge client."""
    return _client("events")


@functools.cache
def sqs() -> "SQSClient":
    """Return the SQS client."""
    return _client("sqs")


@functools.cache
def lambda_() -> "LambdaClient":
    """Return the Lambda client."""
    return _client("lambda")


@functools.cache
def lambda_calls() -> "LambdaClient":
    """Return a Lambda client that waits for answers: a new version may take seconds to start."""
    return _client("lambda", Config(connect_timeout=1, read_timeout=30, user_agent="portail"))


@functools.cache
def codedeploy() -> Any:  # noqa: ANN401 - its stubs are a package more
    """Return the CodeDeploy client."""
    return _client("codedeploy")


@before_snapshot
def _make_clients() -> None:
    """Create the clients that nearly all functions use, before the SnapStart snapshot.

    They contain neither a connection nor a secret; expired credentials are fetched again.
    """
    dynamodb()
    secrets_manager()
