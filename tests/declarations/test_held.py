"""What is exported of declarations, and what is kept of a deleted account."""

from typing import TYPE_CHECKING

import pytest

from portal.core import held
from portal.core import settings as portal_settings
from portal.core.held import Reading
from portal.core.records import DAY
from portal.identity import deletion
from tests.world.use_cases import HELD
from tests.world.world import FEED, NOW

if TYPE_CHECKING:
    from tests.world.declarant import Declarant
    from tests.world.world import World


def delete(world: "World", person: "Declarant") -> None:
    """Delete an account, as its holder asked for."""
    asked = world.acting(person.account_id, NOW)
    deletion.schedule_deletion(world.table, asked)
    assert deletion.delete_due(world.table, HELD, NOW + 30 * DAY) == 1


def test_the_export_has_each_version(world: "World", declarant: "Declarant") -> None:
    """The export has the business, and each version of each declaration with its rates."""
    declarant.declare("2026-08", 0, 2400)
    declarant.declare("2026-08", 100, 2400, version=1)
    reading = Reading(world.table, lambda _, __: "", FEED, NOW)
    exported = held.export(HELD, reading, world.account(declarant.account_id))
    business, declarations = exported["business"], exported["declarations"]
    assert isinstance(business, dict)
    assert business["versions"][0]["started_on"] == "2026-03-15"
    assert isinstance(declarations, list)
    assert [(each["version"], each["total"]) for each in declarations] == [(1, 257), (2, 263)]
    assert declarations[0]["lines"][1]["rate"] == "10.6"


def test_an_account_without_business_exports_nothing(world: "World") -> None:
    """Who never had a business has empty sections."""
    account = world.account(world.open_account())
    exported = held.export(HELD, Reading(world.table, lambda _, __: "", FEED, NOW), account)
    assert (exported["business"], exported["declarations"]) == (None, [])


@pytest.mark.guards("declarations-are-archived", "ten-years-of-declarations")
def test_what_the_law_obliges_to_keep(world: "World", declarant: "Declarant") -> None:
    """A deleted account leaves its declarations under the Siret for ten years, and no more."""
    declarant.declare("2026-08", 0, 2400)
    declarant.declare("2026-08", 100, 2400, version=1)
    siret_mac = world.account(declarant.account_id).siret_mac
    delete(world, declarant)
    kept = world.items("ARCHIVE#")
    assert [item["pk"]["S"] for item in kept] == [f"ARCHIVE#{siret_mac}"] * 2
    assert {item["expires_at"]["N"] for item in kept} == {"2145913200"}, "1 January 2038, in Paris"
    assert not any(declarant.account_id in str(item) for item in kept)
    assert not world.items("DECLARATION#")
    assert not world.items("LOOK#")


def test_a_demonstration_may_erase_all(
    world: "World", declarant: "Declarant", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the setting says so, nothing is left."""
    monkeypatch.setenv("ERASES_DECLARATIONS", "true")
    portal_settings.settings.cache_clear()
    declarant.declare("2026-08", 0, 2400)
    delete(world, declarant)
    assert not world.items("ARCHIVE#")
    assert not world.items("DECLARATION#")
