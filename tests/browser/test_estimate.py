"""The page « Estimer mes cotisations »: the estimate runs while one types."""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, Route, expect

if TYPE_CHECKING:
    from tests.browser.conftest import Look

pytestmark = [pytest.mark.stack, pytest.mark.browser]

SERVICES = "Prestations de services"


@pytest.fixture(autouse=True)
def opened(page: Page) -> None:
    """Open the page as on 28 November 2026: the period that was over last is October."""
    page.clock.set_fixed_time(datetime(2026, 11, 28, 10))  # noqa: DTZ001 - the browser's own time
    page.goto("/estimer")
    expect(page.locator("#period option:checked")).to_have_text("octobre 2026")


def total(page: Page, euros: str) -> None:
    """Expect a sum: « 1 234 € »."""
    pattern = re.compile(euros.replace(" ", r"\s"))
    expect(page.locator("#total")).to_have_text(pattern)
    expect(page.locator("#running")).to_have_text(pattern)


def table(page: Page, where: str) -> list[list[str]]:
    """Return the cells of the rows of a table, with plain spaces."""
    rows: list[list[str]] = page.locator(where).evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return [[re.sub(r"\s", " ", cell) for cell in row] for row in rows]


def test_while_typing(page: Page, look: "Look") -> None:
    """The sum, where it goes and each line with its rates follow what is typed, and are said."""
    look("empty")
    page.get_by_label(SERVICES, exact=True).press_sequentially("2400")
    total(page, "512 €")
    page.get_by_label("versement libératoire").check()
    total(page, "553 €")
    expect(page.locator("#about")).to_contain_text("à payer pour octobre 2026, soit 23")
    expect(page.locator("#part")).to_contain_text(re.compile(r"Il vous resterait 1\s847"))
    expect(page.locator("#spoken")).to_have_text(re.compile(r"Estimation\s: 553\s€ pour octobre"))
    assert table(page, "#split tr") == [
        ["Retraite de base", "221 €"],
        ["Retraite complémentaire", "101 €"],
        ["Assurance maladie", "51 €"],
        ["Invalidité, décès", "16 €"],
        ["CSG et CRDS", "120 €"],
        ["Formation professionnelle", "2 €"],
        ["Taxe consulaire", "1 €"],
        ["Impôt sur le revenu", "41 €"],
        ["Total", "553 €"],
    ]
    assert table(page, "#lines tbody tr") == [
        ["Cotisations sociales", "21,2 %", "509 €"],
        ["Formation (CFP)", "0,1 %", "2 €"],
        ["Taxe consulaire", "0,044 %", "1 €"],
        ["Impôt sur le revenu", "1,7 %", "41 €"],
        ["Total de la ligne", "", "553 €"],
    ]
    widths = page.locator("#bar rect").evaluate_all(
        "bars => bars.map(bar => Number(bar.getAttribute('width')))"
    )
    assert sum(widths) == pytest.approx(1000)
    page.get_by_label("Vente de marchandises").fill("12 000")
    total(page, "2 163 €")
    expect(page.locator("#lines table")).to_have_count(2)
    look("two-lines")


def test_acre_and_its_end(page: Page, look: "Look") -> None:
    """Acre needs the start: then it says until when, and what it saves; later that it is over."""
    page.get_by_label(SERVICES, exact=True).fill("2400")
    total(page, "512 €")
    page.get_by_label("J’ai l’Acre").check()
    expect(page.locator("#waiting")).to_contain_text("Indiquez le début de l’activité")
    expect(page.locator("#found")).to_be_hidden()
    page.get_by_label("Début de l’activité").fill("15/08/2026")
    total(page, "385 €")
    expect(page.locator("#reduced")).to_contain_text("jusqu’au 30 juin 2027")
    expect(page.locator("#reduced")).to_contain_text(re.compile(r"Sans elle, ce serait 512\s€"))
    look("acre")
    page.get_by_label("Début de l’activité").fill("15 8 2024")
    page.get_by_label("Début de l’activité").press("Tab")
    total(page, "512 €")
    expect(page.locator("#reduced")).to_contain_text("ce sont les taux pleins")
    expect(page.get_by_label("Début de l’activité")).to_have_value("15/08/2024")
    page.get_by_label("Lieu d’exercice").select_option("drom")
    expect(page.locator("#reduced")).to_contain_text("ne s’ajoute pas aux taux d’outre-mer")


def test_a_quarter(page: Page) -> None:
    """Quarters are listed for who declares them, and Enter leads to the detail."""
    page.get_by_label("chaque trimestre").check()
    expect(page.locator("#period option:checked")).to_have_text("3e trimestre 2026")
    page.get_by_label("Période estimée").select_option("2026-Q1")
    page.get_by_label(SERVICES, exact=True).fill("7 200 €")
    page.get_by_label(SERVICES, exact=True).press("Enter")
    total(page, "1 536 €")
    expect(page.locator("#about")).to_contain_text("1er trimestre 2026")
    expect(page.locator("#result")).to_be_focused()


def test_what_is_wrong(page: Page, look: "Look") -> None:
    """A wrong amount, a start after the period, a territory without rates: each says what to do."""
    sales = page.get_by_label("Vente de marchandises")
    sales.fill("12,50")
    expect(sales).to_have_attribute("aria-invalid", "true")
    expect(sales).to_have_accessible_description(re.compile("Écrivez des euros entiers"))
    look("cents")
    sales.fill("10000000")
    expect(sales).to_have_accessible_description(re.compile(r"9\s999\s999\s€ au plus"))
    sales.fill("1250")
    total(page, "155 €")
    start = page.get_by_label("Début de l’activité")
    start.fill("31/02/2026")
    start.press("Tab")
    expect(start).to_have_accessible_description(re.compile("une date qui existe"))
    start.fill("2.11.2026")
    expect(start).to_have_accessible_description(re.compile("après la fin de la période"))
    expect(page.locator("#problem")).to_contain_text("après la fin de la période")
    start.fill("")
    total(page, "155 €")
    page.get_by_label("Lieu d’exercice").select_option("mayotte")
    expect(page.locator("#problem")).to_contain_text("plutôt que de deviner")
    expect(page.locator("#running")).to_have_text("–")
    look("rates-unknown")


def test_zero_is_an_answer(page: Page) -> None:
    """A zero that was typed costs zero; a line that was emptied is not there."""
    page.get_by_label("Vente de marchandises").fill("0")
    total(page, "0 €")
    page.get_by_label("Vente de marchandises").fill("")
    expect(page.locator("#waiting")).to_contain_text("Écrivez un chiffre d’affaires")
    expect(page.locator("#found")).to_be_hidden()


def test_the_last_answer_counts(page: Page) -> None:
    """An answer that comes after that of what was typed later is not shown."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        asked: Any = route.request.post_data_json
        if asked["turnover"]["sales"] == 1000:
            waiting.append(route)
        else:
            route.continue_()

    page.route("**/api/estimates", hold)
    page.get_by_label("Vente de marchandises").fill("1000")
    expect(page.locator("#result.busy")).to_be_visible()
    page.get_by_label("Vente de marchandises").fill("2000")
    total(page, "248 €")
    (late,) = waiting
    with page.expect_response("**/api/estimates"):
        late.continue_()
    page.wait_for_function("new Promise((done) => setTimeout(done, 50, true))")
    total(page, "248 €")


def test_throttled_then_again(page: Page, look: "Look") -> None:
    """A refusal for too many requests says when to go on; what was typed is still there."""
    page.route(
        "**/api/estimates",
        lambda route: route.fulfill(
            status=429,
            headers={"Retry-After": "30", "Content-Type": "application/problem+json"},
            json={"detail": "Trop de demandes. Patientez avant de recommencer."},
        ),
    )
    page.get_by_label("Vente de marchandises").fill("2000")
    expect(page.locator("#problem")).to_contain_text(re.compile(r"Réessayez dans 30\ssecondes"))
    look("throttled")
    page.unroute("**/api/estimates")
    page.get_by_role("button", name="Voir le détail").click()
    total(page, "248 €")


def test_offline(page: Page, forgive: Any) -> None:
    """Without a connection the page says so, and goes on when it is back."""
    page.route("**/api/estimates", lambda route: route.abort("internetdisconnected"))
    page.get_by_label("Vente de marchandises").fill("2000")
    expect(page.locator("#problem")).to_contain_text("Vérifiez votre connexion")
    forgive("failed: .*/api/estimates|Failed to load resource")
    page.unroute("**/api/estimates")
    page.get_by_label("Vente de marchandises").fill("2001")
    total(page, "248 €")
