"""Paying in a browser: a debit with a mandate, cancelled or returned, the balance, a plan."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.page_checks import walk
from tests.browser.steps import alert, expect_title, log_in
from tests.world.businesses import affiliated
from tests.world.ibans import french
from tests.world.journey import account_holder

if TYPE_CHECKING:
    from tests.browser.conftest import Forgive, Look
    from tests.world.client import Client
    from tests.world.direct import Direct
    from tests.world.mailbox import Mailbox

pytestmark = [pytest.mark.stack, pytest.mark.browser]

PAYMENTS = "/gerer/paiements"
PLANS = "/gerer/delais-de-paiement"
IBAN = french(7)


def sign(client: "Client", iban: str) -> None:
    """Sign a mandate for an account."""
    form = {"iban": iban, "holder": "Michèle Dupont", "scheme": "core"}
    answer = client.call("POST", "/api/me/sepa-mandates", form)
    assert answer.status == 201, answer.text


def declare(client: "Client", services: int, state: str = "open") -> str:
    """Declare the first period in a state; return its code."""
    (period, *_) = client.call("GET", f"/api/me/periods?state={state}").json["periods"]
    body = {"turnover": {"sales": 0, "commercial_services": services}, "expected_version": 0}
    answer = client.call("PUT", f"/api/me/periods/{period['code']}/declaration", body)
    assert answer.status == 200, answer.text
    return str(period["code"])


def affiliated_long_ago(direct: "Direct", email: str) -> None:
    """Move the affiliation of an account back, so that what is late is charged."""
    account_id = direct.account(email)["id"]["S"]
    (business,) = (
        each for each in direct.items(f"DECLARATION#{account_id}") if each["sk"]["S"] == "BUSINESS"
    )
    direct.change(business, affiliated_at=int(business["affiliated_at"]["N"]) - 300 * 86_400)


def returned(direct: "Direct", email: str, reason: str) -> None:
    """Change the payments of an account as a return of the bank does."""
    account_id = direct.account(email)["id"]["S"]
    for item in direct.find(f"DECLARATION#{account_id}", stage="ordered"):
        direct.dynamodb.update_item(
            TableName=direct.table,
            Key={"pk": item["pk"], "sk": item["sk"]},
            UpdateExpression="SET stage = :stage, reason = :reason, ended_at = :at",
            ExpressionAttributeValues={
                ":stage": {"S": "returned"},
                ":reason": {"S": reason},
                ":at": {"N": str(int(item["created_at"]["N"]) + 1)},
            },
        )


def test_declare_and_pay_in_one_go(
    page: Page, client: "Client", mailbox: "Mailbox", direct: "Direct", look: "Look"
) -> None:
    """What is declared is paid on its page: a mandate is signed, a debit ordered, cancelled."""
    person = affiliated(client, mailbox, direct)
    code = declare(client, 2400)
    log_in(page, person.email)
    task = page.locator("#todo li").filter(has_text="Payer")
    expect(task).to_contain_text("Au plus tard le")
    expect(page.locator("#todo-next")).to_contain_text("Solde : 0")
    look("to-pay")
    task.get_by_role("link", name="Payer pour").click()
    page.get_by_role("link", name="Signer un mandat").click()
    expect_title(page, "Ajouter un compte bancaire")
    page.get_by_label("IBAN", exact=True).fill(IBAN)
    page.get_by_label("Titulaire du compte").fill("Michèle Dupont")
    page.get_by_label(re.compile("^Personnel")).check()
    page.get_by_role("button", name="Signer le mandat").click()
    page.wait_for_url(f"/gerer/echeances/{code}#payer")
    expect(page.locator("#paid")).to_contain_text("est signé")
    look("mandate")
    page.get_by_role("button", name=re.compile("^Payer")).dblclick()
    expect(page.locator("#paid")).to_contain_text("C’est demandé")
    line = page.locator("#payments > li")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("Demandé")
    expect(page.locator("#pay")).to_be_hidden()
    look("ordered")
    page.go_back()
    page.go_forward()
    expect(line).to_have_count(1)
    line.get_by_role("button", name="Annuler").click()
    look("cancelling")
    page.get_by_role("button", name="Annuler le prélèvement").click()
    expect(page.locator("#paid")).to_contain_text("est annulé")
    expect(line).to_contain_text("Annulé")
    expect(page.get_by_role("button", name=re.compile("^Payer"))).to_be_visible()
    assert len(client.call("GET", "/api/me/payments").json["payments"]) == 1


def test_an_answer_that_is_lost(
    page: Page, client: "Client", mailbox: "Mailbox", direct: "Direct", forgive: "Forgive"
) -> None:
    """An order whose answer was lost is sent again with its key: it orders once."""
    person = affiliated(client, mailbox, direct)
    code = declare(client, 2400)
    sign(client, IBAN)
    log_in(page, person.email, start=f"/gerer/echeances/{code}")

    def lose(route: Route) -> None:
        sent = route.request
        headers = {"Idempotency-Key": sent.headers["idempotency-key"]}
        path = f"/api/me/periods/{code}/payments"
        answer = client.call("POST", path, sent.post_data_json, headers=headers)
        assert answer.status == 201, answer.text
        route.fulfill(status=503, headers={"Retry-After": "1"}, json={})

    page.route(f"**/periods/{code}/payments", lose)
    page.get_by_role("button", name=re.compile("^Payer")).click()
    alert(page, "Le service rencontre une difficulté.")
    forgive("503")
    page.unroute_all()
    page.get_by_role("button", name=re.compile("^Payer")).click()
    expect(page.locator("#paid")).to_contain_text("C’est demandé")
    assert len(client.call("GET", "/api/me/payments").json["payments"]) == 1


def test_two_tabs_and_two_accounts(
    page: Page, client: "Client", mailbox: "Mailbox", direct: "Direct", look: "Look"
) -> None:
    """One of several accounts is chosen; what another tab ordered is shown, not ordered twice."""
    person = affiliated(client, mailbox, direct)
    code = declare(client, 2400)
    sign(client, IBAN)
    sign(client, french(8))
    log_in(page, person.email, start=f"/gerer/echeances/{code}")
    other = page.context.new_page()
    other.goto(f"/gerer/echeances/{code}")
    for tab in (page, other):
        expect(tab.get_by_role("radio")).to_have_count(2)
    look("two-accounts")
    walk(page)
    other.get_by_label(re.compile(french(8)[-4:])).check()
    other.get_by_role("button", name=re.compile("^Payer")).click()
    expect(other.locator("#payments > li")).to_contain_text(french(8)[-4:])
    page.get_by_role("button", name=re.compile("^Payer")).click()
    expect(page.locator("#paid")).to_contain_text("déjà ordonné")
    expect(page.locator("#payments > li")).to_have_count(1)


def test_the_balance_and_the_payments(
    page: Page, client: "Client", mailbox: "Mailbox", direct: "Direct", look: "Look"
) -> None:
    """« Mes paiements »: nothing at first; then what is due with its surcharges, and a return."""
    person = affiliated(client, mailbox, direct, months=9)
    log_in(page, person.email, start=PAYMENTS)
    expect(page.locator("#balance")).to_be_visible()
    look("empty")
    affiliated_long_ago(direct, person.email)
    late = declare(client, 2400, "overdue-undeclared")
    sign(client, IBAN)
    page.reload()
    expect(page.locator("#du")).to_contain_text("de majorations")
    expect(page.locator("#entries")).to_contain_text("Majoration de 5 %")
    look("due")
    page.locator("#du").get_by_role("link", name="Payer").first.click()
    page.get_by_role("button", name=re.compile("^Payer")).click()
    expect(page.locator("#paid")).to_contain_text("C’est demandé")
    page.goto(PAYMENTS)
    expect(page.locator("#en-cours li")).to_have_count(1)
    expect(page.locator("#payments > li")).to_have_count(1)
    returned(direct, person.email, "AM04")
    page.reload()
    expect(page.locator("#payments > li")).to_contain_text(
        "La provision du compte ne suffisait pas"
    )
    look("returned")
    walk(page)
    page.get_by_label("Année du prélèvement").select_option(index=4)
    expect(page.get_by_text("Aucun versement cette année-là.")).to_be_visible()
    page.goto(f"/gerer/echeances/{late}")
    expect(page.locator("#state")).to_contain_text("Prélèvement rejeté")
    look("returned-period")


def test_a_plan(
    page: Page, client: "Client", mailbox: "Mailbox", direct: "Direct", look: "Look"
) -> None:
    """A plan needs every declaration; it follows what one chooses, and is signed once."""
    person = affiliated(client, mailbox, direct, months=6)
    log_in(page, person.email, start=PLANS)
    expect(page.locator("#nothing")).to_be_visible()
    look("nothing-due")
    affiliated_long_ago(direct, person.email)
    declare(client, 2400, "overdue-undeclared")
    page.reload()
    expect(page.locator("#proposal-failed")).to_contain_text("Déclarez d’abord ce qui manque")
    expect(page.get_by_role("link", name="Déclarer ce qui manque")).to_be_visible()
    look("missing")
    missing = client.call("GET", "/api/me/periods?state=overdue-undeclared").json["periods"]
    for _ in missing:
        declare(client, 0, "overdue-undeclared")
    page.reload()
    expect(page.locator("#proposal-table tbody tr")).to_have_count(3)
    page.get_by_label("Nombre d’échéances").select_option("4")
    first = page.get_by_label("Jour de la première")
    first.fill(first.get_attribute("min") or "")
    expect(page.locator("#proposal-table tbody tr")).to_have_count(4)
    page.get_by_role("button", name="Signer ce délai").click()
    alert(page, "Dites pourquoi vous demandez un délai.")
    page.get_by_label("Pourquoi ce délai ?").fill("Un client important paie en retard.")
    look("proposal")
    page.get_by_role("button", name="Signer ce délai").dblclick()
    expect(page.locator("#done")).to_contain_text("est accordé")
    expect(page.locator("#plan tbody tr")).to_have_count(4)
    expect(page.locator("#no-account")).to_be_visible()
    look("running")
    page.reload()
    expect(page.locator("#no-account")).to_be_visible()
    walk(page)
    page.get_by_role("link", name="Signer un mandat").click()
    page.get_by_role("link", name="Annuler").click()
    page.wait_for_url(f"{PLANS}#payer")
    assert len(client.call("GET", "/api/me/plans").json["plans"]) == 1
    page.goto("/gerer/echeances")
    due = page.locator("#calendar li li", has_text="délai de paiement, échéance")
    expect(due).to_have_count(4)
    look("due-dates")


def test_a_balance_that_does_not_load(
    page: Page, client: "Client", mailbox: "Mailbox", direct: "Direct", forgive: "Forgive"
) -> None:
    """What could not be read says so, and is read again on request."""
    person = affiliated(client, mailbox, direct)
    log_in(page, person.email)
    page.route("**/api/me/balance", lambda route: route.fulfill(status=503, json={}))
    page.goto(PAYMENTS)
    alert(page, "Le service rencontre une difficulté.")
    forgive("503")
    page.unroute_all()
    page.get_by_role("button", name="Réessayer").click()
    expect(page.locator("#balance")).to_have_text("0 €")


def test_before_the_affiliation(page: Page, client: "Client", mailbox: "Mailbox") -> None:
    """Until the affiliation, the pages say why they are closed, without « Réessayer »."""
    person = account_holder(client, mailbox)
    log_in(page, person.email, start=PAYMENTS)
    alert(page, "affiliation")
    expect(page.get_by_role("button", name="Réessayer")).to_be_hidden()
