"""``python -m benchmarks.in_process CASE…``: invokes a function many times in one Python process.

Only the built layers are on its path. A stub answers AWS calls below botocore; its time is not
counted, nor, with ``--no-hash``, that of the password's hash. The last line of its output, after
the functions' logs, is a JSON object: for each case the processor time of the median request, in
milliseconds, and its calls to AWS; with ``--count``, the number of its Python calls instead.
"""

import io
import json
import sys
import time
from typing import Any

import app
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from benchmarks.world import World
from portal.core import aws
from portal.identity import passwords

_handler: Any = app.handler
_WARM_UP = 30
_REQUESTS = 150


class _Body(io.BytesIO):
    def stream(self, **_: object) -> Any:
        yield self.read()


class _Aws:
    """Answers the calls to AWS; records them and the time that the answers take."""

    def __init__(self) -> None:
        self.world = World()
        self.calls: list[dict[str, Any]] = []
        self.seconds = 0.0
        for client in (aws.dynamodb(), aws.secrets_manager(), aws.kms(), aws.event_bridge()):
            events: Any = client.meta.events
            events.register("before-send", self._respond)

    def _respond(self, request: Any, **_: object) -> AWSResponse:
        started = time.process_time()
        target = request.headers["X-Amz-Target"].decode()
        self.calls.append({"target": target, "asked": json.loads(request.body)})
        body = self.world.answer(target, request.body)
        answer = AWSResponse(request.url, 200, HTTPHeaders(), _Body(body))
        self.seconds += time.process_time() - started
        return answer


class _Hasher:
    """Accepts any password, without computing a hash."""

    def verify(self, *_: object) -> bool:
        return True

    def check_needs_rehash(self, *_: object) -> bool:
        return False


def _count(stub: _Aws, case: str) -> dict[str, Any]:
    event = stub.world.event(case)
    calls = 0

    def note(_frame: object, what: str, _argument: object) -> None:
        nonlocal calls
        calls += what in {"call", "c_call"}

    for _ in range(_WARM_UP):
        _handler(event, None)
    sys.setprofile(note)
    answer = _handler(event, None)
    sys.setprofile(None)
    return {"status": answer["statusCode"], "python_calls": calls}


def _ask(stub: _Aws, case: str) -> dict[str, Any]:
    event = stub.world.event(case)
    times: list[float] = []
    status = 0
    for _ in range(_WARM_UP + _REQUESTS):
        stub.calls.clear()
        stub.seconds = 0
        started = time.process_time()
        status = _handler(event, None)["statusCode"]
        times.append(time.process_time() - started - stub.seconds)
    median = sorted(times[_WARM_UP:])[_REQUESTS // 2]
    return {
        "status": status,
        "milliseconds": median * 1000,
        "calls": list(stub.calls),
    }


def main() -> None:
    """Run the cases and print the result."""
    stub = _Aws()
    if "--no-hash" in sys.argv:
        # Measure everything except the hash.
        passwords.__dict__["_hasher"] = _Hasher()
    cases = [each for each in sys.argv[1:] if not each.startswith("--")]
    ask = _count if "--count" in sys.argv else _ask
    print(json.dumps({case: ask(stub, case) for case in cases}))


if __name__ == "__main__":
    main()
