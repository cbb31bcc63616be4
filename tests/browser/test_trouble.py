"""What pages say when the network or the service fails."""

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.steps import IDENTIFIER, NIR, alert, fill, log_in, shown, until
from tests.world.client import Client
from tests.world.journey import account_holder
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD, new_person

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Look

    type Forgive = Callable[[str], None]

pytestmark = [pytest.mark.stack, pytest.mark.browser]


def unavailable(route: Route) -> None:
    """Answer as the API does when a service that it needs does not answer."""
    problem = {
        "type": "https://portail.example/problems/unavailable",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "Le service est momentanément indisponible.",
        "instance": "made-up",
    }
    route.fulfill(
        status=503,
        headers={"Retry-After": "5", "Content-Type": "application/problem+json"},
        body=json.dumps(problem),
    )


def test_offline_and_unavailable(
    page: Page, client: Client, mailbox: Mailbox, look: "Look", forgive: "Forgive"
) -> None:
    """A login says that it is offline or down, keeps what was typed, then works."""
    person = account_holder(client, mailbox)
    page.goto("/mon-compte")
    fill(page, {IDENTIFIER: person.email, "Mot de passe": PASSWORD})
    button = page.get_by_role("button", name="Me connecter")
    page.context.set_offline(True)
    button.click()
    alert(page, "Vous êtes hors ligne.")
    page.context.set_offline(False)
    look("offline")
    page.route("**/api/login", unavailable, times=1)
    button.click()
    alert(page, "Le service rencontre une difficulté. Réessayez dans 5 secondes.")
    look("unavailable")
    forgive("api/login|status of 503|ERR_INTERNET_DISCONNECTED")
    button.click()
    expect(page.get_by_role("heading", name="Gérer", level=1)).to_be_visible()


def test_space_unavailable(
    page: Page, client: Client, mailbox: Mailbox, look: "Look", forgive: "Forgive"
) -> None:
    """The space says which of its parts failed; a button loads each again."""
    person = account_holder(client, mailbox)
    log_in(page, person.email)
    page.route("**/api/me", unavailable, times=1)
    page.route("**/api/me/activity", unavailable, times=1)
    page.reload()
    for place, words in (("failure", "Le fil d’activité"), ("failed", "L’état de vos services")):
        trouble = page.locator(f"#{place}")
        expect(trouble).to_contain_text(f"{words} n’a pas pu être chargé.")
    look("unavailable")
    for place in ("failure", "failed"):
        page.locator(f"#{place}").get_by_role("button", name="Réessayer").click()
        expect(page.locator(f"#{place}")).to_be_hidden()
    expect(page.locator("#feed li")).not_to_have_count(0)
    expect(page.locator("#greeting")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("button", name="Me déconnecter").click()
    alert(page, "Vous êtes hors ligne.")
    page.context.set_offline(False)
    forgive("api/(me|logout)|status of 503|ERR_INTERNET_DISCONNECTED")
    page.get_by_role("button", name="Me déconnecter").click()
    expect(page.get_by_text("La déconnexion est faite")).to_be_visible()


def test_sent_before_the_script(page: Page, client: Client, mailbox: Mailbox) -> None:
    """A form sent before its script is loaded is sent once it is."""
    person = account_holder(client, mailbox)
    held: list[Route] = []
    page.route("**/assets/my-account-*.js", lambda route: held.append(route))  # noqa: PLW0108
    page.goto("/mon-compte", wait_until="commit")
    fill(page, {IDENTIFIER: person.email, "Mot de passe": PASSWORD})
    with page.expect_request("**/api/login") as login:
        for _ in range(3):
            page.get_by_role("button", name="Me connecter").click(no_wait_after=True)
        until(page, lambda: held)
        held[0].continue_()
    assert login.value.post_data_json == {"identifier": person.email, "password": PASSWORD}
    expect(page.get_by_role("heading", name="Gérer", level=1)).to_be_visible()


def test_pasted_before_the_script(page: Page) -> None:
    """A number pasted with its key before the script is loaded is split once it is."""
    person = new_person()
    held: list[Route] = []
    page.route("**/assets/identifiers-*.js", lambda route: held.append(route))  # noqa: PLW0108
    page.goto("/mon-compte", wait_until="commit")
    number, key = page.get_by_label(NIR, exact=True), page.get_by_label("Clé", exact=True)
    number.fill(f"{person.nir[0]} {person.nir[1:]} {person.nir_key}")
    expect(key).to_have_value("")
    until(page, lambda: held)
    held[0].continue_()
    expect(number).to_have_value(shown(person.nir))
    expect(key).to_have_value(person.nir_key)
