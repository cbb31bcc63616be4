"""Forms: all errors at once, nothing typed twice or lost, numbers set as numbers."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.page_checks import judge
from tests.browser.steps import IDENTIFIER, NIR, choose_password, fill, fill_sign_up, log_in, shown
from tests.world.client import Client
from tests.world.journey import account_holder, signed_up
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD, new_person

if TYPE_CHECKING:
    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]


def test_all_errors_in_one_round(page: Page, look: "Look") -> None:
    """What the page finds and what only the service finds is shown together."""
    person = new_person()
    page.goto("/creer-mon-compte")
    fill_sign_up(page, person)
    fill(page, {"Nom": "R2D2", "Prénom": "", "Siret": "12345678901234"})
    fill(page, {"Confirmation courriel": "autre@example.fr"})
    page.get_by_role("button", name="Créer mon compte").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(4)
    look("sign-up")


def test_all_errors_of_a_password(page: Page, client: Client, mailbox: Mailbox) -> None:
    """A password that lacks a digit and contains a name says both, and nothing twice."""
    person, token = signed_up(client, mailbox)
    page.goto(f"/valider#{token}")
    choose_password(page, f"Aa-{person.last_name}")
    summary = page.get_by_role("alert").get_by_role("link")
    expect(summary).to_have_count(2)
    expect(summary.first).to_contain_text("un chiffre")
    expect(summary.last).to_contain_text("votre nom")


def test_nothing_is_sent_empty(page: Page) -> None:
    """An empty form asks nothing of the service."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/creer-mon-compte")
    page.get_by_role("button", name="Créer mon compte").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(8)
    assert not [each for each in asked if "/api/" in each]


def test_reload_and_back(page: Page) -> None:
    """A reload, and « Back », keep what was typed: texts, boxes, choices; never a password."""
    person = new_person()
    page.goto("/creer-mon-compte")
    fill_sign_up(page, person)
    never = page.get_by_label("Ce numéro ne m’a pas encore été attribué.").last
    never.check()
    page.get_by_label("Je suis mandataire").check()
    page.reload()
    for _ in range(2):
        expect(page.get_by_label("Nom", exact=True)).to_have_value(person.last_name)
        expect(page.get_by_label(NIR, exact=True)).to_have_value(shown(person.nir))
        expect(page.get_by_label("Siret", exact=True)).to_be_disabled()
        expect(page.get_by_label("Je suis mandataire")).to_be_checked()
        page.goto("/une-question")
        page.go_back()
    page.goto("/mon-compte")
    fill(page, {IDENTIFIER: person.email, "Mot de passe": PASSWORD})
    page.reload()
    expect(page.get_by_label(IDENTIFIER, exact=True)).to_have_value(person.email)
    expect(page.get_by_label("Mot de passe", exact=True)).to_have_value("")
    assert PASSWORD not in page.evaluate("JSON.stringify(sessionStorage)")


def test_lost_session(page: Page, client: Client, mailbox: Mailbox) -> None:
    """A form whose session is lost is as it was after the same person logs in; not for another."""
    person, other = account_holder(client, mailbox), account_holder(client, mailbox)
    path = "/gerer/mon-compte/telephone"
    for who, kept in ((person, "06 99"), (other, "")):
        log_in(page, person.email, start=path)
        phone = page.get_by_label("Nouveau téléphone mobile")
        phone.press_sequentially("06 99")
        page.context.clear_cookies()
        page.get_by_role("button", name="Enregistrer le numéro").click()
        page.wait_for_url("/mon-compte")
        identifier = page.get_by_label(IDENTIFIER, exact=True)
        expect(identifier).to_have_value(person.email)
        fill(page, {IDENTIFIER: who.email, "Mot de passe": PASSWORD})
        page.get_by_role("button", name="Me connecter").click()
        page.wait_for_url(path)
        expect(phone).to_have_value(kept)
        page.get_by_role("button", name="Me déconnecter").click()
        expect(page.get_by_text("La déconnexion est faite")).to_be_visible()
        expect(identifier).to_have_value("")


def test_identifier_is_typed_once(page: Page) -> None:
    """An address typed at the sign-up is that of login, recovery and contact, in no address bar."""
    person = new_person()
    page.goto("/creer-mon-compte")
    fill_sign_up(page, person)
    page.get_by_role("button", name="Créer mon compte").click()
    page.wait_for_url("/verifiez-vos-courriels")
    for path, label in (
        ("/mon-compte", IDENTIFIER),
        ("/mot-de-passe-oublie", IDENTIFIER),
        ("/nous-contacter", "Courriel"),
    ):
        page.goto(path)
        expect(page.get_by_label(label, exact=True)).to_have_value(person.email)
    page.goto("/mon-compte")
    page.get_by_label(IDENTIFIER, exact=True).fill(person.nir)
    page.get_by_role("link", name="Mot de passe oublié").click()
    page.wait_for_url("/mot-de-passe-oublie")
    expect(page.get_by_label(IDENTIFIER, exact=True)).to_have_value(person.nir)
    page.goto("/nous-contacter")
    expect(page.get_by_label("Courriel", exact=True)).to_have_value("")  # not a NIR


def test_numbers_are_grouped(page: Page, look: "Look") -> None:
    """Numbers are grouped once they are left; a wrong key is said of the pair and moves nothing."""
    person = new_person()
    page.goto("/creer-mon-compte")
    fill_sign_up(page, person)
    wrong = f"{(int(person.nir_key) + 1) % 100:02}"
    fill(page, {"Clé": wrong})
    page.get_by_label("Clé").blur()
    number, key = page.get_by_label(NIR, exact=True), page.get_by_label("Clé")
    expect(number).to_have_value(shown(person.nir))
    expect(page.get_by_label("Siret", exact=True)).to_have_value(shown(person.siret))
    places = """(nir) => [nir, document.getElementById("nir_key")].map((each) => {
        const box = each.getBoundingClientRect();
        return [box.left, box.bottom - nir.getBoundingClientRect().bottom];
    })"""
    before = number.evaluate(places)
    page.get_by_role("button", name="Créer mon compte").click()
    expect(key).to_have_attribute("aria-invalid", "true")
    for part in (number, key):
        expect(part).to_have_accessible_description(re.compile("ne s’accordent pas"))
    assert number.evaluate(places) == before
    look("wrong-key")


def test_criteria_fine_from_the_start(page: Page, client: Client, mailbox: Mailbox) -> None:
    """« Au plus 50 caractères » is no achievement: it is never ticked, only missed."""
    _, token = signed_up(client, mailbox)
    page.goto(f"/valider#{token}")
    longest = page.locator("[data-code=too-long]")
    password = page.get_by_label("Choisissez votre mot de passe", exact=True)
    password.fill(PASSWORD)
    expect(page.locator("#criteria .met")).to_have_count(5)
    expect(longest).not_to_have_class("met")
    password.fill("aB3-" * 13)
    page.get_by_role("button", name="Enregistrer").click()
    expect(longest).to_have_class("unmet")


def test_forced_colours(page: Page) -> None:
    """In forced colours, the current item, the steps, the focus and the buttons differ."""
    page.emulate_media(forced_colors="active")
    page.goto("/creer")
    borders = "(links) => links.map((link) => getComputedStyle(link).borderBottomColor)"
    of_menu = page.locator(".menu a").evaluate_all(borders)
    assert len(set(of_menu)) == 2, "the current one is told by colour"
    page.goto("/creer-mon-compte")
    steps = page.locator(".step li").evaluate_all(
        "(items) => items.map((item) => getComputedStyle(item).borderTopWidth)"
    )
    assert len(set(steps)) == 3, "done, now and to come are told by width"
    fills = page.locator("form .actions .button").evaluate_all(
        "(all) => all.map((each) => getComputedStyle(each).backgroundColor)"
    )
    assert len(set(fills)) == 2, "the first button is told from the second"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    judge(page)


def test_header_on_a_phone(page: Page, client: Client, mailbox: Mailbox) -> None:
    """The header of a phone has two rows, logged in or not; the name breaks at its hyphen only."""
    person = account_holder(client, mailbox)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/mon-compte")
    assert page.locator("header").evaluate("(header) => header.offsetHeight") <= 137
    assert (
        page.locator(".brand span").evaluate(
            """({ firstChild: text }) => {
          const word = document.createRange();
          word.setStart(text, text.data.indexOf("entrepreneur"));
          word.setEnd(text, text.data.length);
          return word.getClientRects().length;
        }"""
        )
        == 1
    )
    log_in(page, person.email)
    assert page.locator("header").evaluate("(header) => header.offsetHeight") <= 137
