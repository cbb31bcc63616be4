"""A browser in front of the deployed local stack, whose every complaint fails the test."""

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
SIZES = ({"width": 1280, "height": 900}, {"width": 320, "height": 640})
# What Chromium itself says: of each refusal, which some tests are about, and of each logout.
EXPECTED = re.compile(
    r"Failed to load resource: the server responded with a status of 4\d\d"
    r"|Clear-Site-Data header on"
)

# They only bound a failure: a function's first call is slow where there is much to do.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)

type Look = Callable[[str], None]
type Check = Callable[[], None]
type Forgive = Callable[[str], None]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Drive the system's Chromium when there is one, and let it talk to nobody else."""
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
    """Be a French person abroad: hours are shown in Paris time all the same."""
    return browser_context_args | {
        "locale": "fr-FR",
        "timezone_id": "Pacific/Noumea",
        "viewport": SIZES[0],
    }


@pytest.fixture(autouse=True)
def complaints(context: BrowserContext) -> Iterator[list[str]]:
    """Collect what the browser says in its console; fail the test when it is anything."""
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
    # Pages give a request up after half a minute: looking at one that waits may take as long.
    context.add_init_script("AbortSignal.timeout = () => new AbortController().signal")
    yield found
    assert found == []


@pytest.fixture
def forgive(complaints: list[str]) -> Forgive:
    """Return what takes back the complaints that a test is about: there must be some."""

    def take_back(pattern: str) -> None:
        left = [each for each in complaints if not re.search(pattern, each)]
        assert len(left) < len(complaints)
        complaints[:] = left

    return take_back


@pytest.fixture
def check(page: Page) -> Check:
    """Return what lets axe judge the page where it is the hardest: narrow and dark."""

    def check_now() -> None:
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size(SIZES[-1])
        judge(page)

    return check_now


@pytest.fixture
def look(page: Page, request: pytest.FixtureRequest) -> Look:
    """Return what looks at the page as it is now, in each size and theme, and pictures it."""
    test = request.node.name.removeprefix("test_").partition("[")[0]
    taken = 0

    def look_at(name: str) -> None:
        nonlocal taken
        taken += 1
        page.wait_for_load_state()  # scripts have run
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        whole = page.get_by_role("dialog").count() == 0  # what a dialog covers is of no interest
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)
            for size in reversed(SIZES):
                page.set_viewport_size(size)
                judge(page)
                state = f"{test}-{taken:02}-{name.strip('/').replace('/', '-')}"
                shot = SCREENSHOTS / f"{state}-{size['width']}-{theme}.png"
                page.screenshot(path=shot, full_page=whole)
        for size in reversed(SIZES):
            page.set_viewport_size(size)
            with magnified(page):
                fits(page)

    return look_at
