"""What the pages do with what is typed or pasted, before anything is sent."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import NIR, PASSWORD_LABELS, choose_password, fill, fill_sign_up, shown
from tests.world.client import Client
from tests.world.mailbox import Mailbox
from tests.world.people import new_person

if TYPE_CHECKING:
    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]


def test_a_likely_slip(page: Page, look: "Look") -> None:
    """A slip in an address gets a suggestion, taken by a button; who means it sends it as it is."""
    person = new_person()
    page.goto("/creer-mon-compte")
    fill_sign_up(page, person)
    local = person.email.partition("@")[0]
    for label in ("Courriel", "Confirmation courriel"):
        field = page.get_by_label(label, exact=True)
        field.fill(f"{local}@gmial.com")
        suggestion = page.get_by_role("status").filter(has_text="Vouliez-vous dire")
        expect(suggestion).to_contain_text(f"{local}@gmail.com")
        if label == "Courriel":
            look("suggestion")
        page.get_by_role("button", name="Oui, corriger").click()
        expect(field).to_have_value(f"{local}@gmail.com")
        expect(field).to_be_focused()
        expect(suggestion).to_have_count(0)
    for label in ("Courriel", "Confirmation courriel"):
        page.get_by_label(label, exact=True).fill(f"{local}@gmial.com")
    page.get_by_role("button", name="Créer mon compte").click()
    expect(page.get_by_text("m••••••t@gmial.com")).to_be_visible()


def test_numbers_pasted_with_separators(page: Page, mailbox: Mailbox) -> None:
    """A NIR pasted with hyphens and its key fills both inputs; other separators are no error."""
    person = new_person()
    page.goto("/creer-mon-compte")
    fill_sign_up(page, person)
    nir, siret = person.nir, person.siret
    page.get_by_label(NIR, exact=True).fill(
        f"\u202d{nir[:1]}-{nir[1:5]}-{nir[5:]} / {person.nir_key}"
    )
    page.get_by_label(NIR, exact=True).blur()
    expect(page.get_by_label(NIR, exact=True)).to_have_value(shown(nir))
    expect(page.get_by_label("Clé")).to_have_value(person.nir_key)
    values = {
        "Siret": f"{siret[:9]} / {siret[9:]}",
        "Téléphone mobile": f"(+33) {person.mobile_phone[1:]}",
        "Courriel": f"\u2068{person.email}\u2069",
    }
    fill(page, values)
    page.get_by_role("button", name="Créer mon compte").click()
    expect(page.get_by_text("m••••••t@example.fr")).to_be_visible()
    assert mailbox.wait(person.email)


def test_a_provisional_number_needs_no_key(page: Page) -> None:
    """The key is missed, unless the number starts with 7 or 8: on both pages that ask it."""
    person = new_person()
    page.goto("/mon-compte")
    fill(page, {"Siret": person.siret, NIR: person.nir})
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_label("Clé")).to_have_attribute("aria-invalid", "true")
    page.get_by_label(NIR, exact=True).fill(f"7{person.nir[1:]}")
    page.get_by_role("button", name="Continuer").click()
    page.wait_for_url("/creer-mon-compte")
    values = {
        "Nom": person.last_name,
        "Prénom": person.first_name,
        "Téléphone mobile": person.mobile_phone,
        "Courriel": person.email,
        "Confirmation courriel": person.email,
    }
    fill(page, values)
    expect(page.get_by_label("Clé")).to_have_value("")
    page.get_by_role("button", name="Créer mon compte").click()
    expect(page.get_by_text("m••••••t@example.fr")).to_be_visible()


def test_a_password_with_ones_name(page: Page, client: Client, mailbox: Mailbox) -> None:
    """A password with one's name is refused while it is typed; a word with its letters passes."""
    person = new_person()
    assert client.sign_up(person, first_name="Tom").status == 202
    token = mailbox.token(person.email)
    with page.expect_response("**/assets/identity-*.js"):
        page.goto(f"/valider#{token}")
    expect(page.get_by_label(PASSWORD_LABELS[0], exact=True)).to_be_visible()
    fill(page, {PASSWORD_LABELS[0]: "Tom-soleil-2026"})
    expect(page.locator("#criteria-status")).to_contain_text("ni votre prénom")
    choose_password(page, "Tom-soleil-2026")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("ni votre prénom")
    expect(alert.get_by_role("link")).to_have_count(1)  # the API says the same
    choose_password(page, "Anatomie-2026!")
    page.wait_for_url("/mot-de-passe-enregistre")
