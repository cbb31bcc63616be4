"""Login with a provider in the browser, that of `make dev`: linked, used, confirmed, removed."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import IDENTIFIER, expect_title, log_in
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import account_holder
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD

if TYPE_CHECKING:
    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]
NAME = "Net-Entreprises.fr"
SECURITY = "/gerer/mon-compte/securite"


@pytest.fixture(autouse=True)
def _provider(login_provider: str, page: Page) -> None:
    """Run the provider; its style, which is on another site, is left out."""
    assert login_provider
    empty = {"status": 200, "content_type": "text/css", "body": ""}
    page.route("https://cdn.jsdelivr.net/**", lambda route: route.fulfill(**empty))


def confirm(page: Page, subject: str) -> None:
    """Confirm at the provider who one is."""
    page.get_by_role("button", name=subject).click()


def log_out(page: Page) -> None:
    """Log out from the header."""
    page.get_by_role("button", name="Me déconnecter").first.click()
    page.wait_for_url("/mon-compte")


def test_from_the_button_to_the_removal(
    page: Page, client: Client, mailbox: Mailbox, direct: Direct, look: "Look"
) -> None:
    """An identity is linked once with the password, opens the account, confirms, is removed."""
    person = account_holder(client, mailbox)
    page.goto("/mon-compte")
    look("login")
    page.get_by_role("link", name=f"Me connecter avec {NAME}").click()
    confirm(page, "camille-martin")
    expect_title(page, "Première connexion")
    expect(page.locator("#who")).to_have_text("\u00a0: Camille Martin")
    look("newcomer")
    page.reload()
    expect(page.locator("#who")).to_have_text("\u00a0: Camille Martin")
    page.get_by_label(IDENTIFIER, exact=True).fill(person.email)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Associer mon compte").click()
    page.wait_for_url(SECURITY)
    expect(page.locator("#done")).to_contain_text(f"vous connecter avec {NAME}")
    expect(page.get_by_text("jamais utilisé")).to_be_visible()
    look("linked")

    log_out(page)
    page.get_by_role("link", name=f"Me connecter avec {NAME}").click()
    confirm(page, "camille-martin")
    page.wait_for_url("/gerer")
    page.goto(SECURITY)
    expect(page.locator("#identities")).to_contain_text("utilisé le")
    expect(page.locator("#open-sessions")).to_contain_text(f"par {NAME}")

    account_id = direct.account(person.email)["id"]["S"]
    for each in direct.find("SESSION#", account_id=account_id):
        direct.change(each, proved_at=1)  # as if the proof were old
    page.get_by_role("button", name="Retirer").click()
    expect(page.get_by_role("button", name=f"Avec {NAME}")).to_be_visible()
    look("confirm")
    page.get_by_role("button", name=f"Avec {NAME}").click()
    confirm(page, "camille-martin")
    page.wait_for_url(SECURITY)
    page.get_by_role("button", name="Retirer").click()
    expect(page.locator("#identities-status")).to_contain_text("n’ouvre plus votre compte")
    expect(page.get_by_text("Non associé")).to_be_visible()
    look("removed")


def test_linking_from_the_space(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """Who is logged in links an identity, and sees whose it is before."""
    person = account_holder(client, mailbox)
    log_in(page, person.email, start=SECURITY)
    page.get_by_role("link", name=f"Associer {NAME}").click()
    confirm(page, "dominique-petit")
    page.wait_for_url(f"{SECURITY}**")
    expect(page.locator("#link-who")).to_contain_text("Dominique Petit")
    expect(page.get_by_role("button", name="Associer", exact=True)).to_be_visible()
    look("offer")
    page.get_by_role("button", name="Associer", exact=True).click()
    expect(page.locator("#identities")).to_contain_text(f"{NAME} ouvre votre compte")


def test_signing_up_with_what_a_provider_says(page: Page, look: "Look") -> None:
    """A person without account finds the form filled in, and the address to be validated."""
    page.goto("/mon-compte")
    page.get_by_role("link", name=f"Me connecter avec {NAME}").click()
    confirm(page, "claude-durand")
    page.get_by_role("button", name="Créer mon compte").click()
    page.wait_for_url("/creer-mon-compte")
    expect(page.get_by_label("Nom", exact=True)).to_have_value("Durand")
    expect(page.get_by_label("Prénom", exact=True)).to_have_value("Claude")
    expect(page.get_by_label("Courriel", exact=True)).to_have_value("claude.durand@example.fr")
    look("filled")


def test_failures_are_told_on_the_login_page(page: Page, look: "Look") -> None:
    """A login that is over leads to the login page, which says it."""
    page.goto("/api/sso/callback?state=old&code=code")
    expect(page.get_by_text("a attendu trop longtemps")).to_be_focused()
    look("expired")
    page.goto("/premiere-connexion")
    expect_title(page, "Connexion à reprendre")
    look("ended")
