"""Pages outside the usual way: errors, late and used links, the keyboard."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SIZES
from tests.browser.page_checks import tab, walk
from tests.browser.steps import (
    PASSWORD_LABELS,
    choose_password,
    compare_tree,
    expect_title,
    fill,
    fill_sign_up,
    log_in,
)
from tests.world.client import Client
from tests.world.direct import HOUR, Direct
from tests.world.journey import account_holder, signed_up
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD, Person, new_person

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

PUBLIC = (
    "/",
    "/mon-compte",
    "/creer-mon-compte",
    "/mot-de-passe-oublie",
    "/nous-contacter",
    "/estimer",
    "/une-question",
    "/s-informer",
    f"/nouveau-mot-de-passe#{'A' * 96}",
)


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/mot-de-passe-oublie", "Mot de passe oublié"),
        ("/nous-contacter", "Nous contacter"),
        ("/estimer", "Estimer mes cotisations"),
        ("/mot-de-passe-enregistre", "Votre compte est prêt"),
        ("/mentions-legales", "Mentions légales"),
        ("/donnees-personnelles", "Données personnelles"),
        ("/accessibilite", "Accessibilité"),
        ("/verifiez-vos-courriels", "Vérifiez maintenant vos courriels"),
        ("/valider", "Ouvrez le lien du courriel"),
        ("/nouveau-mot-de-passe", "Ouvrez le lien du courriel"),
        ("/annuler-changement", "Ouvrez le lien du courriel"),
        ("/nulle-part", "Page introuvable"),
    ],
)
def test_page_opened_directly(page: Page, look: "Look", path: str, heading: str) -> None:
    """Each page works when it is opened directly."""
    page.goto(path)
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    expect(page.get_by_text("site non officiel").first).to_be_visible()
    look(path.strip("/"))


def test_installable(page: Page) -> None:
    """A phone can install the site; no page is stored for offline use."""
    page.goto("/")
    devtools = page.context.new_cdp_session(page)
    assert devtools.send("Page.getAppManifest")["errors"] == []
    errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [each for each in errors if each["errorId"] != "in-incognito"] == []
    assert page.evaluate("navigator.serviceWorker.getRegistrations()") == []
    assert page.evaluate("caches.keys()") == []


def test_every_link_leads_somewhere(client: Client) -> None:
    """Every link and asset of every page exists."""
    seen: set[str] = set()
    todo = {"/", "/valider"}
    while todo:
        path = todo.pop()
        seen.add(path)
        answer = client.call("GET", path)
        assert answer.status == 200, path
        if "text/html" in answer.header("content-type"):
            todo |= (
                set(re.findall(r'(?:href|src|action)="(/(?!api/(?:sso|me)/)[^"#]*)', answer.text))
                - seen
            )
    assert {"/mon-compte", "/gerer", "/accessibilite", "/une-question", "/actualites"} < seen
    assert any(each.startswith("/assets/") for each in seen)


def test_empty_forms(page: Page, look: "Look") -> None:
    """An empty form says at each field what is missing, and its summary leads there."""
    page.goto("/creer-mon-compte")
    page.get_by_role("button", name="Créer mon compte").click()
    expect(page).to_have_title(re.compile("^Erreur"))
    alert = page.get_by_role("alert")
    expect(alert.get_by_role("link")).to_have_count(8)
    expect(page.locator("[aria-invalid=true]")).to_have_count(8)
    expect(page.get_by_label("Nom", exact=True)).to_have_accessible_description(
        re.compile("Saisissez votre nom")
    )
    look("sign-up")
    compare_tree(page, "creer-mon-compte-erreurs")
    alert.get_by_role("link", name="Saisissez votre prénom.").click()
    expect(page.get_by_label("Prénom")).to_be_focused()
    page.get_by_label("Prénom").press_sequentially("Léa")
    expect(page.get_by_label("Prénom")).not_to_have_attribute("aria-invalid", "true")

    page.goto("/mon-compte")
    page.get_by_role("button", name="Me connecter").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(2)
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(5)
    look("my-account")


def test_what_the_server_refuses(page: Page, look: "Look") -> None:
    """What only the server refuses is shown at its field in the same words."""
    person = new_person()
    page.goto("/creer-mon-compte")
    fill_sign_up(page, person)
    page.get_by_label("Nom", exact=True).fill("R2D2")
    page.get_by_label("Siret", exact=True).fill("12345678901234")
    page.get_by_label("Confirmation courriel").fill(person.email.upper())
    page.get_by_role("button", name="Créer mon compte").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(2)
    expect(page.get_by_label("Nom", exact=True)).to_have_accessible_description(
        re.compile("Utilisez seulement des lettres")
    )
    expect(page.get_by_label("Siret", exact=True)).to_have_attribute("aria-invalid", "true")
    look("sign-up")
    page.get_by_label("Nom", exact=True).fill(person.last_name)
    page.get_by_label("Siret", exact=True).fill(person.siret)
    expect(page.get_by_role("alert")).to_be_hidden()
    page.get_by_role("button", name="Créer mon compte").click()
    expect(page.get_by_text("m••••••t@example.fr")).to_be_visible()


def test_login_refused_then_throttled(page: Page, look: "Look") -> None:
    """A wrong password does not say which value was wrong; later ones say how long to wait."""
    page.goto("/mon-compte")
    page.get_by_label("Courriel ou N° de Sécurité sociale").fill(new_person().email)
    for _ in range(5):
        page.get_by_label("Mot de passe", exact=True).fill("Faux")
        with page.expect_response("**/api/login"):
            page.get_by_role("button", name="Me connecter").click()
        expect(page.get_by_role("alert")).to_contain_text("L’identifiant ou le mot de passe")
    look("refused")
    # Each further guess doubles the delay: on a slow machine too, one soon comes too early.
    status = 401
    while status == 401:
        with page.expect_response("**/api/login") as response:
            page.get_by_role("button", name="Me connecter").click()
        expect(page.get_by_role("alert")).to_be_visible()  # until then a click does nothing
        status = response.value.status
    assert status == 429
    expect(page.get_by_role("alert")).to_contain_text("Réessayez dans")
    look("throttled")


def test_late_link(
    page: Page, client: Client, mailbox: Mailbox, direct: Direct, look: "Look"
) -> None:
    """A late link says that a new one was sent, and that one works."""
    person, token = signed_up(client, mailbox)
    (row,) = direct.rows_of_links(person.email)
    direct.change(row, expires_at=int(row["expires_at"]["N"]) - HOUR - 1)
    direct.forget_mails_to(person.email)
    page.goto(f"/valider#{token}")
    expect(page.get_by_role("heading", name="Ce lien a expiré", level=1)).to_be_visible()
    sent = page.get_by_text("Un nouveau lien vient d’être envoyé")
    expect(sent).to_contain_text("m••••••t@example.fr")
    look("late")
    page.goto(f"/valider#{mailbox.token(person.email, 2)}")
    expect(page.get_by_label("Choisissez votre mot de passe", exact=True)).to_be_visible()


def test_used_link(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """A used link says so and leads to the login."""
    person, token = signed_up(client, mailbox)
    assert client.set_password(token).status == 204
    page.goto(f"/valider#{token}")
    heading = page.get_by_role("heading", name="Votre compte est déjà actif", level=1)
    expect(heading).to_be_visible()
    look("used")
    page.get_by_role("main").get_by_role("link", name="Me connecter").click()
    page.wait_for_load_state()
    page.get_by_label("Courriel ou N° de Sécurité sociale").fill(person.nir)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Me connecter").click()
    expect(page.get_by_role("heading", name="Mon fil d’activité")).to_be_visible()


def test_unknown_link(page: Page, look: "Look") -> None:
    """An unknown link says so and what to do."""
    page.goto(f"/valider#{'A' * 96}")
    expect(page.get_by_role("heading", name="Ce lien n’est pas valable", level=1)).to_be_visible()
    look("unknown")


def test_an_address_that_got_an_account_meanwhile(
    page: Page, client: Client, mailbox: Mailbox, direct: Direct, look: "Look"
) -> None:
    """Who signed up twice and finishes one of the two reads so at the other, with what to do."""
    person, token = signed_up(client, mailbox)
    again = client.another().sign_up(replace(new_person(), email=person.email))
    page.goto(f"/valider#{token}")
    fill(page, dict.fromkeys(PASSWORD_LABELS, PASSWORD))
    assert client.set_password(direct.new_link(again.json["registration"])).status == 204
    page.get_by_role("button", name="Enregistrer").click()
    expect_title(page, "Un compte existe déjà")
    look("conflict")


def test_somebody_elses_number(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """A person whose numbers another account has gets an account, whose feed says so."""
    holder = account_holder(client, mailbox)
    person = replace(new_person(), nir=holder.nir, siret=holder.siret)
    assert client.sign_up(person).status == 202
    page.goto(f"/valider#{mailbox.token(person.email)}")
    choose_password(page, PASSWORD)
    page.wait_for_url("/mot-de-passe-enregistre")
    log_in(page, person.email)
    expect(page.locator("#feed")).to_contain_text("Numéro déjà rattaché à un autre compte")
    look("feed")


def test_password_errors(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """The page and the server say together what is wrong with a password."""
    person, token = signed_up(client, mailbox)
    page.goto(f"/valider#{token}")
    password = page.get_by_label("Choisissez votre mot de passe", exact=True)
    confirmation = page.get_by_label("Confirmez votre mot de passe", exact=True)
    password.fill("trop court")
    confirmation.fill("autre")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(2)
    expect(page.locator("#criteria .unmet")).to_have_count(3)
    look("page")
    for field in (password, confirmation):
        field.fill(f"Aa1-{person.last_name}")
    expect(page.get_by_role("alert")).to_be_hidden()
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(1)
    expect(page.locator("#criteria .unmet")).to_have_count(0)
    look("server")
    # An accent may be typed as one character or two: it is the same password.
    password.fill("Trois-\u00e9t\u00e9s-bleus-3")
    confirmation.fill("Trois-e\u0301te\u0301s-bleus-3")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page).to_have_url(re.compile("/mot-de-passe-enregistre$"))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
@pytest.mark.parametrize("path", PUBLIC)
def test_tab_key(page: Page, path: str, size: "ViewportSize") -> None:
    """The Tab key reaches every control of every page, and its focus is seen."""
    page.set_viewport_size(size)
    page.route("**/api/password-recovery/link", lambda route: route.fulfill(status=204))
    page.goto(path)
    page.wait_for_load_state("networkidle")
    walk(page)


def test_tab_key_in_the_space(page: Page, client: Client, mailbox: Mailbox) -> None:
    """The same is true in the space, on each of its pages."""
    person = account_holder(client, mailbox)
    log_in(page, person.email)
    page.set_viewport_size(SIZES[-1])
    walk(page)
    page.goto("/gerer/mon-compte/securite")
    expect(page.locator("#open-sessions li")).to_have_count(1)
    walk(page)
    for path in ("", "identite", "telephone", "courriel", "mot-de-passe", "suppression"):
        page.goto(f"/gerer/mon-compte/{path}")
        page.wait_for_load_state("networkidle")
        walk(page)


def test_keyboard_only(page: Page, mailbox: Mailbox) -> None:
    """The whole journey, from the home page to the logout, needs no mouse."""
    person = new_person()
    keys = page.keyboard
    page.goto("/")
    keys.press("Tab")
    expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    keys.press("Enter")
    reach(page, page.get_by_role("main").get_by_role("link", name="Mon compte", exact=True))
    keys.press("Enter")
    page.wait_for_url("/mon-compte")
    tab_to(page, "Siret")
    keys.type(person.siret)
    tab_to(page, "N° de Sécurité sociale (13 chiffres)")
    keys.type(person.nir + person.nir_key)
    keys.press("Enter")

    page.wait_for_url("/creer-mon-compte")
    tab_to(page, "Nom")
    for text in (
        person.last_name,
        person.first_name,
        person.mobile_phone,
        person.email,
        person.email,
    ):
        keys.type(text)
        tab(page)
    never = page.get_by_label("Ce numéro ne m’a pas encore été attribué.")
    reach(page, never.last)
    keys.press("Space")
    expect(page.get_by_label("Siret", exact=True)).to_be_disabled()
    keys.press("Space")
    keys.press("Shift+Tab")
    expect(page.get_by_label("Siret", exact=True)).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_text("m••••••t@example.fr")).to_be_visible()
    go_on_by_keys(page, person, mailbox.token(person.email))


def go_on_by_keys(page: Page, person: Person, token: str) -> None:
    """Choose a password, log in, change the phone and log out."""
    keys = page.keyboard
    page.goto(f"/valider#{token}")
    tab_to(page, "Choisissez votre mot de passe")
    keys.type(PASSWORD)
    tab_to(page, "Confirmez votre mot de passe")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Votre compte est prêt")).to_be_visible()
    reach(page, page.get_by_role("main").get_by_role("link", name="Me connecter"))
    keys.press("Enter")

    page.wait_for_url("/mon-compte")
    tab_to(page, "Courriel ou N° de Sécurité sociale (13 chiffres)")
    keys.type(person.email)
    tab_to(page, "Mot de passe")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.locator("#feed li")).not_to_have_count(0)
    reach(page, page.get_by_role("link", name="Mes informations personnelles"))
    keys.press("Enter")

    reach(page, page.get_by_role("link", name="Modifier mon téléphone mobile"))
    keys.press("Enter")
    tab_to(page, "Nouveau téléphone mobile")
    keys.type("0699999999")
    keys.press("Enter")
    expect(page.locator("#done")).to_be_focused()
    page.goto("/gerer")
    expect(page.locator("#feed li")).not_to_have_count(0)
    reach(page, page.get_by_role("button", name="Me déconnecter"))
    keys.press("Enter")
    expect(page.get_by_text("La déconnexion est faite")).to_be_focused()


def tab_to(page: Page, label: str) -> None:
    """Press Tab until the control with this label."""
    reach(page, page.get_by_label(label, exact=True))


def reach(page: Page, target: Locator) -> None:
    """Press Tab until this control."""
    expect(target).to_be_visible()
    for _ in range(40):
        tab(page)
        if target.evaluate("(element) => element === document.activeElement"):
            return
    pytest.fail(f"{target} is not reached by the Tab key")
