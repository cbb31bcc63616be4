"""The checks of every page in each state; `test_page_checks.py` shows that each can fail."""

from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe, AxeResults
from playwright.sync_api import Page

AXE = Axe().axe_script
# Beside axe's defaults: targets of 24 px, or as much room around them (WCAG 2.2, 2.5.8).
RULES = {"target-size": {"enabled": True}}
# A mail is shown within a page of the mail reader: it has no landmarks.
MAIL_RULES = RULES | {name: {"enabled": False} for name in ("landmark-one-main", "region")}

# Parts that are too wide for the window or cut their text, without those that are only spoken.
CUT = """() => [...document.querySelectorAll("body *")].filter((each) => {
    if (!each.checkVisibility() || each.closest(".spoken, .long, .skip, svg")) return false;
    const style = getComputedStyle(each);
    if (each.getBoundingClientRect().right > innerWidth + 1) return true;
    if (style.overflowX === "visible" || each.matches("input, textarea, dialog")) return false;
    return each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1;
}).map((each) => each.outerHTML.slice(0, 120))"""

SEEN = """() => {
    const each = document.activeElement, style = getComputedStyle(each);
    if (each === document.body) return null;
    const box = each.getBoundingClientRect();
    return {
        name: each.outerHTML.slice(0, 120),
        outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        shown: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        first: each.dataset.reached !== "yes" && !!(each.dataset.reached = "yes"),
    };
}"""

FOCUSABLE = """() => [...document.querySelectorAll(
    "a[href], button, input, textarea, select, summary")].filter((each) =>
    each.checkVisibility({ visibilityProperty: true }) && !each.disabled
    && (each.type !== "radio" || each === each.form.elements[each.name][0])).length"""


def judge(page: Page) -> None:
    """Check a page by axe and against the width of its window."""
    rules = MAIL_RULES if page.url == "about:blank" else RULES
    if not page.evaluate("'axe' in window"):  # half a megabyte, once for each page
        page.evaluate(AXE)
    # What passes is not reported: it would be every element of the page, many times.
    options = {"rules": rules, "resultTypes": ["violations"]}
    results = AxeResults(page.evaluate("(options) => axe.run(options)", options))
    assert results.violations_count == 0, results.generate_report()
    fits(page)


def fits(page: Page) -> None:
    """Check that a page fits its window: it scrolls one way, and cuts nothing."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "too wide"
    cut = page.evaluate(CUT)
    assert not cut, cut


@contextmanager
def magnified(page: Page) -> Iterator[None]:
    """Show a page as with the browser's text size set to 200 %."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    try:
        yield
    finally:
        devtools.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
        devtools.detach()


def still(page: Page) -> None:
    """Check that nothing on a page moves by itself."""
    moving = page.evaluate("document.getAnimations().map((each) => each.animationName ?? each.id)")
    assert not moving, moving


def tab(page: Page) -> bool:
    """Go to the next control and check that it is seen; return whether it is a new one."""
    page.keyboard.press("Tab")
    seen = page.evaluate(SEEN)
    if seen is None:
        return False
    assert seen["outlined"], f"focus not seen: {seen['name']}"
    assert seen["shown"], f"focus out of sight: {seen['name']}"
    return bool(seen["first"])


def walk(page: Page) -> None:
    """Go through a page by the Tab key: every control is reached, and seen when it is."""
    reached = 0
    while tab(page):
        reached += 1
    assert reached == page.evaluate(FOCUSABLE)
