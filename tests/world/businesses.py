"""Businesses as the back office says them."""

from typing import Any

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
