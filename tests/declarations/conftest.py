"""What the tests of declarations start from."""

from typing import TYPE_CHECKING

import pytest

from tests.world.declarant import Declarant, paris

if TYPE_CHECKING:
    from tests.world.functions import Gateway
    from tests.world.world import World

AFFILIATED = paris("2026-04-10 09:00:00")


@pytest.fixture
def declarant(world: "World", gateway: "Gateway") -> Declarant:
    """Return a person who was affiliated in April 2026, and declares each month."""
    account_id = world.open_account(AFFILIATED)
    world.affiliate(account_id, AFFILIATED)
    world.deliver(AFFILIATED)
    return Declarant(world, gateway, account_id)
