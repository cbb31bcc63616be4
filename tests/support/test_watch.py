import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError

import pytest

from portal.support.watch import ADDRESS
from tests.world.cloud import ROOT, read_template
from tests.world.outside import signing_up, site
from tests.world.use_cases import stop_clock, stream

if TYPE_CHECKING:
    from urllib.request import Request

    from tests.world.functions import Gateway
    from tests.world.world import World

START = json.loads((ROOT / "events" / "watch" / "start.json").read_text())


def arrival(registration_id: str) -> dict[str, Any]:
    """Return what SES reports when the mail of a sign-up was delivered."""
    text = (ROOT / "events" / "watch" / "arrived.json").read_text()
    return json.loads(text.replace("{{registration_id}}", registration_id))


def outcomes(log: Callable[[], str]) -> list[str]:
    """Return the outcomes of journeys that were counted."""
    lines = map(json.loads, log().splitlines())
    return [each["outcome"] for each in lines if "Journeys" in each]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)


def travel(world: "World", gateway: "Gateway") -> str:
    """Make one journey up to its mail; return the sign-up's handle."""
    with site(signing_up(gateway)) as asked:
        gateway.invoke("watch", START)
    (request,) = asked
    assert request.full_url == f"{world.settings.public_url}/api/signup"
    assert request.get_header("User-agent"), "the firewall refuses requests without"
    gateway.invoke("send_mail", stream(world.items("OUTBOX#")))
    mail = world.mails()[-1]
    assert mail.to == [ADDRESS]
    return world.items("REGISTRATION#")[-1]["id"]["S"]


def test_a_journey_leaves_nothing_behind(
    world: "World", gateway: "Gateway", log: Callable[[], str]
) -> None:
    """A sign-up whose mail arrived is counted once, and deleted with all that it wrote."""
    registration_id = travel(world, gateway)
    assert world.items("TOKEN#")
    gateway.invoke("watch", arrival(registration_id))
    left = {item["pk"]["S"].partition("#")[0] for item in world.items()}
    # How many requests of an address and mails to a domain: TTL deletes them within hours.
    assert left <= {"RATE", "MAIL"}
    assert not [each for each in world.items("MAIL#") if each["sk"]["S"] == "validation"]
    gateway.invoke("watch", arrival(registration_id))
    assert outcomes(log) == ["started", "arrived"]
    (counted,) = json.loads(log().splitlines()[-1])["_aws"]["CloudWatchMetrics"]
    watched = read_template()["Resources"]["JourneysAlarm"]["Properties"]
    assert counted["Namespace"] == watched["Namespace"]
    assert counted["Metrics"][0]["Name"] == watched["MetricName"]
    assert counted["Dimensions"] == [[each["Name"] for each in watched["Dimensions"]]]


def test_no_limit_stops_the_watch(world: "World", gateway: "Gateway") -> None:
    """A mailbox gets six mails a day; the simulator gets one for each journey."""
    for _ in range(8):
        gateway.invoke("watch", arrival(travel(world, gateway)))
    assert len(world.mails()) == 8


@pytest.mark.guards("forgets-its-own-only")
def test_the_sign_ups_of_others_stay(
    world: "World", gateway: "Gateway", log: Callable[[], str]
) -> None:
    """Whatever is reported about somebody's sign-up, only that of a journey is deleted."""
    now = stop_clock(pytest.MonkeyPatch())
    registration_id = world.sign_up(now, email="camille.martin@example.fr")
    before = world.items()
    gateway.invoke("watch", arrival(registration_id))
    gateway.invoke("watch", arrival("unknown"))
    assert world.items() == before
    assert outcomes(log) == []


@pytest.mark.parametrize(
    "failure",
    [
        URLError("no such name"),
        TimeoutError(),
        HTTPError("", 503, "unavailable", None, None),  # pyright: ignore[reportArgumentType]
        HTTPError("", 403, "refused", None, None),  # pyright: ignore[reportArgumentType]
    ],
    ids=["name", "time", "503", "403"],
)
def test_a_site_that_is_down_is_counted(
    world: "World", gateway: "Gateway", log: Callable[[], str], failure: Exception
) -> None:
    """A sign-up that is not answered raises nothing: the alarm misses its mail."""

    def fail(_: "Request") -> Any:
        raise failure

    with site(fail):
        gateway.invoke("watch", START)
    assert outcomes(log) == ["refused"]
    assert not world.items()


@pytest.mark.guards("silence-rings")
def test_silence_rings() -> None:
    """The alarm rings when nothing is counted for three periods; it exists with the journeys."""
    template = read_template()
    alarm = template["Resources"]["JourneysAlarm"]
    assert alarm["Condition"] == "Watches"
    properties = alarm["Properties"]
    assert properties["TreatMissingData"] == "breaching"
    assert (properties["ComparisonOperator"], properties["Threshold"]) == ("LessThanThreshold", 1)
    assert {each["Name"]: each["Value"] for each in properties["Dimensions"]} == {
        "outcome": "arrived",
        "service": {"Ref": "AWS::StackName"},
    }
    assert template["Parameters"]["SyntheticJourney"]["Default"] == "false"
    events = template["Resources"]["Watch"]["Properties"]["Events"]
    assert events["Start"]["Properties"]["State"] == {"Fn::If": ["Watches", "ENABLED", "DISABLED"]}
    mail = events["Arrival"]["Properties"]["Pattern"]["detail"]["mail"]
    assert mail["destination"] == [ADDRESS]
    reported = template["Resources"]["MailFeedbackToEvents"]["Properties"]["EventDestination"]
    assert "delivery" in reported["MatchingEventTypes"]
