"""Businesses as the back office says them."""

from datetime import date, timedelta
from typing import Any

from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import logged_in
from tests.world.mailbox import CONFIRMED, Mailbox
from tests.world.people import Person

BUSINESS: dict[str, Any] = {
    "started_on": "2026-03-15",
    "periodicity": "monthly",
    "nature": "commerciale",
    "activities": ["sales", "commercial_services"],
    "territory": "metropole",
    "acre": True,
    "flat_tax": False,
}
"""A business of which the period 2026-08 is open at ``NOW``, until 30 September."""


def affiliated(client: Client, mailbox: Mailbox, direct: Direct, months: int = 1) -> Person:
    """Return somebody whose business started some months ago, as whom the client is logged in.

    Of one that started last month, that month is open for months, whenever the test runs.
    """
    person = logged_in(client, mailbox)
    this = date.today().replace(day=1)  # noqa: DTZ011 - of whoever starts a business
    first = (this - timedelta(days=30 * months - 15)).replace(day=1)
    business = BUSINESS | {"started_on": first.isoformat()}
    direct.decide("AffiliationConfirmed", client.me().json["id"], business=business)
    mailbox.wait_titled(person.email, CONFIRMED)
    return person
