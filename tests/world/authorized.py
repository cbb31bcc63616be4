"""What IAM is asked when a call to AWS is made: one request or several, with their keys."""

from collections.abc import Iterator
from typing import Any

from tests.world.cloud import ACCOUNT, REGION, Call
from tests.world.deployed import Deployed
from tests.world.policies import Keys, Request

PLACE = f"{REGION}:{ACCOUNT}"
LEADING = "dynamodb:LeadingKeys"
ENCLOSING = "dynamodb:EnclosingOperation"
CONTEXT = "kms:EncryptionContextKeys"
VIA = "kms:ViaService"
CALLER = "kms:CallerAccount"
LOG_STREAM = ":log-stream:2026/09/21/live[1]abc"
PARTS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}
"""The action of each part of a transaction. No role has ``TransactWriteItems``: there is no such
action, https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"""
OF_THE_TABLE = (
    "Encrypt",
    "Decrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "DescribeKey",
)
"""What DynamoDB may ask of a table's key in the name of who reads or writes,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html"""


def requests(call: Call, deployed: Deployed) -> Iterator[Request]:
    """Give what IAM is asked for a call that a test recorded."""
    asked = call.asked
    match call.service:
        case "DynamoDB":
            yield from _of_table(call.operation, asked, deployed)
        case "Secrets Manager":
            secret = deployed.arn(asked["SecretId"])
            yield Request(f"secretsmanager:{call.operation}", secret)
            key = deployed.arn("DataKey")
            yield through("secretsmanager", "Decrypt", key, ("SecretARN", "SecretVersionId"))
        case "KMS":
            key = f"arn:aws:kms:{PLACE}:key/{asked['KeyId']}"
            yield of_key(call.operation, key, tuple(asked.get("EncryptionContext", ())))
        case "EventBridge":
            for entry in asked["Entries"]:
                bus = f"arn:aws:events:{PLACE}:event-bus/{entry['EventBusName']}"
                yield Request(
                    f"events:{call.operation}", bus, (("events:source", (entry["Source"],)),)
                )
        case "SQS":
            queue = asked["QueueUrl"].rpartition("/")[2]
            yield Request(f"sqs:{call.operation}", f"arn:aws:sqs:{PLACE}:{queue}")
        case "S3":
            yield from _of_bucket(call.operation, asked, deployed)
        case "Lambda" | "CodeDeploy":
            yield _of_functions(call, deployed)
        case "SESv2":
            yield from _of_mail(call)
        case unknown:
            raise LookupError(f"what IAM is asked for {unknown}")


def _of_mail(call: Call) -> Iterator[Request]:
    asked = call.asked
    sender = asked["FromEmailAddress"].partition("<")[2].rstrip(">")
    for resource in (
        f"identity/{sender.partition('@')[2]}",
        f"configuration-set/{asked['ConfigurationSetName']}",
    ):
        arn = f"arn:aws:ses:{PLACE}:{resource}"
        yield Request(f"ses:{call.operation}", arn, (("ses:FromAddress", (sender,)),))


OF_OBJECTS = {
    "PutObject": ("PutObject",),
    "GetObject": ("GetObject", "ListBucket"),
    "HeadObject": ("GetObject", "ListBucket"),
    "DeleteObject": ("DeleteObject",),
}
"""The actions of a call about an object. Who may not list a bucket is told that what is gone is
forbidden, https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html"""


def _of_bucket(operation: str, asked: dict[str, Any], deployed: Deployed) -> Iterator[Request]:
    if operation == "CopyObject":
        yield from _of_bucket("GetObject", asked["CopySource"], deployed)
        operation = "PutObject"
    bucket = f"arn:aws:s3:::{asked['Bucket']}"
    folder = asked["Key"].partition("/")[0]
    for action in OF_OBJECTS[operation]:
        whole = action == "ListBucket"
        yield Request(f"s3:{action}", bucket if whole else f"{bucket}/{folder}/x")
    if operation != "DeleteObject":
        needed = "GenerateDataKey" if operation == "PutObject" else "Decrypt"
        yield through("s3", needed, deployed.arn("DataKey"), ("aws:s3:arn",))


def _of_functions(call: Call, deployed: Deployed) -> Request:
    """Return the request for a call of a function, or of its version, or for a deployment."""
    asked = call.asked
    if call.service == "CodeDeploy":
        application = f"{deployed.names['AWS::StackName']}-ServerlessDeploymentApplication-1"
        group = f"deploymentgroup:{application}/LoginDeploymentGroup"
        return Request(f"codedeploy:{call.operation}", f"arn:aws:codedeploy:{PLACE}:{group}")
    function = asked["FunctionName"]
    if "Qualifier" in asked:
        function = f"arn:aws:lambda:{PLACE}:function:{function}:{asked['Qualifier']}"
    return Request(f"lambda:{call.operation}Function", function)


def _of_table(operation: str, asked: dict[str, Any], deployed: Deployed) -> Iterator[Request]:
    if operation == "TransactWriteItems":
        for item in asked["TransactItems"]:
            ((part, body),) = item.items()
            partition = (body.get("Key") or body["Item"])["pk"]["S"]
            yield of_table(PARTS[part], table_arn(body["TableName"]), (partition,), operation)
    elif operation == "BatchGetItem":
        for name, wanted in asked["RequestItems"].items():
            partitions = tuple(each["pk"]["S"] for each in wanted["Keys"])
            yield of_table("dynamodb:BatchGetItem", table_arn(name), partitions)
    elif operation == "Query":
        partition = asked["ExpressionAttributeValues"][":partition"]["S"]
        yield of_table("dynamodb:Query", table_arn(asked["TableName"]), (partition,))
    else:
        partition = (asked.get("Key") or asked["Item"])["pk"]["S"]
        yield of_table(f"dynamodb:{operation}", table_arn(asked["TableName"]), (partition,))
    key = deployed.arn("DataKey")
    for action in OF_THE_TABLE:
        context = ("aws:dynamodb:tableName", "aws:dynamodb:subscriberId")
        yield through("dynamodb", action, key, context)


def table_arn(name: str) -> str:
    """Return the ARN of a table."""
    return f"arn:aws:dynamodb:{PLACE}:table/{name}"


def of_table(
    action: str, table: str, partitions: tuple[str, ...], transaction: str = ""
) -> Request:
    """Return a request for items of some partitions of a table."""
    enclosing = (transaction,) if transaction else ()
    return Request(action, table, ((LEADING, partitions), (ENCLOSING, enclosing)))


def of_key(operation: str, key: str, context: tuple[str, ...]) -> Request:
    """Return a request for a key, from the function itself, with these names in its context."""
    return Request(f"kms:{operation}", key, _key_keys(context, ()))


def through(service: str, operation: str, key: str, context: tuple[str, ...]) -> Request:
    """Return a request for a key that a service makes in the name of a function."""
    via = (f"{service}.{REGION}.amazonaws.com",)
    return Request(f"kms:{operation}", key, _key_keys(context, via))


def _key_keys(context: tuple[str, ...], via: tuple[str, ...]) -> Keys:
    known = {CONTEXT: context, VIA: via, CALLER: (ACCOUNT,), "aws:SourceAccount": ()}
    return tuple(known.items())


def of_lambda(function: str, deployed: Deployed) -> Iterator[Request]:
    """Give what Lambda asks in a function's name: for its logs, traces, stream and failures."""
    properties = deployed.resources[function]["Properties"]
    group = deployed.arn(properties["LoggingConfig"]["LogGroup"]["Ref"])
    for action in ("CreateLogStream", "PutLogEvents"):
        yield Request(f"logs:{action}", group.removesuffix(":*") + LOG_STREAM)
    if properties["TracingConfig"]["Mode"] == "Active":
        for action in ("PutTraceSegments", "PutTelemetryRecords"):
            yield Request(f"xray:{action}", "*")
    for kind in ("AWS::Lambda::EventSourceMapping", "AWS::Lambda::EventInvokeConfig"):
        for mapping in deployed.of_type(kind).values():
            name = deployed.names[function]
            if name not in deployed.resolve(mapping["FunctionName"]).split(":"):
                continue
            failures = mapping["DestinationConfig"]["OnFailure"]["Destination"]
            yield Request("sqs:SendMessage", deployed.resolve(failures))
            if source := mapping.get("EventSourceArn"):
                for action in ("DescribeStream", "GetRecords", "GetShardIterator"):
                    yield of_table(f"dynamodb:{action}", deployed.resolve(source), ())
                yield of_table("dynamodb:ListStreams", "*", ())
