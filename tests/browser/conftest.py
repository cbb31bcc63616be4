"""A browser on the deployed local stack; any complaint of the browser fails the test.

`make screenshots` also pictures each state.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

from tests.browser.page_checks import fits, judge, magnified
from tools.stack.stack import LOCAL

if TYPE_CHECKING:
    from tools.stack.stack import Stack

SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = LOCAL / "screenshots"
PICTURES = "PICTURES" in os.environ
SIZES = ({"width": 1280, "height": 900}, {"width": 320, "height": 640})
# Messages of Chromium itself: on each refusal, which some tests expect, and on each logout.
EXPECTED = re.compile(
    r"Failed to load resource: the server responded with a status of 4\d\d"
    r"|Clear-Site-Data header on"
)

# These only limit how long a failure takes: the first call of a function may be slow.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)

type Look = Callable[[str], None]
type Check = Callable[[], None]
type Forgive = Callable[[str], None]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the system's Chromium if there is one, and let it connect to nothing else."""
    arguments = browser_type_launch_args | {
        "args": [
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
        ]
    }
    if SYSTEM_CHROMIUM.exists():
        arguments["executable_path"] = str(SYSTEM_CHROMIUM)
    return arguments


@pytest.fixture(scope="session")
def base_url(stack: "Stack") -> str:
    """Return the portal's address, which browsers resolve by themselves."""
    return stack.url


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Use French in another time zone: hours are shown in Paris time all the same."""
    return browser_context_args | {
        "locale": "fr-FR",
        "timezone_id": "Pacific/Noumea",
        "viewport": SIZES[0],
    }


@pytest.fixture(autouse=True)
def complaints(context: BrowserContext) -> Iterator[list[str]]:
    """Collect the messages of the browser's console; fail the test if there are any."""
    found: list[str] = []
    context.set_default_timeout(PATIENCE)

    def hear(message: ConsoleMessage) -> None:
        if not EXPECTED.match(message.text):
            found.append(f"{message.type}: {message.text}")

    def lose(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left before its answer
            found.append(f"failed: {request.url}")

    context.on("console", hear)
    context.on("weberror", lambda error: found.append(f"uncaught: {error.error}"))
    context.on("requestfailed", lose)
    context.add_init_script(
        "addEventListener('securitypolicyviolation', (event) =>"
        " console.error('CSP', event.violatedDirective, event.blockedURI))"
    )
    # Pages give up a request after half a minute: checking one that waits may take as long.
    context.add_init_script("AbortSignal.timeout = () => new AbortController().signal")
    yield found
    assert found == []


@pytest.fixture
def forgive(complaints: list[str]) -> Forgive:
    """Return a function that removes the complaints a test expects: there must be some."""

    def take_back(pattern: str) -> None:
        left = [each for each in complaints if not re.search(pattern, each)]
        assert len(left) < len(complaints)
        complaints[:] = left

    return take_back


@pytest.fixture
def check(page: Page) -> Check:
    """Return a function that checks the page by axe, narrow and dark, the hardest case."""

    def check_now() -> None:
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size(SIZES[-1])
        judge(page)

    return check_now


@pytest.fixture
def look(page: Page, request: pytest.FixtureRequest) -> Look:
    """Return a function that checks the page in each size and theme, and pictures it if asked."""
    test = request.node.name.removeprefix("test_").partition("[")[0]
    taken = 0

    def look_at(name: str) -> None:
        nonlocal taken
        taken += 1
        page.wait_for_load_state()  # scripts have run
        whole = page.get_by_role("dialog").count() == 0  # what a dialog covers is of no interest
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)
            for size in reversed(SIZES):
                page.set_viewport_size(size)
                judge(page)
                state = f"{test}-{taken:02}-{name.strip('/').replace('/', '-')}"
                shot = SCREENSHOTS / f"{state}-{size['width']}-{theme}.png"
                if PICTURES:
                    page.screenshot(path=shot, full_page=whole)
        for size in reversed(SIZES):
            page.set_viewport_size(size)
            with magnified(page):
                fits(page)

    return look_at
