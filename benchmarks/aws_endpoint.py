"""``python -m benchmarks.aws_endpoint``: serves the AWS of ``World`` over HTTP, in a process.

It prints its port as the first line. It ends when its input is closed, so it does not outlive its
parent.
"""

import asyncio
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from benchmarks.http_server import Answer, Request, listen, port_of
from benchmarks.world import ENVIRONMENT, World

_STORED = b"<CopyObjectResult><ETag>1</ETag></CopyObjectResult>"
"""What S3 answers here: a report that is not understood, and that it was set aside."""


async def _serve() -> None:
    world = World()

    async def answer(request: Request) -> Answer:
        target = request.headers.get("x-amz-target", "")
        if request.path.startswith(f"/{ENVIRONMENT['BANK_FILES']}"):
            return Answer(_STORED)
        return Answer(world.answer(target, request.body), headers={"x-amzn-RequestId": "1"})

    server = await listen(answer)
    print(port_of(server), flush=True)
    await asyncio.to_thread(sys.stdin.read)


@contextmanager
def running() -> Generator[str]:
    """Run it for a block; yield its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.aws_endpoint"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.stdin.close()


if __name__ == "__main__":
    asyncio.run(_serve())
