"""« Mes moyens de paiement » in the browser: closed, empty, signed, full, revoked."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import alert, expect_title, log_in
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.ibans import french
from tests.world.journey import account_holder
from tests.world.mailbox import Mailbox

if TYPE_CHECKING:
    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

MEANS = "/gerer/moyens-de-paiement"


def sign(page: Page, iban: str, kind: str) -> None:
    """Fill the form in as people type, and sign."""
    page.get_by_role("link", name="Ajouter un compte").click()
    expect_title(page, "Ajouter un compte bancaire")
    page.get_by_label("IBAN", exact=True).press_sequentially(iban.lower())
    page.get_by_label("Titulaire du compte").fill("Michèle Dupont")
    page.get_by_label(re.compile(f"^{kind}")).check()
    page.get_by_role("button", name="Signer le mandat").click()


def test_from_the_first_account_to_its_revocation(
    page: Page, client: Client, mailbox: Mailbox, direct: Direct, look: "Look"
) -> None:
    """Closed until the affiliation; then accounts are added, up to three, printed, revoked."""
    person = account_holder(client, mailbox)
    log_in(page, person.email, start=MEANS)
    expect(page.locator("#closed")).to_contain_text("quand votre affiliation est confirmée")
    look("closed")

    direct.decide("AffiliationConfirmed", direct.account(person.email)["id"]["S"])
    direct.until(lambda: direct.account(person.email)["affiliation"]["S"] == "confirmed")
    page.goto("/gerer/mon-compte")
    page.get_by_role("link", name="Voir mes moyens de paiement").click()
    expect(page.locator("#none")).to_be_visible()
    look("empty")

    page.get_by_role("link", name="Ajouter un compte").click()
    page.get_by_role("button", name="Signer le mandat").click()
    alert(page, "Saisissez l’IBAN du compte.")
    page.get_by_label("IBAN", exact=True).fill("FR76 3000 6000 0112 3456 7890 188")
    page.get_by_label("Titulaire du compte").fill("Michèle Dupont")
    page.get_by_label(re.compile("^Personnel")).check()
    page.get_by_role("button", name="Signer le mandat").click()
    alert(page, "Cet IBAN comporte une erreur")
    look("wrong")
    page.get_by_role("link", name="Annuler").click()

    iban = french(1)
    sign(page, iban, "Professionnel")
    page.wait_for_url(MEANS)
    expect(page.locator("#done")).to_contain_text("est signé. Imprimez-le")
    line = page.locator("#mandates li")
    expect(line).to_contain_text(f"•••• {iban[-4:]}")
    expect(line).to_contain_text("Interentreprises")
    sign(page, french(2), "Personnel")
    page.wait_for_url(MEANS)
    sign(page, french(3), "Personnel")
    page.wait_for_url(MEANS)
    expect(page.locator("#full")).to_be_visible()
    look("full")

    with page.expect_popup() as opened:
        line.first.get_by_role("link", name="Imprimer").click()
    printed = opened.value
    expect(printed.get_by_role("heading", level=1)).to_contain_text("interentreprises")
    assert iban not in printed.content()
    printed.close()

    line.first.get_by_role("button", name="Révoquer").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look("revoking")
    page.get_by_role("dialog").get_by_role("button", name="Révoquer").click()
    expect(page.locator("#done")).to_contain_text("est révoqué.")
    expect(line).to_have_count(2)
    expect(page.get_by_role("link", name="Ajouter un compte")).to_be_visible()
    mailbox.wait_titled(person.email, "Un mandat de prélèvement est révoqué")


def test_the_iban_is_grouped_as_one_types(page: Page, client: Client, mailbox: Mailbox) -> None:
    """Groups of four appear while one types, pastes or corrects, and the caret does not jump."""
    person = account_holder(client, mailbox)
    log_in(page, person.email, start=f"{MEANS}/ajouter")
    field = page.get_by_label("IBAN", exact=True)
    field.press_sequentially("fr1420041010")
    expect(field).to_have_value("FR14 2004 1010")
    field.press("Home")
    for _ in range(5):
        field.press("ArrowRight")
    field.press_sequentially("99")
    expect(field).to_have_value("FR14 9920 0410 10")
    field.press("Backspace")
    field.press("Backspace")
    expect(field).to_have_value("FR14 2004 1010")
    field.fill("IBAN FR14-2004-1010-0505-0001-3M02-606")
    expect(field).to_have_value("FR14 2004 1010 0505 0001 3M02 606")
    field.fill("FR14 é")
    expect(field).to_have_value("FR14 é")
