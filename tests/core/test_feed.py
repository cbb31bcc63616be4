"""The activity feed."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from portal.affiliation import feed as affiliation_feed
from portal.core import aws
from portal.core.feed import BACK_OFFICE, Activity, Kind, Page, Text, entry, read
from portal.core.problems import INVALID_REQUEST, Problem
from portal.core.records import DAY
from portal.core.writes import RefusedError, put
from portal.identity import feed as identity_feed
from portal.identity import passkey_feed
from portal.identity.feed import WELCOME
from tests.world.functions import load_function
from tests.world.world import FEED, NOW

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from tests.world.world import World

SOMEBODY = "00000000-0000-4000-8000-000000000001"
OTHER = "00000000-0000-4000-8000-000000000002"
NAME = {"first_name": "M", "last_name": "D"}


def made(
    at: int,
    kind: Kind = WELCOME,
    about: "Mapping[str, str]" = NAME,
    *,
    account_id: str = SOMEBODY,
    order: int = 2,
    is_agent: bool = False,
) -> Activity:
    """Return an entry whose actor is the holder of its account."""
    return entry(
        kind, account_id, at, actor=account_id, about=about, order=order, is_agent=is_agent
    )


def store(world: "World", *entries: Activity) -> None:
    """Write entries."""
    for each in entries:
        aws.dynamodb().put_item(TableName=world.settings.table_name, Item=each.to_item())


def page_of(world: "World", account_id: str, limit: int, cursor: str | None = None) -> Page:
    """Return a page of the feed of an account, read by its holder."""
    return read(world.table, world.acting(account_id), FEED, limit, cursor)


def fill(world: "World", number: int) -> list[str]:
    """Write so many entries, some in the same second; return their ids, newest first."""
    written = [made(NOW + n // 3, order=n % 3) for n in range(number)]
    store(world, *written)
    return [each.id for each in reversed(written)]


def test_a_new_feed(world: "World") -> None:
    """A new account's feed has a welcome by name, and that the affiliation is examined."""
    account_id = world.open_account()
    page = page_of(world, account_id, 20)
    assert [each.kind for each in page.entries] == ["welcome", "affiliation-requested"]
    assert page.entries[0].body.startswith("Bienvenue MICHÈLE DUPONT sur votre nouvel espace")
    assert page.entries[0].at == "2026-09-21T14:13:20.001Z"
    assert page.next_cursor is None


@pytest.mark.parametrize("limit", [1, 2, 7, 25, 26])
def test_pages_have_everything_once(world: "World", limit: int) -> None:
    """Over all pages each entry is read once, newest first, in one query a page."""
    ids = fill(world, 25)
    found: list[str] = []
    cursor = None
    while True:
        with world.calls.counted() as calls:
            page = page_of(world, SOMEBODY, limit, cursor)
        assert calls == ["Query"]
        assert world.calls.all[-1].asked["Limit"] == limit + 1
        assert 0 < len(page.entries) <= limit
        found += [each.id for each in page.entries]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == ids


def test_an_entry_added_meanwhile_shifts_no_page(world: "World") -> None:
    """A cursor is a position, not a number: new entries are only on the first page."""
    ids = fill(world, 4)
    first = page_of(world, SOMEBODY, 2)
    store(world, made(NOW + 100))
    second = page_of(world, SOMEBODY, 2, first.next_cursor)
    assert [each.id for each in second.entries] == ids[2:]


def test_feeds_are_apart(world: "World") -> None:
    """A cursor of somebody else's feed shows nothing of that feed."""
    fill(world, 3)
    theirs = page_of(world, SOMEBODY, 1).next_cursor
    assert theirs
    assert not page_of(world, OTHER, 10, theirs).entries


def test_an_empty_feed(world: "World") -> None:
    """A feed without entries is an empty page."""
    assert page_of(world, OTHER, 20) == Page([], None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(max_size=64),
        st.text(min_size=32, max_size=32, alphabet=st.characters(max_codepoint=127)),
    )
)
@example("")
@example("0" * 32)
@example("~" * 32)
@example("é" * 32)
@example("\0" * 32)
@example("\ud800" * 32)
def test_any_text_as_a_cursor(world: "World", cursor: str) -> None:
    """Any text as a cursor is refused or shows a part of one's own feed."""
    ids = [item["id"]["S"] for item in world.items(f"ACTIVITY#{SOMEBODY}")] or fill(world, 3)
    try:
        page = page_of(world, SOMEBODY, 10, cursor)
    except Problem as problem:
        if problem.kind is not INVALID_REQUEST:
            raise
    else:
        assert {each.id for each in page.entries} <= set(ids)


@pytest.mark.parametrize("cursor", ["", "x" * 31, "x" * 33, "é" * 32])
def test_a_cursor_of_another_form_is_refused(world: "World", cursor: str) -> None:
    """A text that cannot be our cursor is refused without a query."""
    with world.calls.counted() as calls, pytest.raises(Problem) as caught:
        page_of(world, SOMEBODY, 10, cursor)
    assert caught.value.kind is INVALID_REQUEST
    assert [(each.field, each.code) for each in caught.value.errors] == [("cursor", "invalid")]
    assert not calls


def test_names_are_not_patterns(world: "World") -> None:
    """A name that looks like a pattern is shown unchanged."""
    store(world, made(NOW, about={"first_name": "{last_name}", "last_name": "{0} %s"}))
    (shown,) = page_of(world, SOMEBODY, 1).entries
    assert "{last_name} {0} %s" in shown.body


@pytest.mark.parametrize("is_agent", [False, True], ids=["holder", "agent"])
@pytest.mark.parametrize("kind", FEED, ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    "about",
    [
        {},
        {"first_name": "M", "last_name": "D", "device": "Firefox, Linux", "reason": "Pièce."},
        {"first_name": "{device}", "last_name": "{0}", "device": "{reason}", "reason": "{x}"},
    ],
    ids=["bare", "full", "braces"],
)
def test_no_entry_shows_a_placeholder(
    world: "World", kind: Kind, about: dict[str, str], *, is_agent: bool
) -> None:
    """An entry of any kind, with or without its values, is shown as French sentences."""
    store(world, made(NOW, kind, about, is_agent=is_agent))
    (shown,) = page_of(world, SOMEBODY, 1).entries
    left = shown.body
    for value in about.values():
        left = left.replace(value, "")
    assert not set("{}") & set(shown.title + left)
    assert shown.body == shown.body.strip()
    assert shown.body.endswith((".", *about.values()))
    assert "None" not in shown.body
    words = kind.agent if is_agent and kind.agent else Text(kind.title, kind.body)
    assert shown.title == words.title
    for name, value in about.items():
        if f"{{{name}}}" in words.body:
            assert value in shown.body


@pytest.mark.parametrize(
    "modules",
    [[identity_feed, passkey_feed], [affiliation_feed]],
    ids=lambda modules: modules[0].__name__,
)
def test_every_kind_that_is_named_has_its_words(modules: "list[ModuleType]") -> None:
    """Every kind that is written has its words and is in its domain's list."""
    found = [each for module in modules for each in vars(module).values()]
    named = [each for each in found if isinstance(each, Kind)]
    assert {each.name for each in named} == {each.name for each in modules[0].KINDS}
    for each in named:
        assert each.title
        assert each.body


def test_the_feed_of_the_function_has_every_kind() -> None:
    """The function shows the kinds of every domain, each with its own name."""
    assert load_function("activity").FEED == FEED
    assert len({each.name for each in FEED}) == len(FEED)


def test_who_did_it_is_stored(world: "World") -> None:
    """The feed stores the actor: the holder, the back office or the portal."""
    account_id = world.open_account()
    assert {item["actor"]["S"] for item in world.items("ACTIVITY#")} == {account_id}
    assert entry(WELCOME, "a", NOW, actor="a").actor == "a"
    assert entry(WELCOME, "a", NOW, actor=BACK_OFFICE).actor == "back-office"


def test_an_account_that_an_agent_asked_for(world: "World") -> None:
    """The holder reads who asked for the account, and no promise that the service does not keep."""
    account_id = world.open_account(is_agent=True)
    bodies = [each.body for each in world.feed(account_id)]
    assert any("présentée comme votre mandataire" in body for body in bodies)
    assert any("Votre déclaration de début d’activité" in body for body in bodies)
    for body in bodies:
        assert "client" not in body
        assert "chaque action" not in body, "the feed shows no author"


def test_what_it_is_about_is_one_attribute() -> None:
    """The values of an entry are one map: no attribute is named after a value."""
    item = made(NOW).to_item()
    assert item["about"] == {"M": {"first_name": {"S": "M"}, "last_name": {"S": "D"}}}
    assert set(item) == {"pk", "sk", "account_id", "id", "at", "kind", "actor", "about", "is_agent"}


def test_ids_sort_by_time() -> None:
    """Ids sort by time, as text, for centuries, and two of the same instant differ."""
    ids = [made(at).id for at in (0, 1, 999_999, NOW, NOW + 1, 99_999_999_999)]
    assert ids == sorted(ids)
    assert {len(each) for each in ids} == {32}
    assert made(NOW).id != made(NOW).id


@pytest.mark.guards("twelve-months-of-audit")
@pytest.mark.parametrize("kind", FEED, ids=lambda kind: kind.name)
def test_security_events_are_kept_twelve_months(kind: Kind) -> None:
    """Security entries are swept after twelve months; what the holder must know stays."""
    security = {
        "new-device",
        "password-changed",
        "phone-changed",
        "email-changed",
        "email-restored",
        "session-ended",
        "sessions-ended",
        "second-factor-added",
        "second-factor-removed",
        "second-factor-leaving",
        "second-factor-kept",
        "recovery-codes-made",
        "recovery-code-used",
        "identity-linked",
        "identity-removed",
        "passkey-added",
        "passkey-renamed",
        "passkey-removed",
        "passkey-copied",
        "other-sessions-ended",
        "email-change-withdrawn",
        "identity-corrected",
        "identity-corrected-with-proof",
        "number-claimed",
        "number-gained",
        "number-lost",
        "number-disputed",
    }
    expected = NOW + 365 * DAY if kind.name in security else None
    assert made(NOW, kind).expires_at == expected


@pytest.mark.guards("trail-is-only-added-to")
def test_the_trail_is_only_added_to(world: "World") -> None:
    """An entry with an existing id is refused, with the rest of its transaction."""
    first = made(NOW, about={"first_name": "Michèle"})
    forged = replace(first, about={"first_name": "Autre"}, actor="nobody")
    world.table.write(put(first))
    with pytest.raises(RefusedError):
        world.table.transact(put(forged), put(made(NOW + 1)))
    with pytest.raises(RefusedError):
        world.table.write(put(forged))
    (stored,) = world.items("ACTIVITY#")
    assert stored["about"]["M"]["first_name"]["S"] == "Michèle"
