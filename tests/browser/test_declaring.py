"""Declaring in a browser: what is to do, the three screens, a correction, zero, late, two tabs."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import alert, expect_title, log_in
from tests.world.businesses import affiliated

if TYPE_CHECKING:
    from tests.browser.conftest import Look
    from tests.world.client import Client
    from tests.world.direct import Direct
    from tests.world.mailbox import Mailbox

pytestmark = [pytest.mark.stack, pytest.mark.browser]

SALES = "Vente de marchandises"
SERVICES = "Prestations de services commerciales ou artisanales"


def test_from_what_is_to_do_to_a_correction(
    page: Page, client: "Client", mailbox: "Mailbox", direct: "Direct", look: "Look"
) -> None:
    """« Gérer » says what to declare; its cost is shown as one types, and it can be corrected."""
    person = affiliated(client, mailbox, direct)
    log_in(page, person.email)
    task = page.locator("#todo li").first
    expect(task).to_contain_text("Au plus tard le")
    look("to-do")
    label = (task.get_by_role("heading").text_content() or "").removeprefix("Déclarer ")
    task.get_by_role("link", name=f"Déclarer pour {label}").click()
    expect_title(page, f"Déclarer {label}")
    type_amounts(page, look)
    total = (page.locator("#running").text_content() or "").rpartition(": ")[2]
    page.get_by_role("button", name="Continuer").click()
    expect_title(page, f"Vérifier {label}")
    expect(page.locator("#to-declare tfoot")).to_contain_text(total)
    look("to-check")
    page.get_by_role("button", name="Déclarer").click()
    expect_title(page, f"Déclaré {label}")
    expect(page.get_by_text("C’est déclaré, le")).to_be_visible()
    expect(page.locator("#declared tfoot")).to_contain_text(total)
    look("declared")
    page.get_by_role("button", name="Corriger").click()
    page.get_by_label(SALES).fill("0")
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("button", name="Déclarer").click()
    expect(page.locator("#version-list > li")).to_have_count(2)
    expect(page.locator("#declared tfoot")).not_to_contain_text(total)
    look("corrected")
    read_receipt_and_due_dates(page, look)


def read_receipt_and_due_dates(page: Page, look: "Look") -> None:
    """Open the receipt of the first version, then every due date."""
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Justificatif de la version 1").click()
    expect(opened.value.get_by_text("300").first).to_be_visible()
    page.get_by_role("link", name="Toutes mes échéances").click()
    expect(page.locator("#declarees li")).to_have_count(1)
    expect(page.locator("#chart rect")).to_have_count(2)
    page.get_by_text("Les mêmes chiffres en tableau").click()
    expect(page.locator("#chart-rows tr")).to_have_count(1)
    expect(page.locator("#ceilings meter")).to_have_count(2)
    look("due-dates")


def type_amounts(page: Page, look: "Look") -> None:
    """Type what is no amount, then amounts as people write them."""
    expect(page.get_by_label("Autres prestations de services")).to_be_disabled()
    expect(page.locator("#sales-due")).to_contain_text("Taux")
    page.get_by_label(SALES).fill("mille")
    page.get_by_role("button", name="Continuer").click()
    alert(page, f"{SALES} : saisissez un montant en euros, des chiffres, sans lettres.")
    alert(page, f"{SERVICES} : saisissez un montant, 0 si vous n’avez rien encaissé.")
    look("refused")
    page.get_by_label(SALES).fill("300")
    page.get_by_label(SERVICES).fill("2 399,50 €")
    expect(page.locator("#commercial_services-due")).to_contain_text("de cotisations")
    expect(page.locator("#running")).to_contain_text("À payer, taxes comprises")
    expect(page.get_by_label(SERVICES)).to_have_value("2 399,50 €")
    page.get_by_label(SALES).focus()
    expect(page.get_by_label(SERVICES)).to_have_value("2\u202f400")
    look("received")


def test_late_and_zero(
    page: Page, client: "Client", mailbox: "Mailbox", direct: "Direct", look: "Look"
) -> None:
    """What is late comes first; « Déclarer 0 € » leads to the check, and is declared."""
    person = affiliated(client, mailbox, direct, months=9)
    log_in(page, person.email)
    expect(page.locator("#todo li")).to_have_count(3)
    expect(page.locator("[data-service=declare-and-pay] .badge")).to_contain_text("à régulariser")
    look("late")
    zero = page.locator("#todo li").first.get_by_role("link", name="Déclarer 0 €")
    zero.click()
    expect(page.get_by_role("heading", name="Vérifier", level=1)).to_be_visible()
    expect(page.locator("#to-declare tfoot")).to_contain_text("0")
    page.get_by_role("button", name="Déclarer").click()
    expect(page.get_by_text("Rien à payer pour cette période.")).to_be_visible()
    look("zero")


def test_two_tabs(page: Page, client: "Client", mailbox: "Mailbox", direct: "Direct") -> None:
    """A declaration made in another tab is shown, to correct, and is not lost."""
    person = affiliated(client, mailbox, direct)
    log_in(page, person.email)
    task = page.locator("#todo li").first
    task.get_by_role("link", name="Déclarer pour").click()
    page.get_by_label(SALES).fill("1")
    page.get_by_label(SERVICES).fill("1")
    page.get_by_role("button", name="Continuer").click()
    code = page.url.rpartition("/")[2]
    body = {"turnover": {"sales": 555, "commercial_services": 0}, "expected_version": 0}
    assert client.call("PUT", f"/api/me/periods/{code}/declaration", body).status == 200
    page.get_by_role("button", name="Déclarer").click()
    expect(page.get_by_text("Cette période a été déclarée entre-temps")).to_be_visible()
    expect(page.get_by_label(SALES)).to_have_value("555")
    assert len(client.call("GET", f"/api/me/periods/{code}").json["versions"]) == 1


def test_what_cannot_be_declared(
    page: Page, client: "Client", mailbox: "Mailbox", direct: "Direct"
) -> None:
    """A period to come says when it opens; one that is not the business's does not exist."""
    person = affiliated(client, mailbox, direct)
    (coming, *_) = client.call("GET", "/api/me/periods?state=upcoming").json["periods"]
    log_in(page, person.email)
    page.goto(f"/gerer/echeances/{coming['code']}")
    expect(page.get_by_text(f"Vous pourrez déclarer {coming['label']}")).to_be_visible()
    page.goto("/gerer/echeances/2020-01")
    alert(page, "Cette échéance n’existe pas.")
