"""Passkeys in the browser, with Chromium's virtual authenticator: added, used, removed, refused."""

import time
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import alert, log_in
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import account_holder
from tests.world.mailbox import Mailbox

if TYPE_CHECKING:
    from tests.browser.conftest import Check, Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

SECURITY = "/gerer/mon-compte/securite"
USE = "Utiliser une clé d’accès"
ADD = "Ajouter une clé d’accès"


class Device:
    """The authenticator of the browser's device; its person answers at once."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._kept: list[Any] = []
        self._id = ""
        self.renew()

    def renew(self) -> None:
        """Connect it again, with its passkeys: a picture of the page disconnected it."""
        self._session.send("WebAuthn.enable", {"enableUI": False})
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
        }
        self._id = self._send("addVirtualAuthenticator", options=options)["authenticatorId"]
        for passkey in self._kept:
            passkey["signCount"] += 100  # it counts on
            self._send("addCredential", authenticatorId=self._id, credential=passkey)

    def _send(self, command: str, **about: Any) -> Any:
        return self._session.send(f"WebAuthn.{command}", about)

    def verifies(self, *, yes: bool) -> None:
        """Have it recognise its person, or not."""
        self._send("setUserVerified", authenticatorId=self._id, isUserVerified=yes)

    def passkeys(self) -> list[Any]:
        """Return the passkeys that it has, and keep them."""
        self._kept = self._send("getCredentials", authenticatorId=self._id)["credentials"]
        return self._kept


def log_out(page: Page) -> None:
    """Log out from the header."""
    page.get_by_role("button", name="Me déconnecter").first.click()
    page.wait_for_url("/mon-compte")


def without_autofill(page: Page) -> None:
    """Have the browser offer no passkey by itself: its person would take it at once."""
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")


def add(page: Page, device: Device) -> None:
    """Add a passkey on the page « Sécurité »."""
    page.get_by_role("button", name=ADD).click()
    expect(page.locator("#passkeys-status")).to_contain_text("La clé d’accès est ajoutée.")
    expect(page.locator("#own-passkeys li")).to_have_count(1)
    (stored,) = device.passkeys()
    assert stored["isResidentCredential"]


def test_adding_and_renaming(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """A passkey is added once, told by mail, and gets a name."""
    person = account_holder(client, mailbox)
    device = Device(page)
    log_in(page, person.email, start=SECURITY)
    section, status = page.locator("#cles-acces"), page.locator("#passkeys-status")
    expect(section.get_by_role("button", name=ADD)).to_be_visible()
    add(page, device)
    mailbox.wait_titled(person.email, "Une clé d’accès a été ajoutée à votre compte")
    section.get_by_role("button", name=ADD).click()
    expect(status).to_contain_text("Cet appareil a déjà une clé d’accès de votre compte.")

    section.get_by_role("button", name="Renommer").click()
    dialog = page.get_by_role("dialog", name="Renommer la clé d’accès")
    dialog.get_by_label("Nom de la clé d’accès").fill("")
    dialog.get_by_role("button", name="Enregistrer").click()
    alert(page, "Saisissez un nom.")
    dialog.get_by_label("Nom de la clé d’accès").fill("Ordinateur du bureau")
    look("renaming")
    dialog.get_by_role("button", name="Enregistrer").click()
    expect(section.locator("li strong")).to_have_text("Ordinateur du bureau")
    look("added")


def test_logging_in_by_button(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """A passkey logs in by the button, without identifier; the session says so."""
    without_autofill(page)
    person = account_holder(client, mailbox)
    device = Device(page)
    log_in(page, person.email, start=SECURITY)
    add(page, device)
    log_out(page)
    page.get_by_role("button", name=USE).click()
    page.wait_for_url("/gerer")
    expect(page.locator("#greeting")).to_be_visible()
    page.goto(SECURITY)
    expect(page.locator("#open-sessions li").first).to_contain_text("par clé d’accès, active")
    log_out(page)
    expect(page.get_by_role("button", name=USE)).to_be_visible()
    look("login")


def test_logging_in_by_autofill(page: Page, client: Client, mailbox: Mailbox) -> None:
    """The browser offers the passkey where the identifier is typed; taken there, it logs in."""
    person = account_holder(client, mailbox)
    device = Device(page)
    log_in(page, person.email, start=SECURITY)
    add(page, device)
    page.get_by_role("button", name="Me déconnecter").first.click()
    page.wait_for_url("/gerer")
    expect(page.locator("#greeting")).to_be_visible()


def test_confirming_removing_and_trying_again(
    page: Page, client: Client, mailbox: Mailbox, direct: Direct, look: "Look"
) -> None:
    """A passkey confirms who one is, to remove it; it is refused from then on."""
    without_autofill(page)
    person = account_holder(client, mailbox)
    device = Device(page)
    log_in(page, person.email, start=SECURITY)
    add(page, device)
    for session in direct.sessions(person.email):
        direct.change(session, proved_at=int(time.time()) - 301)
    section, status = page.locator("#cles-acces"), page.locator("#passkeys-status")
    section.get_by_role("button", name="Retirer").click()
    removal = page.get_by_role("dialog", name="Retirer cette clé d’accès")
    look("removing")
    removal.get_by_role("button", name="Retirer").click()
    asked = page.get_by_role("dialog", name="Confirmez que c’est vous")
    expect(asked.get_by_role("button", name=USE)).to_be_visible()
    look("confirming")
    device.renew()
    asked.get_by_role("button", name=USE).click()
    expect(status).to_contain_text("La clé d’accès est retirée.")
    expect(section.locator("li")).to_have_count(0)
    look("removed")

    device.renew()
    log_out(page)
    page.get_by_role("button", name=USE).click()
    expect(page.locator("#passkey-failed")).to_contain_text("n’a pas été acceptée")
    look("refused")


def test_who_is_not_verified_or_gives_up(
    page: Page, client: Client, mailbox: Mailbox, check: "Check"
) -> None:
    """A device that does not recognise its person adds nothing and opens nothing; it is said."""
    without_autofill(page)
    person = account_holder(client, mailbox)
    device = Device(page)
    log_in(page, person.email, start=SECURITY)
    device.verifies(yes=False)
    page.get_by_role("button", name=ADD).click()
    status = page.locator("#passkeys-status")
    expect(status).to_have_text("Aucune clé d’accès n’a été ajoutée.")
    assert device.passkeys() == []
    device.verifies(yes=True)
    page.get_by_role("button", name=ADD).click()
    expect(status).to_contain_text("La clé d’accès est ajoutée.")
    log_out(page)
    device.verifies(yes=False)
    page.get_by_role("button", name=USE).click()
    expect(page.locator("#passkey-failed")).to_contain_text("Aucune clé d’accès n’a été utilisée.")
    check()
    device.verifies(yes=True)
    page.get_by_role("button", name=USE).click()
    page.wait_for_url("/gerer")
