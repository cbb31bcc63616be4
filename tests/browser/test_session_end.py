"""However a session ends, every tab is emptied at once and says why; the header follows."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import IDENTIFIER, NIR, log_in
from tests.world.client import Client
from tests.world.journey import account_holder
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD

if TYPE_CHECKING:
    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

SIGNED_OUT = "La déconnexion est faite. À bientôt !"
ENDED = "Votre session a pris fin. Reconnectez-vous pour continuer."
DELETED = "La suppression de votre compte est enregistrée"
ACCOUNT = "/gerer/mon-compte"


def in_two_tabs(page: Page, email: str) -> Page:
    """Log in, and return another tab that shows the account."""
    log_in(page, email)
    other = page.context.new_page()
    other.goto(ACCOUNT)
    expect(other.locator("[data-fill=email]")).to_have_text(email)
    other.wait_for_load_state("networkidle")
    page.wait_for_load_state("networkidle")
    return other


def expect_empty(page: Page, email: str, words: str) -> None:
    """Check that a tab shows the login with the right words, and nothing of the account."""
    page.wait_for_url("/mon-compte")
    expect(page.get_by_text(words)).to_be_visible()
    expect(page.locator("[data-notice]").filter(visible=True)).to_have_count(1)
    assert email not in page.content()


def test_logout(page: Page, client: Client, mailbox: Mailbox) -> None:
    """A logout empties the other tab without a click there, and says that it is done."""
    person = account_holder(client, mailbox)
    other = in_two_tabs(page, person.email)
    page.get_by_role("button", name="Me déconnecter").click()
    expect_empty(other, person.email, SIGNED_OUT)
    expect_empty(page, person.email, SIGNED_OUT)
    assert page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})") == "{}"


def test_idle_while_leaving(page: Page, client: Client, mailbox: Mailbox) -> None:
    """A page that is about to close after a logout does not end the session once more."""
    person = account_holder(client, mailbox)
    log_in(page, person.email)
    page.route("**/api/logout", lambda _: None)  # never answered
    page.evaluate(
        """async () => {
          const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
          const script = loaded.find((name) => /session-\\w+\\.js/.test(name));
          const session = await (await fetch(script)).text();
          const { leave, logOut } = await import(`/assets/${/leaving-\\w+\\.js/.exec(session)[0]}`);
          leave("signed-out");
          logOut("session-ended");
        }"""
    )
    expect_empty(page, person.email, SIGNED_OUT)
    assert page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})") == "{}"


def test_ended_elsewhere(page: Page, client: Client, mailbox: Mailbox) -> None:
    """A session ended elsewhere empties every tab once the first one asks, with one reason.

    The space asks for two things at once: two refusals are one end.
    """
    person = account_holder(client, mailbox)
    other = in_two_tabs(page, person.email)
    assert client.log_in(person.email).status == 200
    (browser,) = [each for each in client.open_sessions().json["sessions"] if not each["current"]]
    assert client.end_session(browser["id"]).status == 204
    page.reload()
    expect_empty(page, person.email, ENDED)
    expect_empty(other, person.email, ENDED)
    page.goto("/gerer")
    expect(page.get_by_text("Connectez-vous pour accéder à votre espace.")).to_be_visible()


def test_password_changed_elsewhere(page: Page, client: Client, mailbox: Mailbox) -> None:
    """A session that a new password ended says so when its tab is looked at again."""
    person = account_holder(client, mailbox)
    page.clock.install()
    other = in_two_tabs(page, person.email)
    assert client.log_in(person.email).status == 200
    assert client.change_password("Quatre-chats-noirs-4").status == 204
    with page.expect_response("**/assets/ending-*") as loaded:
        page.clock.fast_forward(61_000)
    page.evaluate("(url) => import(url)", loaded.value.url)  # it watches from then on
    page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    expect_empty(page, person.email, ENDED)
    expect_empty(other, person.email, ENDED)


def test_deletion(page: Page, client: Client, mailbox: Mailbox) -> None:
    """A deletion empties the other tab, which says on which day the account is deleted."""
    person = account_holder(client, mailbox)
    other = in_two_tabs(page, person.email)
    page.goto(f"{ACCOUNT}/suppression")
    page.get_by_label("Oui, je veux supprimer mon compte et ses données").check()
    page.get_by_role("button", name="Supprimer mon compte").click()
    for tab in (page, other):
        expect_empty(tab, person.email, DELETED)
        expect(tab.locator("#deletion-day")).to_contain_text("il sera supprimé le")


@pytest.mark.parametrize(
    "path", ["", *(f"{ACCOUNT}/{each}" for each in ("telephone", "courriel", "suppression"))]
)
def test_page_of_the_space_without_a_session(page: Page, path: str) -> None:
    """A page of the space opened without a session leads to the login at once."""
    page.goto(path or "/gerer")
    page.wait_for_url("/mon-compte")
    expect(page.get_by_text("Connectez-vous pour accéder à votre espace.")).to_be_visible()


def test_header(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """Whoever is logged in reads so on every page, and can log out there."""
    person = account_holder(client, mailbox)
    header = page.get_by_role("banner")
    page.goto("/")
    expect(header.get_by_role("link", name="Mon compte")).to_be_visible()
    expect(header.get_by_role("button", name="Me déconnecter")).to_be_hidden()
    log_in(page, person.email)
    for path in ("/", "/creer", "/une-question", "/mon-compte", ACCOUNT):
        page.goto(path)
        expect(header.get_by_role("link", name="Mon espace")).to_be_visible()
        expect(header.get_by_role("link", name="Mon compte")).to_be_hidden()
    page.goto("/creer")
    look("logged-in")
    page.get_by_role("button", name="Me déconnecter").click()
    expect_empty(page, person.email, SIGNED_OUT)
    expect(header.get_by_role("link", name="Mon compte")).to_be_visible()


def test_my_account_of_who_is_logged_in(
    page: Page, client: Client, mailbox: Mailbox, look: "Look"
) -> None:
    """« Mon compte » leads who is logged in to the space, and offers no login and no sign-up."""
    person = account_holder(client, mailbox)
    log_in(page, person.email)
    page.goto("/mon-compte")
    expect(page.get_by_role("heading", name="Votre session est ouverte")).to_be_visible()
    for label in (IDENTIFIER, "Mot de passe", "Siret", NIR):
        expect(page.get_by_label(label, exact=True)).to_be_hidden()
    look("logged-in")
    page.get_by_role("main").get_by_role("link", name="Mon espace").click()
    expect(page.get_by_role("heading", name="Gérer", level=1)).to_be_visible()
    page.context.clear_cookies()
    page.goto("/mon-compte")  # the session ended, and this browser does not know it yet
    expect(page.get_by_label(IDENTIFIER, exact=True)).to_be_visible()
    page.get_by_label(IDENTIFIER, exact=True).fill(person.email)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Me connecter").click()
    expect(page.get_by_role("heading", name="Gérer", level=1)).to_be_visible()
