"""``make audit``: Lighthouse and the Nu HTML checker on the portal, deployed in a stack of its own.

Prints a line per page and fails below the bars: performance 98 (the median of three runs, for
machines are noisy), accessibility 100, best practices 100, no error or warning in the HTML.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.local.stack import DOMAIN, Stack, say, stack_for_tests

HERE = Path(__file__).parent
TOOLS = HERE.parents[1] / ".local" / "audit" / "node_modules"

LIGHTHOUSE_PAGES = ("/", "/mon-compte", "/creer-mon-compte", "/valider")
RUNS = 3
BARS = {"performance": 98, "accessibility": 100, "best-practices": 100}
FLAGS = "--headless=new --no-sandbox --disable-dev-shm-usage --disable-background-networking"


def lighthouse(url: str) -> dict[str, int]:
    """Return the scores of a page, 0 to 100, by category."""
    command = [
        str(TOOLS / ".bin" / "lighthouse"),
        url,
        "--quiet",
        "--output=json",
        f"--only-categories={','.join(BARS)}",
        f"--chrome-flags={FLAGS}",
    ]
    chrome = shutil.which("chromium") or shutil.which("google-chrome") or ""
    answer = subprocess.run(  # noqa: S603 - the pinned tool, on our own address
        command,
        env=os.environ | {"CHROME_PATH": chrome},
        capture_output=True,
        check=True,
        text=True,
    )
    report: dict[str, Any] = json.loads(answer.stdout)
    return {name: round(100 * report["categories"][name]["score"]) for name in BARS}


def validate(stack: Stack, paths: list[str]) -> list[str]:
    """Return what the Nu HTML checker says of pages, as the portal serves them."""
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            _, body = stack.get(path, host=f"{DOMAIN}:{stack.port}")
            name = path.strip("/").replace("/", "-") or "home"
            (Path(folder) / f"{name}.html").write_bytes(body)
        answer = subprocess.run(  # noqa: S603 - the pinned tool, on our own files
            ["java", "-jar", str(TOOLS / "vnu-jar/build/dist/vnu.jar"), folder],  # noqa: S607
            capture_output=True,
            check=False,
            text=True,
        )
    return answer.stderr.splitlines()


def pages(stack: Stack) -> list[str]:
    """Return every page that a link of the portal leads to, from its home page."""
    found, seen = ["/"], {"/"}
    for path in found:
        status, body = stack.get(path, host=f"{DOMAIN}:{stack.port}")
        if status == 200:
            for link in re.findall(r'href="(/[^"#?]*)', body.decode()):
                if link not in seen and not link.startswith(("/assets/", "/api/")):
                    seen.add(link)
                    found.append(link)
    return found


def main() -> int:
    """Audit; return the exit status."""
    failed = False
    with stack_for_tests() as stack:
        paths = pages(stack)
        messages = validate(stack, paths)
        say(f"HTML: {len(messages)} messages on {len(paths)} pages")
        for message in messages:
            say(f"  {message}")
        failed |= bool(messages)
        for path in LIGHTHOUSE_PAGES:
            runs = [lighthouse(f"{stack.url}{path}") for _ in range(RUNS)]
            scores = {name: statistics.median(run[name] for run in runs) for name in BARS}
            short = [name for name, bar in BARS.items() if scores[name] < bar]
            say(f"{path}: {scores}{' BELOW: ' + ', '.join(short) if short else ''}")
            failed |= bool(short)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
