"""The runtime of Lambda for Python, as far as a handler needs it: takes events, returns answers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import importlib
import json
import os
from http.client import HTTPConnection
from types import SimpleNamespace

_PATH = "/2018-06-01/runtime/invocation"


def main() -> None:
    """Serve events until the process is killed."""
    module, _, name = os.environ["_HANDLER"].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    api = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", f"{_PATH}/next")
        given = api.getresponse()
        event = json.load(given)
        context = SimpleNamespace(
            aws_request_id=given.headers["Lambda-Runtime-Aws-Request-Id"],
            function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
            function_version="$LATEST",
            memory_limit_in_mb="1024",
            invoked_function_arn="arn:aws:lambda:eu-west-3:000000000000:function:local",
            get_remaining_time_in_millis=lambda: 15_000,
        )
        answer = json.dumps(handler(event, context))
        api.request("POST", f"{_PATH}/{context.aws_request_id}/response", answer)
        api.getresponse().read()


if __name__ == "__main__":
    main()
