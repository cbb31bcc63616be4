"""Each mail as read on a phone: narrow or wide, light or dark, with large letters."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.world.mails import LINK, TEMPLATES, mail

if TYPE_CHECKING:
    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

LONG = "Wolfeschlegelsteinhausenbergerdorff-" * 2


@pytest.mark.parametrize("template", TEMPLATES)
def test_mail(page: Page, look: "Look", template: str) -> None:
    """A mail is accessible and loads nothing; its button and its link lead to the same place."""
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    link = f"{LINK}{'A' * 90}"
    page.set_content(mail(template, link=link).html)
    links = page.get_by_role("link")
    expect(links).to_have_count(2)
    for each in links.all():
        expect(each).to_have_attribute("href", link)
    expect(links.last).to_have_text(link)
    look(template)
    assert fetched == []


def test_longest_names(page: Page, look: "Look") -> None:
    """A mail has room for the longest name and address."""
    address = f"{LONG.lower()}@{'sous-domaine.' * 6}example.fr"
    page.set_content(mail("validation", last_name=LONG, first_name=LONG, email=address).html)
    look("long")
