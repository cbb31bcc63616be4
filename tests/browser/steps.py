"""Steps that several browser tests share, by the labels that people read."""

import os
import re
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.world.people import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.world.people import Person

NIR = "N° de Sécurité sociale (13 chiffres)"
IDENTIFIER = "Courriel ou N° de Sécurité sociale (13 chiffres)"
SNAPSHOTS = Path(__file__).parent / "snapshots"
PASSWORD_LABELS = ("Choisissez votre mot de passe", "Confirmez votre mot de passe")


def log_in(page: Page, identifier: str, password: str = PASSWORD, start: str = "/gerer") -> None:
    """Log in on the way to a page of the space."""
    page.goto(start)
    page.wait_for_url("/mon-compte")  # with its scripts
    page.get_by_label(IDENTIFIER, exact=True).fill(identifier)
    page.get_by_label("Mot de passe", exact=True).fill(password)
    page.get_by_role("button", name="Me connecter").click()
    page.wait_for_url(start.partition("#")[0])
    if start == "/gerer":
        expect(page.locator("#feed li")).not_to_have_count(0)
        expect(page.locator("#greeting")).to_be_visible()


def fill(page: Page, values: "Mapping[str, str]") -> None:
    """Fill fields in, by their labels."""
    for label, value in values.items():
        page.get_by_label(label, exact=True).fill(value)


def fill_sign_up(page: Page, person: "Person") -> None:
    """Fill the form « Créer mon compte » in."""
    values = {
        "Nom": person.last_name,
        "Prénom": person.first_name,
        "Téléphone mobile": person.mobile_phone,
        "Courriel": person.email,
        "Confirmation courriel": person.email,
        NIR: person.nir,
        "Clé": person.nir_key,
        "Siret": person.siret,
    }
    fill(page, values)


def choose_password(page: Page, password: str) -> None:
    """Type a password twice and save it."""
    fill(page, dict.fromkeys(PASSWORD_LABELS, password))
    page.get_by_role("button", name="Enregistrer").click()


def expect_title(page: Page, title: str) -> None:
    """Check the page's heading and its title in the browser's tab."""
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    expect(page).to_have_title(re.compile(f"^{re.escape(title)} – "))


def shown(number: str) -> str:
    """Return a Siret or a NIR without key as the pages group it."""
    groups = (3, 3, 3, 5) if len(number) == 14 else (1, 2, 2, 2, 3, 3)
    ends = [sum(groups[: place + 1]) for place in range(len(groups))]
    return " ".join(number[end - size : end] for size, end in zip(groups, ends, strict=True))


def alert(page: Page, words: str) -> None:
    """Check that the page shows one alert with these words."""
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text(words)


def until(page: Page, condition: "Callable[[], object]") -> None:
    """Wait for a condition in the browser; the test's own timeout ends the wait."""
    while not condition():
        page.wait_for_timeout(50)


def compare_tree(
    page: Page, name: str, personal: "Mapping[str, str]" = MappingProxyType({})
) -> None:
    """Compare the page's accessibility tree with the stored one.

    UPDATE_SNAPSHOTS=1 stores it.
    """
    tree = page.locator("body").aria_snapshot()
    for value, kind in personal.items():
        tree = tree.replace(value, kind)
    for varies in (r"\d{2}/\d{2}/\d{4} à \d{2}:\d{2}", r"\d{1,2}(er)? \w+ \d{4}( – \d{2}:\d{2})?"):
        tree = re.sub(varies, "DATE", tree)
    # The countdown to the next mail: gone when the test took longer.
    tree = re.sub(r" *- paragraph: Un autre courriel pourra partir dans .*\n", "", tree)
    tree = re.sub(r"0\d( \d\d){4}", "TÉLÉPHONE", tree)
    tree = re.sub(r"Chrome \d+, Linux", "APPAREIL", tree)
    tree = re.sub(r"(?<=definition: )[\d ]*[•\d ]*•[• \d]*", "NUMÉRO", tree)
    kept = SNAPSHOTS / f"{name}.yaml"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        kept.write_text(f"{tree}\n")
    assert tree.splitlines() == kept.read_text().splitlines()
