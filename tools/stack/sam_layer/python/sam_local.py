"""The handler of every function under `sam local`: gives it what SAM does not.

- The local stack as AWS, whatever account the developer's shell is logged in to: SAM prefers the
  shell's variables to those of the template. LOCAL_AWS is the variables, in JSON.
- The time and the id of each request, which SAM takes once, at its start
  (https://github.com/aws/aws-sam-cli/issues/9279): no delay would end and no session expire.

OWN_HANDLER names the function's own handler, `<module>.<function>`.
"""

import importlib
import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any

os.environ.pop("AWS_SESSION_TOKEN", None)
os.environ.update(json.loads(os.environ["LOCAL_AWS"]))
_module, _, _name = os.environ["OWN_HANDLER"].rpartition(".")
_own = getattr(importlib.import_module(_module), _name)


def handler(event: dict[str, Any], context: object) -> object:
    """Call the function's own handler; what is no request of the gateway is left as it is."""
    if "requestContext" in event:
        now = datetime.now(UTC)
        event["requestContext"] |= {
            "requestId": str(uuid.uuid4()),
            "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(now.timestamp() * 1000),
        }
    return _own(event, context)
