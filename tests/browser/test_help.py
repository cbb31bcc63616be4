"""Contact, search and texts; and what assistive tools get of the pages."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import compare_tree, expect_title, fill, log_in, shown
from tests.world.client import Client
from tests.world.journey import account_holder
from tests.world.mailbox import ACKNOWLEDGEMENT, Mailbox
from tests.world.people import new_person

if TYPE_CHECKING:
    from tests.browser.conftest import Check, Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

LOOKED_AT = {"/s-informer", "/une-question/services-fermes", "/actualites/seuils-2026"}


def test_contact(page: Page, mailbox: Mailbox, look: "Look") -> None:
    """A message can be sent without an account; its number is shown and sent."""
    person = new_person()
    page.goto("/nous-contacter")
    page.get_by_role("button", name="Envoyer").click()
    summary = page.get_by_role("alert").get_by_role("link")
    expect(summary).to_have_count(5)
    look("empty")
    summary.first.click()
    page.keyboard.press("Space")
    expect(page.get_by_label("J’ai une impossibilité d’inscription")).to_be_checked()
    values = {"Nom": person.last_name, "Prénom": person.first_name, "Courriel": person.email}
    fill(page, values | {"Message": "Je n’ai pas reçu de lien."})
    expect(page.get_by_role("alert")).to_be_hidden()
    page.get_by_role("button", name="Envoyer").click()
    expect_title(page, "Votre message est envoyé")
    ticket = page.locator("#ticket").inner_text()
    assert ticket in mailbox.wait_titled(person.email, ACKNOWLEDGEMENT).text
    look("sent")


def test_search(page: Page, look: "Look") -> None:
    """Questions are found by their words, without accents or case; no result is said."""
    page.goto("/une-question")
    query = page.get_by_label("Cherchez dans le site")
    results = page.locator("#results")
    for typed, found in {
        "mot de passe oublie": "Mot de passe oublié",
        "ATTESTATION": "attestation",
        "effacer compte": "upprimer",
    }.items():
        query.fill(typed)
        query.press("Enter")
        expect(page.locator("#search-status")).to_contain_text(re.compile(r"^\d+\sréponse"))
        expect(results).to_contain_text(found)
    look("found")
    query.fill("zzzz")
    expect(page.locator("#search-status")).to_contain_text("Aucune réponse.")
    expect(results.get_by_role("listitem")).to_have_count(0)
    look("nothing")
    page.goto("/")
    page.get_by_label("Une question").fill("acre")
    page.locator("#results").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("acre", re.IGNORECASE))


def test_texts(page: Page, look: "Look", check: "Check") -> None:
    """Each text is reached from its list, and accessible when narrow and dark."""
    page.goto("/")
    texts = {"/s-informer", "/creer", "/mentions-legales", "/donnees-personnelles"}
    for path in ("/une-question", "/actualites"):
        page.goto(path)
        look(path)
        links = page.locator(f"main a[href^='{path}/']")
        texts |= set(links.evaluate_all("(links) => links.map((link) => link.pathname)"))
    assert len(texts) >= 15
    for path in sorted(texts):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if path in LOOKED_AT:
            look(path)
        else:
            check()
    assert texts >= LOOKED_AT


@pytest.mark.parametrize(
    "path",
    ["/", "/mon-compte", "/creer-mon-compte", "/mot-de-passe-oublie", "/nous-contacter"],
)
def test_tree_of_page(page: Page, path: str) -> None:
    """The accessibility tree of each page is the stored one."""
    page.goto(path)
    page.wait_for_load_state("networkidle")
    compare_tree(page, path.strip("/") or "accueil")


def test_tree_of_space(page: Page, client: Client, mailbox: Mailbox) -> None:
    """The accessibility tree of the space is the stored one."""
    person = account_holder(client, mailbox)
    personal = {
        person.email: "COURRIEL",
        person.first_name.upper(): "PRÉNOM",
        person.last_name.upper(): "NOM",
        person.first_name: "PRÉNOM",
        person.last_name: "NOM",
        shown(person.siret): "SIRET",
    }
    log_in(page, person.email)
    expect(page.locator("#feed li")).not_to_have_count(0)
    expect(page.locator("#greeting")).to_be_visible()
    expect(page.locator("#suivi")).to_be_visible()
    compare_tree(page, "gerer", personal)
    page.goto("/gerer/mon-compte")
    expect(page.locator("#account")).to_be_visible()
    compare_tree(page, "gerer-mon-compte", personal)
    page.goto("/gerer/mon-compte/securite")
    expect(page.locator("#open-sessions li")).to_have_count(1)
    expect(page.locator("#second-factor-state")).to_have_text("Inactive")
    expect(page.locator("#no-identity")).to_be_visible()
    expect(page.locator("#add-passkey")).to_be_visible()
    expect(page.locator("#account")).to_be_visible()
    compare_tree(page, "gerer-mon-compte-securite", personal)
