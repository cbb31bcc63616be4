"""The activity feed."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from portal import activity, aws
from portal.activity import SECURITY, TEXTS, WELCOME, entry
from portal.items import DAY
from portal.problems import INVALID_REQUEST, Problem
from portal.table import ConditionFailedError

if TYPE_CHECKING:
    from tests.unit.conftest import World

NOW = 1_790_000_000


def fill(world: "World", number: int, account_id: str = "somebody") -> list[str]:
    """Write that many entries, some in the same second; return their ids, newest first."""
    written = [
        entry(account_id, WELCOME, NOW + n // 3, order=n % 3, first_name="M", last_name="D")
        for n in range(number)
    ]
    for each in written:
        aws.dynamodb().put_item(TableName=world.settings.table_name, Item=each.to_item())
    return [each.id for each in reversed(written)]


def test_a_new_feed(world: "World") -> None:
    """A new account is welcomed by name and told that its affiliation is being examined."""
    account_id = world.open_account()
    page = activity.read(world.table, account_id, 20, None)
    assert [each.kind for each in page.entries] == ["welcome", "affiliation-requested"]
    assert page.entries[0].body.startswith("Bienvenue MICHÈLE DUPONT sur votre nouvel espace")
    assert page.entries[0].at == "2026-09-21T14:13:20.001Z"
    assert page.next_cursor is None


@pytest.mark.parametrize("limit", [1, 2, 7, 25, 26])
def test_pages_hold_everything_once(world: "World", limit: int) -> None:
    """Page after page, each entry is read once, newest first, in one query a page."""
    ids = fill(world, 25)
    read: list[str] = []
    cursor = None
    while True:
        with world.calls.counted() as made:
            page = activity.read(world.table, "somebody", limit, cursor)
        assert made == ["Query"]
        assert world.calls.all[-1].asked["Limit"] == limit + 1
        assert 0 < len(page.entries) <= limit
        read += [each.id for each in page.entries]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert read == ids


def test_an_entry_added_meanwhile_shifts_no_page(world: "World") -> None:
    """A cursor marks a place, not a number: what is new comes on the first page only."""
    ids = fill(world, 4)
    first = activity.read(world.table, "somebody", 2, None)
    newer = entry("somebody", WELCOME, NOW + 100)
    aws.dynamodb().put_item(TableName=world.settings.table_name, Item=newer.to_item())
    second = activity.read(world.table, "somebody", 2, first.next_cursor)
    assert [each.id for each in second.entries] == ids[2:]


def test_feeds_are_apart(world: "World") -> None:
    """A cursor of somebody else's feed shows nothing of it."""
    fill(world, 3)
    theirs = activity.read(world.table, "somebody", 1, None).next_cursor
    assert theirs
    assert not activity.read(world.table, "other", 10, theirs).entries


def test_an_empty_feed(world: "World") -> None:
    """A feed without entries is an empty page."""
    assert activity.read(world.table, "nobody", 20, None) == activity.Page([], None)


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
def test_no_cursor_is_an_error(world: "World", cursor: str) -> None:
    """Whatever stands as cursor, it is refused as such or shows a part of one's own feed."""
    ids = [item["id"]["S"] for item in world.items("ACTIVITY#somebody")] or fill(world, 3)
    try:
        page = activity.read(world.table, "somebody", 10, cursor)
    except Problem as problem:
        if problem.kind is not INVALID_REQUEST:
            raise
    else:
        assert {each.id for each in page.entries} <= set(ids)


@pytest.mark.parametrize("cursor", ["", "x" * 31, "x" * 33, "é" * 32])
def test_a_cursor_of_another_form_is_refused(world: "World", cursor: str) -> None:
    """What cannot be a cursor of ours is told as such, without asking the table."""
    with world.calls.counted() as made, pytest.raises(Problem) as caught:
        activity.read(world.table, "somebody", 10, cursor)
    assert caught.value.kind is INVALID_REQUEST
    assert [(each.field, each.code) for each in caught.value.errors] == [("cursor", "invalid")]
    assert not made


def test_names_are_not_patterns(world: "World") -> None:
    """A name that looks like a pattern is shown as it is."""
    written = entry("somebody", WELCOME, NOW, first_name="{last_name}", last_name="{0} %s")
    aws.dynamodb().put_item(TableName=world.settings.table_name, Item=written.to_item())
    (read,) = activity.read(world.table, "somebody", 1, None).entries
    assert "{last_name} {0} %s" in read.body


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize(
    "about",
    [
        {},
        {"first_name": "M", "last_name": "D", "device": "Firefox, Linux", "reason": "Pièce."},
        {"first_name": "{device}", "last_name": "{0}", "device": "{reason}", "reason": "{x}"},
    ],
    ids=["bare", "full", "braces"],
)
def test_no_entry_shows_a_placeholder(world: "World", kind: str, about: dict[str, str]) -> None:
    """Whatever an entry of any kind holds, and lacks, it is told in whole French sentences."""
    written = entry("somebody", kind, NOW, **about)
    aws.dynamodb().put_item(TableName=world.settings.table_name, Item=written.to_item())
    (read,) = activity.read(world.table, "somebody", 1, None).entries
    left = read.body
    for value in about.values():
        left = left.replace(value, "")
    assert not set("{}") & set(read.title + left)
    assert read.body == read.body.strip()
    assert read.body.endswith((".", *about.values()))
    assert "None" not in read.body
    for word in ("device", "reason"):
        if f"{{{word}}}" in TEXTS[kind].body and word in about:
            assert about[word] in read.body


def test_every_kind_that_is_named_has_its_words() -> None:
    """No entry is written that the feed cannot tell: each kind has a title and a body."""
    actors = {"BACK_OFFICE", "PORTAL", "SUPPORT"}
    named = {
        value
        for name, value in vars(activity).items()
        if name.isupper() and isinstance(value, str) and name not in actors
    }
    assert named == set(TEXTS)


def test_who_did_it_is_stored(world: "World") -> None:
    """The trail names who acted: the holder unless it is the back office or the portal."""
    account_id = world.open_account()
    assert {item["actor"]["S"] for item in world.items("ACTIVITY#")} == {account_id}
    assert entry("a", WELCOME, NOW).actor == "a"
    assert entry("a", WELCOME, NOW, actor=activity.BACK_OFFICE).actor == "back-office"


def test_ids_sort_by_time() -> None:
    """Ids order entries by time, as text, for centuries, and two of one instant differ."""
    ids = [entry("a", WELCOME, at).id for at in (0, 1, 999_999, NOW, NOW + 1, 99_999_999_999)]
    assert ids == sorted(ids)
    assert {len(each) for each in ids} == {32}
    assert entry("a", WELCOME, NOW).id != entry("a", WELCOME, NOW).id


@pytest.mark.guards("twelve-months-of-audit")
@pytest.mark.parametrize("kind", TEXTS)
def test_security_events_are_kept_twelve_months(kind: str) -> None:
    """The trail of who did what is swept after twelve months; what one must know stays."""
    kept = entry("somebody", kind, NOW).expires_at
    assert kept == (NOW + 365 * DAY if kind in SECURITY else None)
    assert {"new-device", "password-changed", "email-changed", "session-ended"} <= SECURITY


@pytest.mark.guards("trail-is-only-added-to")
def test_the_trail_is_only_added_to(world: "World") -> None:
    """No entry is written over: one of the same id is refused, with all that comes with it."""
    first = entry("somebody", WELCOME, NOW, first_name="Michèle")
    forged = replace(first, first_name="Autre", actor="nobody")
    world.table.write(first)
    with pytest.raises(ConditionFailedError):
        world.table.write(forged, entry("somebody", WELCOME, NOW + 1))
    (stored,) = world.items("ACTIVITY#")
    assert stored["first_name"]["S"] == "Michèle"
