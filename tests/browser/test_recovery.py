"""A forgotten password, from the form to the login with the new one."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import IDENTIFIER, alert, choose_password, expect_title, log_in
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import account_holder
from tests.world.mailbox import RECOVERY, Mailbox

if TYPE_CHECKING:
    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

NEW_PASSWORD = "Cinq-chats-blancs-5"
NO_LONGER = "Ce lien ne fonctionne plus"


def test_forgotten_password(page: Page, client: Client, mailbox: Mailbox, look: "Look") -> None:
    """The link of the mail sets a password, which logs in; it works once."""
    person = account_holder(client, mailbox)
    page.goto("/mon-compte")
    page.get_by_role("link", name="Mot de passe oublié").click()
    expect_title(page, "Mot de passe oublié")
    page.get_by_role("button", name="Recevoir un lien").click()
    alert(page, "Saisissez votre courriel")
    look("empty")
    page.get_by_label(IDENTIFIER, exact=True).fill(person.nir)
    page.get_by_role("button", name="Recevoir un lien").click()
    expect_title(page, "Vérifiez vos courriels")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    look("sent")

    link = f"/nouveau-mot-de-passe#{mailbox.token_titled(person.email, RECOVERY)}"
    page.goto(link)
    expect_title(page, "Choisir un nouveau mot de passe")
    expect(page).to_have_url("/nouveau-mot-de-passe")  # the token leaves the address bar
    look("new-password")
    choose_password(page, "trop court")
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(1)
    choose_password(page, NEW_PASSWORD)
    expect(page.get_by_role("heading", name="Votre compte est prêt")).to_be_visible()

    log_in(page, person.email, NEW_PASSWORD)
    page.goto(link)
    expect_title(page, "Ce lien n’est pas valable")
    look("used")


def test_late_recovery(page: Page, client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """A late recovery link says so before a password is typed, and leads to a new one."""
    person = account_holder(client, mailbox)
    assert client.recover(person.email).status == 202
    token = mailbox.token_titled(person.email, RECOVERY)
    (row,) = direct.items(f"TOKEN#{direct.account(person.email)['recovery_id']['S']}")
    direct.change(row, expires_at=int(row["issued_at"]["N"]) - 1)
    page.goto(f"/nouveau-mot-de-passe#{token}")
    expect_title(page, NO_LONGER)
    page.get_by_role("link", name="Demander un nouveau lien").click()
    expect_title(page, "Mot de passe oublié")


def test_unknown_recovery(page: Page, look: "Look") -> None:
    """An unknown recovery link says so and what to do."""
    page.goto(f"/nouveau-mot-de-passe#{'A' * 96}")
    expect_title(page, "Ce lien n’est pas valable")
    look("unknown")
