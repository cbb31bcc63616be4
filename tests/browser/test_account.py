"""« Mon compte » in the space: changed, secured, exported, deleted and kept."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import alert, choose_password, expect_title, fill, log_in
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import account_holder
from tests.world.mailbox import EMAIL_CHANGE, EMAIL_CHANGED, PASSWORD_CHANGED, Mailbox
from tests.world.people import PASSWORD, Person, new_person

if TYPE_CHECKING:
    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

ACCOUNT = "/gerer/mon-compte"
SECURITY = f"{ACCOUNT}/securite"
NEW_PASSWORD = "Quatre-chats-noirs-4"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_phone(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """A phone is changed on its page."""
    person = account_holder(client, mailbox)
    log_in(page, person.email, start=ACCOUNT)
    expect(page.locator("[data-fill=email]")).to_have_text(person.email)
    expect(page.locator("[data-fill=ways]")).to_have_text("Mot de passe")
    look("account")
    page.get_by_role("link", name="Modifier mon téléphone mobile").click()
    expect_title(page, "Changer mon téléphone mobile")
    phone = page.get_by_label("Nouveau téléphone mobile")
    phone.fill("01 23 45 67 89")
    page.get_by_role("button", name="Enregistrer le numéro").click()
    expect(phone).to_have_attribute("aria-invalid", "true")
    look("phone-refused")
    phone.fill("06.99 99 99 99")
    page.get_by_role("button", name="Enregistrer le numéro").click()
    expect(page.locator("#done")).to_have_text("Votre téléphone mobile est modifié.")
    expect(page.locator("#done")).to_be_focused()
    expect(page.locator("[data-fill=mobile_phone]")).to_have_text("06 99 99 99 99")


def test_sessions(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """The sessions are listed with how each was opened; another device's is ended."""
    person = account_holder(client, mailbox)
    client.user_agent = FIREFOX
    assert client.log_in(person.email).status == 200
    log_in(page, person.email, start=ACCOUNT)
    page.get_by_role("link", name="Modifier ma façon de me connecter").click()
    expect_title(page, "Sécurité")
    sessions = page.locator("#open-sessions li")
    expect(sessions).to_have_count(2)
    expect(page.locator("[data-fill=email]")).to_have_text(person.email)
    expect(page.locator("[data-fill=password_changed]")).to_contain_text("Choisi le")
    expect(page.locator("#second-factor-state")).to_have_text("Inactive")
    look("security")

    other = sessions.filter(has_text="Firefox")
    this = sessions.filter(has=page.get_by_text("Cette session").filter(visible=True))
    expect(this).to_have_count(1)
    expect(this.get_by_role("button")).to_have_count(0)
    expect(other).to_contain_text("Firefox 140, Windows")
    expect(other).to_contain_text(" par mot de passe, active le ")
    other.get_by_role("button", name="Fermer").click()
    expect(page.locator("#sessions-status")).to_have_text("La session est fermée.")
    expect(sessions).to_have_count(1)
    assert client.me().status == 401
    all_others = page.get_by_role("button", name="Déconnecter les autres sessions")
    expect(all_others).to_be_hidden()
    strangers = [client.another() for _ in range(2)]
    assert [each.log_in(person.email).status for each in strangers] == [200, 200]
    page.reload()
    expect(sessions).to_have_count(3)
    all_others.click()
    expect(page.locator("#sessions-status")).to_have_text("Vos autres sessions sont fermées.")
    expect(sessions).to_have_count(1)
    assert [each.me().status for each in strangers] == [401, 401]
    look("done")


def test_password(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """The form for another password shows its criteria; the other sessions end."""
    person = account_holder(client, mailbox)
    assert client.log_in(person.email).status == 200
    log_in(page, person.email, start=SECURITY)
    page.get_by_role("link", name="Modifier mon mot de passe").click()
    expect_title(page, "Changer mon mot de passe")
    look("form")
    choose_password(page, f"Aa1-{person.last_name}")
    alert(page, "mot de passe")
    choose_password(page, NEW_PASSWORD)
    page.wait_for_url(SECURITY)
    expect(page.locator("#done")).to_contain_text("mot de passe est modifié")
    expect(page.locator("#open-sessions li")).to_have_count(1)
    mailbox.wait_titled(person.email, PASSWORD_CHANGED)
    assert client.me().status == 401
    assert client.another().log_in(person.email, NEW_PASSWORD).status == 200


def test_email(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """A new address is used once its link is opened, and the old one can undo it."""
    person, email = account_holder(client, mailbox), new_person().email
    log_in(page, person.email, start=ACCOUNT)
    page.get_by_role("link", name="Modifier mon courriel").click()
    expect_title(page, "Changer mon courriel")
    fill(page, {"Nouveau courriel": email, "Confirmation du nouveau courriel": "x@example.fr"})
    page.get_by_role("button", name="Envoyer le lien").click()
    alert(page, "différentes")
    page.get_by_label("Confirmation du nouveau courriel").fill(email)
    page.get_by_role("button", name="Envoyer le lien").click()
    expect(page.locator("#done")).to_contain_text("Un courriel part à")
    expect(page.locator("#unconfirmed")).to_be_visible()
    look("asked")

    page.goto("/")
    page.goto(f"{ACCOUNT}#{mailbox.token_titled(email, EMAIL_CHANGE)}")
    expect(page.get_by_role("button", name="Confirmer mon adresse")).to_be_visible()
    expect(page.locator("[data-fill=email]")).to_have_text(person.email)
    look("to-confirm")
    page.get_by_role("button", name="Confirmer mon adresse").click()
    expect(page.locator("#done")).to_contain_text("Votre nouvelle adresse courriel est confirmée.")
    expect(page.locator("[data-fill=email]")).to_have_text(email)

    undo = f"/annuler-changement#{mailbox.token_titled(person.email, EMAIL_CHANGED)}"
    page.goto(undo)
    expect_title(page, "Annuler le changement d’adresse")
    look("undo")
    page.get_by_role("button", name="Annuler ce changement").click()
    expect(page.locator("#not_me-error")).to_have_text("Cochez la case pour annuler ce changement.")
    assert client.log_in(email).status == 200, "a scanner that submits the form undoes nothing"
    page.get_by_label("Je n’ai pas demandé ce changement").check()
    page.get_by_role("button", name="Annuler ce changement").click()
    expect_title(page, "Votre ancienne adresse est rétablie")
    look("undone")
    assert client.log_in(person.email).status == 401
    page.get_by_role("link", name="Choisir un nouveau mot de passe").click()
    page.wait_for_url("/nouveau-mot-de-passe")
    choose_password(page, NEW_PASSWORD)
    page.wait_for_url("/mot-de-passe-enregistre")
    page.goto(undo)
    page.get_by_label("Je n’ai pas demandé ce changement").check()
    page.get_by_role("button", name="Annuler ce changement").click()
    expect_title(page, "Ce lien ne fonctionne plus")
    log_in(page, person.email, NEW_PASSWORD, start=ACCOUNT)
    expect(page.locator("[data-fill=email]")).to_have_text(person.email)


def test_confirmation_after_login(page: Page, client: Client, mailbox: Mailbox) -> None:
    """A link opened without a session asks for the login, then goes on; it works once."""
    person, email = account_holder(client, mailbox), new_person().email
    assert client.log_in(person.email).status == 200
    assert client.change_email(email).status == 202
    token = mailbox.token_titled(email, EMAIL_CHANGE)
    log_in(page, person.email, start=f"{ACCOUNT}#{token}")
    page.get_by_role("button", name="Confirmer mon adresse").click()
    expect(page.locator("[data-fill=email]")).to_have_text(email)
    page.goto("/")
    page.goto(f"{ACCOUNT}#{token}")
    page.get_by_role("button", name="Confirmer mon adresse").click()
    expect(page.get_by_text("Ce lien ne fonctionne pas")).to_be_visible()


def test_export_long_after_login(
    page: Page, client: Client, mailbox: Mailbox, direct: Direct, look: "Look"
) -> None:
    """Just after the login, data are downloaded at once; later, the password is asked for."""
    person = account_holder(client, mailbox)
    log_in(page, person.email, start=ACCOUNT)
    check_download(page, person, "Télécharger mes données")

    (session,) = direct.sessions(person.email)
    direct.change(session, proved_at=int(time.time()) - 301)
    page.get_by_role("button", name="Télécharger mes données").click()
    dialog = page.get_by_role("dialog", name="Confirmez que c’est vous")
    password = dialog.get_by_label("Mot de passe actuel", exact=True)
    expect(password).to_be_focused()
    look("asked")
    password.fill("Faux-mot-de-passe-1")
    dialog.get_by_role("button", name="Continuer").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Ce n’est pas le mot de passe")
    look("refused")
    dialog.get_by_role("button", name="Annuler").click()
    alert(page, "Rien n’a changé")

    page.get_by_role("button", name="Télécharger mes données").click()
    password.fill(PASSWORD)
    check_download(page, person, "Continuer")
    expect(dialog).to_be_hidden()


def check_download(page: Page, person: Person, button: str) -> None:
    """Click on a download of a person's data, and check the data."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).click()
    download = waiting.value
    assert download.suggested_filename == "mon-compte.json"
    assert person.email in json.dumps(json.loads(Path(download.path()).read_text()))
    expect(page.locator("#export .status")).to_contain_text("est téléchargé")


def test_deletion(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """A deletion is asked for in two steps, ends the sessions, and can be cancelled."""
    person = account_holder(client, mailbox)
    log_in(page, person.email, start=ACCOUNT)
    page.get_by_role("link", name="Supprimer mon compte", exact=True).click()
    expect_title(page, "Supprimer mon compte")
    page.get_by_role("button", name="Supprimer mon compte").click()
    alert(page, "Cochez la case")
    look("not-agreed")
    page.get_by_label("Oui, je veux supprimer mon compte et ses données").check()
    page.get_by_role("button", name="Supprimer mon compte").click()
    page.wait_for_url("/mon-compte")
    expect(page.get_by_text("La suppression de votre compte est enregistrée")).to_be_visible()
    look("registered")
    log_in(page, person.email)
    expect(page.get_by_text("Votre compte sera supprimé le")).to_be_visible()
    look("scheduled")
    page.get_by_role("button", name="Garder mon compte").click()
    expect(page.get_by_text("Votre compte est conservé.")).to_be_visible()
    expect(page.get_by_text("Votre compte sera supprimé le")).to_be_hidden()
    client.log_in(person.email)
    assert client.me().json["deletion_at"] is None
