"""``make audit``: Lighthouse and the Nu HTML checker on the portal, deployed in a stack of its own.

Prints a line per page and fails below the limits: performance 98 (the median of three runs, since
results vary), accessibility 100, best practices 100; at most 15 KB for a first screen, of which
6 KB of scripts; no error or warning in the HTML of the pages and of the mails.
"""

import gzip
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.world.mails import TEMPLATES, mail
from tools.stack.stack import DOMAIN, HOST, Stack, say, stack_for_tests

HERE = Path(__file__).parent
TOOLS = HERE.parents[1] / ".local" / "audit" / "node_modules"

VALIDATOR = TOOLS / "vnu-jar/build/dist/vnu.jar"
# Remarks from before 2020: all browsers support « inputmode » now, and phones show digits for it;
# the standard has had the autofill token « webauthn » since 2023 (HTML, 4.10.18.7.1).
OUTDATED = (
    ".*(“inputmode” attribute is not supported in all browsers|“webauthn” is not a valid auto).*"
)

# The last one is where a password is chosen, without a link: it says so.
LIGHTHOUSE_PAGES = (
    "/",
    "/mon-compte",
    "/creer-mon-compte",
    "/estimer",
    "/api/docs",
    "/problems/throttled",
    "/nouveau-mot-de-passe",
)
# Pages without a link to them: opened from a mail, after a form, or by a wrong address.
UNLINKED_PAGES = (
    "/gerer/echeances/{code}",
    "/verifiez-vos-courriels",
    "/valider",
    "/mot-de-passe-enregistre",
    "/premiere-connexion",
    "/nouveau-mot-de-passe",
    "/annuler-changement",
    "/gerer/mon-compte",
    "/gerer/mon-compte/securite",
    "/garder-double-verification",
    "/gerer/mon-compte/telephone",
    "/gerer/mon-compte/courriel",
    "/gerer/mon-compte/mot-de-passe",
    "/gerer/mon-compte/suppression",
    # Of the gateway: no operation of the reference leads there.
    "/problems/bad-request",
    "/problems/internal-error",
    "/problems/method-not-allowed",
    "/problems/refused",
    "/404",
)
RUNS = 3
BARS = {"performance": 98, "accessibility": 100, "best-practices": 100}
WEIGHTS = {"page": 15_000, "scripts": 6_000}
# One page with all of the API, for who writes a program.
REFERENCE = "/api/docs"
WEIGHTS_OF_THE_REFERENCE = WEIGHTS | {"page": 40_000}
TRIES = 3
"""On a busy machine Chrome may not open its port in time: no score, and no fault of the page."""
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
    environment = os.environ | {"CHROME_PATH": chrome}
    for left in reversed(range(TRIES)):
        done = subprocess.run(  # noqa: S603 - the pinned tool, on our own address
            command, env=environment, capture_output=True, check=not left, text=True
        )
        if done.returncode == 0:
            report: dict[str, Any] = json.loads(done.stdout)
            return {name: round(100 * report["categories"][name]["score"]) for name in BARS}
    raise AssertionError


def weigh(stack: Stack, path: str) -> dict[str, int]:
    """Return the compressed bytes of a first visit of a page, without the headers."""
    bodies = {path: fetch(stack, path)}
    html = gzip.decompress(bodies[path]).decode()
    for asset in re.findall(r'(?:href|src)="(/assets/[^"]+)"', html):
        bodies[asset] = fetch(stack, asset)
    return {
        "page": sum(map(len, bodies.values())),
        "scripts": sum(len(body) for name, body in bodies.items() if name.endswith(".js")),
    }


def fetch(stack: Stack, path: str) -> bytes:
    """Return the body of an answer, still compressed."""
    connection = HTTPConnection(HOST, stack.port, timeout=30)
    headers = {"Host": f"{DOMAIN}:{stack.port}", "Accept": "*/*", "Accept-Encoding": "gzip"}
    connection.request("GET", path, headers=headers)
    body = connection.getresponse().read()
    connection.close()
    return body


def validate(stack: Stack, paths: list[str]) -> list[str]:
    """Return the messages of the Nu HTML checker for the pages, as served, and for the mails."""
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            _, body = stack.get(path, host=f"{DOMAIN}:{stack.port}")
            name = path.strip("/").replace("/", "-") or "home"
            (Path(folder) / f"{name}.html").write_bytes(body)
        for template in TEMPLATES:
            (Path(folder) / f"mail-{template}.html").write_text(mail(template).html)
        answer = subprocess.run(  # noqa: S603 - the pinned tool, on our own files
            ["java", "-jar", str(VALIDATOR), "--filterpattern", OUTDATED, folder],  # noqa: S607
            capture_output=True,
            check=False,
            text=True,
        )
    return answer.stderr.splitlines()


def pages(stack: Stack) -> list[str]:
    """Return the paths of all pages: those that links from the home page reach, and the others."""

    def read(path: str) -> str:
        status, body = stack.get(path, host=f"{DOMAIN}:{stack.port}")
        return body.decode() if status == HTTPStatus.OK else ""

    return reached(read)


def reached(read: Callable[[str], str]) -> list[str]:
    """Return the paths of the pages to audit; ``read`` returns the HTML of a path."""
    found = ["/", REFERENCE, *UNLINKED_PAGES]
    seen = set(found)
    for path in found:
        for link in re.findall(r'href="(/[^"#?]*)', read(path)):
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
        say(f"HTML: {len(messages)} messages on {len(paths)} pages and {len(TEMPLATES)} mails")
        for message in messages:
            say(f"  {message}")
        failed |= bool(messages)
        for path in paths:
            weights = weigh(stack, path)
            bars = WEIGHTS_OF_THE_REFERENCE if path == REFERENCE else WEIGHTS
            heavy = [name for name, bar in bars.items() if weights[name] > bar]
            say(f"{path}: {weights} bytes{' ABOVE: ' + ', '.join(heavy) if heavy else ''}")
            failed |= bool(heavy)
        for path in LIGHTHOUSE_PAGES:
            runs = [lighthouse(f"{stack.url}{path}") for _ in range(RUNS)]
            scores = {name: statistics.median(run[name] for run in runs) for name in BARS}
            short = [name for name, bar in BARS.items() if scores[name] < bar]
            say(f"{path[:30]}: {scores}{' BELOW: ' + ', '.join(short) if short else ''}")
            failed |= bool(short)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
