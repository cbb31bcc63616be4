"""The journey of the guide in a browser, by the labels that people read."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import compare_tree, shown
from tests.world.client import DEVICE_COOKIE, SESSION_COOKIE
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD, Person, new_person

if TYPE_CHECKING:
    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

NIR = "N° de Sécurité sociale (13 chiffres)"


def test_from_home_to_logout(page: Page, mailbox: Mailbox, look: "Look") -> None:
    """A person goes from the home page to the feed and logs out, as the guide shows."""
    person = replace(new_person(), first_name="Michel", last_name="Dupont")  # for the pictures
    page.goto("/")
    look("home")
    page.get_by_role("link", name="Mon compte").first.click()
    give_numbers(page, look, person)
    sign_up(page, look, person)
    page.goto(f"/valider#{mailbox.token(person.email)}")
    choose_password(page, look)
    first = log_in(page, person.email)
    expect(page.get_by_text(f"Bienvenue {person.first_name.upper()}")).to_be_visible()
    expect(page.get_by_text("C’est votre première connexion.")).to_be_visible()
    look("manage-first")
    log_out(page)
    log_in(page, person.nir)
    expect(page.get_by_text("Dernière connexion le")).to_contain_text(first)
    look("manage-second")
    log_out(page)
    look("signed-out")
    page.goto("/gerer")
    expect(page.get_by_text("Connectez-vous pour accéder à votre espace.")).to_be_visible()


def give_numbers(page: Page, look: "Look", person: Person) -> None:
    """Fill « Je n’ai pas encore de compte » in; the NIR is pasted with its key."""
    expect(page).to_have_title(re.compile("^Mon compte"))
    look("my-account")
    form = page.locator("form", has=page.get_by_role("button", name="Continuer"))
    form.get_by_label("Siret", exact=True).fill(person.siret)
    form.get_by_label(NIR).fill(f"{person.nir} {person.nir_key}")
    expect(form.get_by_label("Clé")).to_have_value(person.nir_key)
    form.get_by_role("button", name="Continuer").click()


def sign_up(page: Page, look: "Look", person: Person) -> None:
    """Fill « Créer mon compte » in; the numbers are filled in already."""
    expect(page.get_by_role("heading", name="Créer mon compte", level=1)).to_be_visible()
    expect(page.get_by_label("Siret", exact=True)).to_have_value(shown(person.siret))
    expect(page.get_by_label(NIR)).to_have_value(shown(person.nir))
    look("sign-up")
    personal = {
        shown(person.siret): "SIRET",
        shown(person.nir): "NIR",
        f'"{person.nir_key}"': '"CLÉ"',
    }
    compare_tree(page, "creer-mon-compte-rempli", personal)
    page.get_by_label("Nom", exact=True).fill(person.last_name)
    page.get_by_label("Prénom").fill(person.first_name)
    page.get_by_label("Téléphone mobile").fill(person.mobile_phone)
    page.get_by_label("Courriel", exact=True).fill(person.email)
    page.get_by_label("Confirmation courriel").fill(person.email)
    page.get_by_role("button", name="Créer mon compte").click()
    heading = page.get_by_role("heading", name="Vérifiez maintenant vos courriels")
    expect(heading).to_be_visible()
    expect(page.get_by_text("m••••••t@example.fr")).to_be_visible()
    look("check-mail")
    compare_tree(page, "verifiez-vos-courriels")


def choose_password(page: Page, look: "Look") -> None:
    """Type a password, look at its criteria, save it."""
    password = page.get_by_label("Choisissez votre mot de passe", exact=True)
    expect(password).to_be_visible()
    expect(page).to_have_url(re.compile("/valider$"))  # the token leaves the address bar
    look("password-empty")
    compare_tree(page, "valider")
    met = page.locator("#criteria .met")
    expect(met).to_have_count(0)
    for typed, count in {"a": 1, "aB": 2, "aB3": 3, "aB3-": 4, PASSWORD: 5, "a" * 51: 2}.items():
        password.fill(typed)
        expect(met).to_have_count(count)
    password.fill(PASSWORD)
    page.get_by_label("Confirmez votre mot de passe", exact=True).fill(PASSWORD)
    look("password-typed")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("heading", name="Votre compte est prêt")).to_be_visible()
    look("password-saved")
    compare_tree(page, "mot-de-passe-enregistre")


def log_in(page: Page, identifier: str) -> re.Pattern[str]:
    """Log in; return the possible times as the portal writes them: clock readings around it."""
    page.get_by_role("navigation").get_by_role("link", name="Mon compte").click()
    page.wait_for_load_state()
    page.get_by_label("Courriel ou N° de Sécurité sociale").fill(identifier)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    before = datetime.now(ZoneInfo("Europe/Paris"))
    page.get_by_role("button", name="Me connecter").click()
    expect(page.get_by_role("heading", name="Gérer", level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="Bienvenue")).to_be_visible()
    cookies = page.context.cookies()
    assert {each["name"] for each in cookies} == {SESSION_COOKIE, DEVICE_COOKIE}
    for each in cookies:
        assert (each["httpOnly"], each["secure"], each["sameSite"]) == (True, True, "Lax")
    after = datetime.now(ZoneInfo("Europe/Paris"))
    minutes = int((after - before).total_seconds()) // 60 + 2
    written = (f"{before + timedelta(minutes=n):%d/%m/%Y à %H:%M}" for n in range(minutes))
    return re.compile("|".join(written))


def log_out(page: Page) -> None:
    """Log out; nothing of the session is left."""
    page.get_by_role("button", name="Me déconnecter").click()
    expect(page.get_by_text("La déconnexion est faite")).to_be_visible()
    assert SESSION_COOKIE not in {each["name"] for each in page.context.cookies()}
