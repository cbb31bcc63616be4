"""The second factor in the browser: associated, used to log in and to confirm, removed."""

import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from pyotp import TOTP

from tests.browser.steps import IDENTIFIER, alert, expect_title, log_in
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import account_holder
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD

if TYPE_CHECKING:
    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

ACCOUNT = "/gerer/mon-compte"
SECURITY = f"{ACCOUNT}/securite"
SETTINGS = f"{ACCOUNT}/double-verification"
CODE = "Code de votre application"


def first_step(page: Page, identifier: str) -> None:
    """Log in as far as the password goes."""
    page.goto("/mon-compte")
    page.get_by_label(IDENTIFIER, exact=True).fill(identifier)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Me connecter").click()
    expect(page.get_by_label(CODE, exact=True)).to_be_focused()


def log_out(page: Page) -> None:
    """Log out from the header."""
    page.get_by_role("button", name="Me déconnecter").first.click()
    page.wait_for_url("/mon-compte")


def associate(page: Page, look: "Look") -> tuple[str, str]:
    """Associate an app from « Sécurité »; return its secret and a recovery code."""
    page.get_by_role("link", name="Modifier la double vérification").click()
    expect_title(page, "Double vérification")
    expect(page.get_by_role("button", name="Associer une application")).to_be_visible()
    look("off")
    page.get_by_role("button", name="Associer une application").click()
    expect_title(page, "Associer une application")
    secret = page.locator("#secret").inner_text().replace(" ", "")
    drawing = page.locator("#qr path")
    assert len(drawing.get_attribute("d") or "") > 1000
    assert (page.locator("#uri").get_attribute("href") or "").startswith("otpauth://totp/")
    page.get_by_label("Code de l’application").fill("000 000")
    page.get_by_role("button", name="Activer").click()
    alert(page, "Ce code n’est pas le bon")
    look("wrong-code")
    page.get_by_label("Code de l’application").fill(TOTP(secret).at(time.time()))
    page.get_by_role("button", name="Activer").click()
    expect_title(page, "Vos codes de secours")
    expect(page.locator("#codes li")).to_have_count(10)
    look("codes")
    return secret, page.locator("#codes li").first.inner_text()


def test_from_the_app_to_its_removal(
    page: Page, client: Client, mailbox: Mailbox, direct: Direct, look: "Look"
) -> None:
    """An app is associated, its codes and the recovery codes log in, and it is removed."""
    person = account_holder(client, mailbox)
    log_in(page, person.email, start=SECURITY)
    secret, spare = associate(page, look)
    page.get_by_role("link", name="J’ai gardé mes codes").click()
    expect(page.locator("#second-factor-state")).to_have_text("Active")
    expect(page.locator("#second-factor-more")).to_contain_text("10 codes de secours")

    log_out(page)
    first_step(page, person.email)
    look("second-step")
    page.get_by_label(CODE, exact=True).fill("0000-0000-0000-0000")
    page.get_by_role("button", name="Continuer").first.click()
    alert(page, "Ce code n’est pas le bon")
    page.get_by_role("button", name="Utiliser un code de secours").click()
    page.get_by_label("Code de secours", exact=True).fill(spare)
    look("recovery-code")
    page.get_by_role("button", name="Continuer").first.click()
    page.wait_for_url("/gerer")
    expect(page.locator("#feed")).to_contain_text("Il vous en reste 9")

    log_out(page)
    account_id = direct.account(person.email)["id"]["S"]
    found = direct.find("CREDENTIALS#", account_id=account_id)
    (stored,) = (each for each in found if "last_step" in each)
    direct.change(stored, last_step=0)  # as if half a minute had passed since the code was used
    first_step(page, person.email)
    page.get_by_label(CODE, exact=True).fill(TOTP(secret).at(time.time()))
    page.get_by_role("button", name="Continuer").first.click()
    page.wait_for_url("/gerer")

    page.goto(SECURITY)
    this = page.locator("#open-sessions li").first
    expect(this).to_contain_text("par mot de passe et code, active")
    look("security")
    page.goto(SETTINGS)
    expect(page.locator("[data-fill=left]")).to_have_text("9")
    look("on")
    page.get_by_role("button", name="Retirer la double vérification").click()
    page.wait_for_url(SECURITY)
    expect(page.locator("#done")).to_contain_text("La double vérification est retirée.")
    log_out(page)
    log_in(page, person.email)


def test_confirming_with_a_code(
    page: Page, client: Client, mailbox: Mailbox, direct: Direct, look: "Look"
) -> None:
    """Who has a second factor confirms who they are with the password, then a code."""
    person = account_holder(client, mailbox)
    log_in(page, person.email, start=SECURITY)
    secret, spare = associate(page, lambda _: None)
    (session,) = direct.sessions(person.email)
    direct.change(session, proved_at=int(time.time()) - 301)
    page.goto(SETTINGS)
    page.get_by_role("button", name="Créer des codes de secours").click()
    dialog = page.get_by_role("dialog", name="Confirmez que c’est vous")
    dialog.get_by_label("Mot de passe actuel", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Continuer").click()
    expect(dialog.get_by_label(CODE, exact=True)).to_be_focused()
    look("asked")
    dialog.get_by_label(CODE, exact=True).fill(spare)
    dialog.get_by_role("button", name="Continuer").click()
    expect_title(page, "Vos codes de secours")
    expect(dialog).to_be_hidden()
    assert secret
    (session,) = direct.sessions(person.email)
    assert [each["S"] for each in session["methods"]["L"]] == ["password", "recovery-code"]


def test_keeping_it_by_a_link(page: Page, look: "Look") -> None:
    """Who is told of a removal keeps the second factor by the link of the mail, deliberately."""
    page.goto("/garder-double-verification")
    expect_title(page, "Ouvrez le lien du courriel")
    page.goto("/")
    page.goto(f"/garder-double-verification#{'A' * 96}")
    expect_title(page, "Garder la double vérification")
    assert "#" not in page.url
    page.get_by_role("button", name="Garder la double vérification").click()
    alert(page, "Cochez la case")
    look("form")
    page.get_by_label("Je n’ai pas demandé ce retrait").check()
    page.get_by_role("button", name="Garder la double vérification").click()
    expect_title(page, "Ce lien n’est pas valable")
    page.route("**/api/second-factor-keep", lambda route: route.fulfill(status=204))
    page.goto("/")
    page.goto(f"/garder-double-verification#{'A' * 96}")
    page.get_by_label("Je n’ai pas demandé ce retrait").check()
    page.get_by_role("button", name="Garder la double vérification").click()
    expect_title(page, "La double vérification est gardée")
    look("kept")
