"""The functions' environment, as the template sets it, and the clients."""

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import fields

from portal.core import aws
from portal.core.clock import rfc3339, rfc3339_seconds
from portal.core.records import DAY
from portal.core.settings import Limits, Settings, Unused, settings

if TYPE_CHECKING:
    from tests.world.world import World


def test_the_template_sets_all_that_is_read(world: "World") -> None:
    """The limits are the template's defaults, as the product promises."""
    assert world.limits == Limits(
        requests_per_minute=60,
        mail_per_hour=3,
        mail_per_day=6,
        mail_interval=60,
        mail_per_domain=1000,
        mails_per_second=14,
        free_failures=5,
    )
    assert world.settings.unused == Unused(
        after=730 * DAY, first_notice=30 * DAY, last_notice=7 * DAY
    )
    assert world.settings.public_url == "https://portail.example"
    assert not world.settings.erases_declarations
    others = [each.name for each in fields(Settings) if each.name != "erases_declarations"]
    assert all(getattr(world.settings, name) for name in others)


def test_the_origin_has_no_slash_at_its_end(world: "World") -> None:
    """Links are the origin and a path, without a double slash."""
    assert not world.settings.public_url.endswith("/")


def test_a_missing_variable_is_named(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    """A function without one of its settings names it in the error."""
    assert world
    settings.cache_clear()
    monkeypatch.delenv("PEPPER_SECRET")
    with pytest.raises(KeyError, match="PEPPER_SECRET"):
        settings()


def test_attempts_end_before_the_function(world: "World", template: dict[str, Any]) -> None:
    """Clients give up, after a limited number of tries, before their function ends."""
    timeout = template["Globals"]["Function"]["Timeout"]
    assert timeout < 29
    for client in (aws.dynamodb(), aws.secrets_manager(), aws.kms()):
        config = client.meta.config
        attempts = config.retries["total_max_attempts"]
        assert attempts * (config.connect_timeout + config.read_timeout) < timeout
        assert config.retries["mode"] == "standard"
    assert world


def test_clients_are_made_once(world: "World") -> None:
    """A warm function keeps its clients and their connections."""
    assert aws.dynamodb() is aws.dynamodb()
    assert world


def test_times_are_rfc_3339() -> None:
    """The API writes times in UTC, to the millisecond; an absent time stays absent."""
    assert rfc3339(1_790_000_000_007) == "2026-09-21T14:13:20.007Z"
    assert rfc3339_seconds(1_790_000_000) == "2026-09-21T14:13:20.000Z"
    assert rfc3339_seconds(None) is None
