"""« Gérer » in each state: affiliation, bounces, a long feed, the end of the session."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import expect_title, fill_sign_up, log_in
from tests.world.bus import bounce
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import account_holder, logged_in
from tests.world.mailbox import CONFIRMED, REJECTED, Mailbox
from tests.world.people import new_person

if TYPE_CHECKING:
    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

MINUTE = 60_000


def account_id(direct: Direct, email: str) -> str:
    """Return the id of the account of an address."""
    return str(direct.account(email)["id"]["S"])


def test_confirmed(
    page: Page, client: Client, mailbox: Mailbox, direct: Direct, look: "Look"
) -> None:
    """Four tiles are closed until the affiliation is confirmed, one until the business is known."""
    person = account_holder(client, mailbox)
    log_in(page, person.email)
    tiles = page.locator(".tile")
    closed = tiles.filter(has_text="S’ouvrira quand votre affiliation sera confirmée.")
    expect(closed).to_have_count(4)
    expect(tiles.get_by_text("Fermé", exact=True)).to_have_count(4)
    expect(page.locator("[aria-current=step]")).to_contain_text("en cours")
    expect(page.get_by_text("suivre la validation de votre déclaration")).to_be_visible()
    direct.decide("AffiliationConfirmed", account_id(direct, person.email))
    mailbox.wait_titled(person.email, CONFIRMED)
    page.reload()
    expect(page.get_by_role("heading", name="Notification d’affiliation")).to_be_visible()
    expect(tiles.get_by_text("Fermé", exact=True).filter(visible=True)).to_have_count(1)
    expect(
        tiles.filter(has_text="S’ouvrira quand nous connaîtrons votre activité.")
    ).to_be_visible()
    expect(page.locator("#suivi")).to_be_hidden()
    expect(page.locator("#todo-next")).to_contain_text("s’ouvriront quand nous connaîtrons")
    look("confirmed")


def test_rejected(
    page: Page, client: Client, mailbox: Mailbox, direct: Direct, look: "Look"
) -> None:
    """A rejection is shown with its reason and what to do; the tiles stay closed."""
    person = account_holder(client, mailbox)
    reason = "Pièce d’identité illisible."
    direct.decide("AffiliationRejected", account_id(direct, person.email), reason=reason)
    mailbox.wait_titled(person.email, REJECTED)
    log_in(page, person.email)
    refusal = page.locator("[data-affiliation=rejected]")
    expect(refusal).to_contain_text(reason)
    closed = page.locator(".tile", has_text="Fermé : votre demande d’affiliation a été refusée.")
    expect(closed).to_have_count(4)
    look("rejected")


def test_address_that_bounces(
    page: Page, client: Client, mailbox: Mailbox, direct: Direct, look: "Look"
) -> None:
    """A holder whose mails bounce reads so in the space and where the address is changed."""
    person = account_holder(client, mailbox)
    direct.hand("MailFeedback", bounce(direct, person.email, account_id(direct, person.email)))
    log_in(page, person.email)
    expect(
        page.get_by_text("Les courriels envoyés à votre adresse nous reviennent")
    ).to_be_visible()
    look("bouncing")
    page.locator("#bouncing").get_by_role("link", name="Changer mon adresse courriel").click()
    expect_title(page, "Changer mon courriel")
    page.goto("/gerer/mon-compte/securite#courriel")
    expect(page.get_by_text("Les courriels envoyés à cette adresse")).to_be_in_viewport()


def after_the_pause(page: Page) -> None:
    """Load the page again as if the last mail was asked for long ago."""
    page.evaluate("""() => {
        const sent = JSON.parse(sessionStorage.getItem("sent"));
        sessionStorage.setItem("sent", JSON.stringify({ ...sent, at: 0 }));
    }""")
    page.reload()


def test_sign_up_that_bounces(page: Page, mailbox: Mailbox, direct: Direct, look: "Look") -> None:
    """A mistyped address is shown at the next visit; only it is retyped."""
    person, right = new_person(), new_person().email
    page.goto("/creer-mon-compte")
    fill_sign_up(page, person)
    page.get_by_role("button", name="Créer mon compte").click()
    resend = page.get_by_role("button", name="Renvoyer le courriel")
    expect(page.locator("#pause")).to_contain_text("Un autre courriel pourra partir dans")
    resend.click()
    expect(page.locator("#resend .status")).to_contain_text("Attendez la fin du décompte")
    after_the_pause(page)
    expect(page.locator("#pause")).to_be_empty()
    resend.click()
    expect(page.locator("#resend .status")).to_contain_text("Votre demande est enregistrée")
    expect(page.locator("#pause")).to_contain_text("dans")
    direct.hand("MailFeedback", bounce(direct, person.email))
    notice = page.locator("#bounces")
    expect(notice).to_be_hidden()
    after_the_pause(page)
    expect(notice).to_contain_text("nous reviennent")
    look("bounces")
    notice.get_by_role("link", name="Corriger mon adresse").click()
    expect_title(page, "Créer mon compte")
    expect(page.get_by_label("Prénom")).to_have_value(person.first_name)
    for label in ("Courriel", "Confirmation courriel"):
        page.get_by_label(label, exact=True).fill(right)
    page.get_by_role("button", name="Créer mon compte").click()
    expect_title(page, "Vérifiez maintenant vos courriels")
    expect(notice).to_be_hidden()
    assert mailbox.token(right)


def test_long_feed(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """Three entries are shown, then all, then older ones; the focus moves to the first new one."""
    person = logged_in(client, mailbox)
    for number in range(22):
        body = {"mobile_phone": f"06121234{number:02}"}
        assert client.call("PATCH", "/api/me", body).status == 200
    log_in(page, person.email)
    more = page.get_by_role("button", name="Afficher plus")
    entries = page.locator("#feed > li")
    expect(entries.filter(visible=True)).to_have_count(3)
    expect(more).to_be_hidden()
    look("many")
    page.get_by_role("button", name="Voir tout le fil").click()
    expect(entries.nth(3).get_by_role("heading")).to_be_focused()
    expect(more).to_be_visible()
    before = entries.count()
    more.click()
    expect(more).to_be_hidden()
    assert entries.count() > before
    expect(entries.nth(before).get_by_role("heading")).to_be_focused()


def test_end_of_the_session(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """The end of an idle session is announced, can be put off, and is then shown."""
    person = account_holder(client, mailbox)
    page.clock.install()
    log_in(page, person.email)
    expect(page.locator("#feed li")).not_to_have_count(0)
    page.wait_for_load_state("networkidle")  # the warning's module comes last
    # Half a minute before the text changes: the clock stops there, however long the page took.
    seen = page.evaluate("Number(localStorage.getItem('seen'))")
    page.clock.pause_at((seen + 24.5 * MINUTE) / 1000)
    warning = page.get_by_role("dialog", name="Votre session va se terminer")
    expect(warning).to_be_visible()
    expect(warning).to_contain_text("dans 5 minutes")
    expect(page.get_by_role("button", name="Rester connecté")).to_be_focused()
    page.clock.resume()  # axe has timers
    look("ending")
    page.get_by_role("button", name="Rester connecté").click()
    expect(warning).to_be_hidden()
    page.clock.fast_forward(30 * MINUTE)
    page.wait_for_url("/mon-compte")
    expect(page.get_by_text("Votre session a pris fin.")).to_be_focused()
    look("ended")


def test_printed_feed(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """The feed is printed alone, dark on white, without controls."""
    person = account_holder(client, mailbox)
    log_in(page, person.email)
    page.emulate_media(media="print", color_scheme="dark")
    for shown in (
        page.locator("#greeting"),
        page.locator("#previous-login"),
        page.locator("#feed"),
    ):
        expect(shown).to_be_visible()
    for clicked in ("nav", "button", "form", ".services", ".bottom ul", ".demo"):
        assert page.locator(clicked).filter(visible=True).count() == 0, clicked
    for part in ("body", "#feed li"):
        style = f"getComputedStyle(document.querySelector('{part}'))"
        assert page.evaluate(f"{style}.backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate(f"{style}.color") == "rgb(0, 0, 0)"
        assert page.evaluate(f"{style}.colorScheme") == "light"
    assert page.evaluate(f"{style}.breakInside") == "avoid"
    look("printed")
