"""What the tests of payments start from."""

from typing import TYPE_CHECKING

import pytest

from tests.world.declarant import Declarant, paris
from tests.world.payer import Payer
from tests.world.payer import payer as new_payer

if TYPE_CHECKING:
    from tests.world.functions import Gateway
    from tests.world.world import World

AFFILIATED = paris("2026-04-10 09:00:00")


@pytest.fixture
def payer(world: "World", gateway: "Gateway") -> Payer:
    """Return a person who owes 257 € for August 2026, and signed a mandate."""
    account_id = world.open_account(AFFILIATED)
    world.affiliate(account_id, AFFILIATED)
    world.deliver(AFFILIATED)
    return new_payer(Declarant(world, gateway, account_id))
