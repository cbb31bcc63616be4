"""The object store: files given to others, and files that others leave.

An object is written once: to write it again with the same content is no error, so that a run that
was interrupted can be repeated.
"""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EXISTS = "PreconditionFailed"


class Files:
    """A bucket. Errors of AWS pass through, as botocore raises them."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put_new(self, key: str, content: bytes) -> bool:
        """Store an object unless there is one of that name; return whether it was stored."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType="application/xml",
                # guard: written-once
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == _EXISTS:
                return False
            raise
        return True

    def size(self, key: str) -> int:
        """Return the size of an object in bytes."""
        return self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"]

    def read(self, key: str) -> bytes:
        """Return the content of an object."""
        return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def move(self, key: str, to: str) -> None:
        """Give an object another name."""
        # Tags are left: to read and write them needs other rights.
        self._client.copy_object(
            Bucket=self._bucket,
            Key=to,
            CopySource={"Bucket": self._bucket, "Key": key},
            TaggingDirective="REPLACE",
        )
        self._client.delete_object(Bucket=self._bucket, Key=key)
