"""The checks of pages can fail: each finds a page that is broken in its way."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page

from tests.browser.page_checks import fits, judge, magnified, still, tab, walk
from tests.browser.steps import compare_tree, until

if TYPE_CHECKING:
    from tests.browser.conftest import Forgive

pytestmark = [pytest.mark.stack, pytest.mark.browser]

FORM = "/creer-mon-compte"
CRAMP = (
    "document.querySelectorAll('.bottom li a').forEach((each) =>"
    " each.style.cssText = 'display: block; font: 9px/10px serif; padding: 0');"
)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("document.querySelector('label').remove()", "label"),
        ("document.querySelector('h1').style.color = '#bbb'", "color-contrast"),
        ("document.querySelector('h1').remove()", "heading"),
        ("document.documentElement.lang = ''", "html-has-lang"),
        (f"{CRAMP} document.querySelector('.bottom ul').style.display = 'block'", "target-size"),
        ("document.querySelector('h1').style.width = '2000px'", "too wide"),
        ("document.querySelector('.demo').style.cssText = 'height: 9px; overflow: hidden'", "demo"),
    ],
)
def test_judge(page: Page, broken: str, said: str) -> None:
    """A missing label, a pale text, a small target or a cut text is found."""
    page.goto(FORM)
    judge(page)
    page.evaluate(broken)
    with pytest.raises(AssertionError, match=said):
        judge(page)


def test_magnified(page: Page) -> None:
    """A text with room at its usual size but not at 200 % is found."""
    page.goto(FORM)
    page.evaluate("document.querySelector('.demo').style.cssText = 'height: 40px; overflow: clip'")
    fits(page)
    with magnified(page), pytest.raises(AssertionError, match="demo"):
        fits(page)


def test_focus(page: Page) -> None:
    """A control whose focus is hidden or out of sight, or that is skipped, is found."""
    page.goto("/mot-de-passe-enregistre")
    walk(page)
    page.reload()
    page.evaluate("document.querySelector('.skip').style.outline = 'none'")
    with pytest.raises(AssertionError, match="not seen"):
        tab(page)
    page.reload()
    page.evaluate("document.querySelector('.skip').style.position = 'fixed'")
    page.evaluate("document.querySelector('.skip').style.top = '-9rem'")
    with pytest.raises(AssertionError, match="out of sight"):
        tab(page)
    page.reload()
    page.evaluate("document.querySelector('main a').tabIndex = -1")
    with pytest.raises(AssertionError):
        walk(page)


def test_motion(page: Page) -> None:
    """A part that moves is found."""
    page.goto(FORM)
    still(page)
    page.evaluate("document.querySelector('h1').animate({ opacity: [0, 1] }, { duration: 1e5 })")
    with pytest.raises(AssertionError):
        still(page)


def test_tree(page: Page) -> None:
    """A heading with other words for assistive tools is found."""
    page.goto(FORM)
    compare_tree(page, "creer-mon-compte")
    page.evaluate("document.querySelector('h1').ariaLabel = 'Page'")
    with pytest.raises(AssertionError):
        compare_tree(page, "creer-mon-compte")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("console.warn('odd')", "warning: odd"),
        ("setTimeout(() => { throw new Error('odd') })", "uncaught: .*odd"),
        ("document.body.setAttribute('style', 'color: red')", "CSP style-src-attr"),
        ("document.body.append(Object.assign(new Image(), { src: 'data:,' }))", "CSP img-src"),
        ("try { document.body.innerHTML = '' } catch { }", "CSP require-trusted-types-for"),
    ],
)
def test_complaints(
    page: Page, complaints: list[str], forgive: "Forgive", broken: str, said: str
) -> None:
    """A message, an error or a breach of the policy in the browser fails the test."""
    page.goto(FORM)
    assert complaints == []
    page.evaluate(broken)
    until(page, lambda: any(re.search(said, each) for each in complaints))
    forgive(".")
