"""« Corriger mes informations », and a new address that is withdrawn."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import alert, expect_title, fill, log_in
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import account_holder
from tests.world.mailbox import EMAIL_CHANGE, Mailbox
from tests.world.people import new_person

if TYPE_CHECKING:
    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

ACCOUNT = "/gerer/mon-compte"
PAGE = f"{ACCOUNT}/identite"


def test_names_and_numbers(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """Names are there to correct; a number that changes is checked as at the sign-up."""
    person, other = account_holder(client, mailbox), new_person()
    log_in(page, person.email, start=ACCOUNT)
    page.get_by_role("link", name="Corriger un nom ou un numéro").click()
    expect_title(page, "Corriger mes informations")
    expect(page.get_by_label("Nom", exact=True)).to_have_value(person.last_name)
    look("form")
    fill(page, {"Nom": "Dupont-Martin", "Siret": "35600000000049"})
    page.get_by_role("button", name="Enregistrer").click()
    alert(page, "Siret")
    look("refused")
    fill(page, {"Siret": other.siret})
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#done")).to_have_text("Vos informations sont enregistrées.")
    expect(page.locator("[data-fill=last_name]")).to_have_text("Dupont-Martin")
    mailbox.wait_titled(person.email, "Vos informations ont été corrigées")


def test_once_confirmed(
    page: Page, client: Client, mailbox: Mailbox, direct: Direct, look: "Look"
) -> None:
    """After the confirmation the page says whom to write to, and shows no form."""
    person = account_holder(client, mailbox)
    direct.decide("AffiliationConfirmed", direct.account(person.email)["id"]["S"])
    direct.until(lambda: direct.account(person.email)["affiliation"]["S"] == "confirmed")
    log_in(page, person.email, start=PAGE)
    expect(page.locator("#confirmed")).to_contain_text("écrivez-nous")
    expect(page.locator("#identity")).to_be_hidden()
    look("confirmed")


def test_a_new_address_is_withdrawn(page: Page, client: Client, mailbox: Mailbox) -> None:
    """« Retirer ma demande » withdraws the address; its link confirms nothing any more."""
    person, email = account_holder(client, mailbox), new_person().email
    log_in(page, person.email, start=f"{ACCOUNT}/courriel")
    fill(page, {"Nouveau courriel": email, "Confirmation du nouveau courriel": email})
    page.get_by_role("button", name="Envoyer le lien").click()
    expect(page.locator("#unconfirmed")).to_be_visible()
    token = mailbox.token_titled(email, EMAIL_CHANGE)
    page.get_by_role("button", name="Retirer ma demande").click()
    expect(page.locator("#done")).to_contain_text("est retirée")
    expect(page.locator("#unconfirmed")).to_be_hidden()
    page.goto("/")
    page.goto(f"{ACCOUNT}#{token}")
    page.get_by_role("button", name="Confirmer mon adresse").click()
    expect(page.locator("#change-expired")).to_be_visible()
