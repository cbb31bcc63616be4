"""The outbox: mails and events sent from the table's stream."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from portal.core import aws
from portal.core.bus import NotPublishedError
from portal.core.outbox import Outgoing, list_unsent, note_unsent, replay
from portal.core.problems import Problem
from portal.core.records import DAY
from portal.core.writes import RefusedError
from portal.declarations.events import EVENTS as OF_DECLARATIONS
from portal.identity.events import EVENTS
from portal.identity.records import Registration
from portal.payments.events import EVENTS as OF_PAYMENTS
from tests.world.functions import load_function
from tests.world.use_cases import EMAIL, stop_clock, stream
from tests.world.world import MAILS, NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world.functions import Gateway
    from tests.world.world import World

EXISTS = "Vous avez déjà un compte"
VALIDATION = "Validation de votre adresse courriel"


def put(world: "World", kind: str, **about: str) -> Outgoing:
    """Write a message."""
    message = Outgoing.new(kind, NOW, **about)
    aws.dynamodb().put_item(TableName=world.settings.table_name, Item=message.to_item())
    return message


# Mails


@pytest.mark.guards("token-in-fragment")
def test_a_sign_up_gets_its_link(world: "World") -> None:
    """The mail goes to the stored address; its link opens; the outbox is empty."""
    registration_id = world.sign_up()
    (mail,) = world.deliver(NOW + 5)
    assert (mail.to, mail.subject) == ([EMAIL], VALIDATION)
    assert f"https://portail.example/valider#{mail.token}" in mail.text
    assert mail.token in mail.html
    assert world.open_link(mail.token, NOW + 5 + 3599).id == registration_id
    assert not world.messages()
    (call,) = (each for each in world.calls.all if each.operation == "SendEmail")
    assert call.asked["FromEmailAddress"] == (
        "Espace auto-entrepreneur <ne-pas-repondre@portail.example>"
    )
    assert call.asked["ConfigurationSetName"] == world.settings.mail_configuration_set


@pytest.mark.guards("sent-once")
def test_a_message_delivered_twice_is_sent_once(world: "World") -> None:
    """A message that the stream delivers again is not sent again: it was deleted."""
    world.sign_up()
    (message,) = world.messages()
    world.send(message.id, NOW)
    with world.calls.counted() as made:
        world.send(message.id, NOW + 1)
    assert made == ["GetItem"]
    assert len(world.mails()) == 1


def test_a_holder_who_signs_up_again_is_notified(world: "World") -> None:
    """« Vous avez déjà un compte » goes to the account's address, without a link to validate."""
    world.open_account()
    world.sign_up(NOW + DAY, email=EMAIL.upper(), nir=None, siret=None)
    (mail,) = world.deliver(NOW + DAY)
    assert (mail.to, mail.subject) == ([EMAIL], EXISTS)
    assert "https://portail.example/mon-compte" in mail.text
    assert "valider#" not in mail.text + mail.html
    assert not world.messages()


def test_a_holder_who_resends_is_notified(world: "World") -> None:
    """A resend for an address with an account sends its holder a mail that says so."""
    world.open_account()
    world.deliver()
    world.resend(EMAIL, NOW + DAY)
    (mail,) = world.deliver(NOW + DAY)
    assert (mail.to, mail.subject) == ([EMAIL], EXISTS)


def test_a_resend_is_about_each_open_sign_up(world: "World") -> None:
    """With several registrations of an address, each gets a link, the last one's last."""
    world.sign_up(NOW, first_name="Première")
    newest = world.sign_up(NOW + 1, first_name="Dernière")
    world.deliver(NOW + 1)
    world.resend(EMAIL, NOW + 60)
    first, mail = world.deliver(NOW + 60)
    assert "Première" in first.text
    assert "Dernière" in mail.text
    assert world.open_link(mail.token, NOW + 60).id == newest


def test_an_unknown_address_gets_nothing(world: "World") -> None:
    """A resend for an unknown address sends nothing, and its message is deleted."""
    world.resend("nobody@example.fr")
    assert world.messages()
    assert world.deliver() == []
    assert not world.messages()


def test_a_completed_registration_gets_no_link(world: "World") -> None:
    """A mail that waited until the account exists contains no link."""
    registration_id = world.sign_up()
    (mail,) = world.deliver()
    world.set_password(mail.token)
    world.deliver()
    put(world, "validation", registration_id=registration_id)
    assert all("valider#" not in late.text for late in world.deliver())
    assert not world.messages()


def test_an_expired_registration_gets_no_link(world: "World") -> None:
    """Thirty days later no mail is sent, whose link would be unknown."""
    world.sign_up()
    world.deliver()
    world.resend(EMAIL, NOW + 30 * DAY)
    assert world.deliver(NOW + 30 * DAY) == []
    assert not world.messages()


def test_a_swept_registration_gets_no_link(world: "World") -> None:
    """The mail of a swept registration is not sent, and its message is deleted."""
    world.sign_up()
    world.sweep("REGISTRATION#")
    assert world.deliver() == []
    assert not world.messages()


def test_each_mail_has_its_own_hour(world: "World") -> None:
    """The hour of a link starts when its mail is sent, not when it was asked for."""
    world.sign_up(NOW)
    (mail,) = world.deliver(NOW + 1800)
    assert world.open_link(mail.token, NOW + 1800 + 3599)


@pytest.mark.guards("kept-until-sent")
@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "TooManyRequestsException"}}, "SendEmail"),
        EndpointConnectionError(endpoint_url="https://email.invalid"),
    ],
    ids=["throttled", "unreachable"],
)
def test_a_mail_that_fails_is_kept(world: "World", failure: Exception) -> None:
    """While SES fails, the message stays; the next try sends it once, with a valid link."""
    world.sign_up()
    (message,) = world.messages()
    with world.failing(aws.ses(), "SendEmail", failure), pytest.raises(type(failure)):
        world.send(message.id, NOW)
    assert world.messages() == [message]
    before = len(world.mails())
    world.send(message.id, NOW + 60)
    assert not world.messages()
    assert len(world.mails()) == before + 1
    assert world.open_link(world.mails()[-1].token, NOW + 60 + 3599)


def test_a_crash_before_deleting_repeats_a_mail(world: "World") -> None:
    """A worker killed between sending and deleting repeats one mail; both links open."""
    world.sign_up()
    (message,) = world.messages()
    failure = ClientError({"Error": {"Code": "InternalServerError"}}, "DeleteItem")
    with world.failing(aws.dynamodb(), "DeleteItem", failure), pytest.raises(ClientError):
        world.send(message.id, NOW)
    world.send(message.id, NOW + 1)
    first, second = world.mails()
    assert world.open_link(first.token, NOW + 2).id == world.open_link(second.token, NOW + 2).id


# Events


def test_an_event_is_published(world: "World") -> None:
    """An event has its kind, its time and the account's id, and nothing personal."""
    put(world, "AccountActivated", account_id="account-1")
    world.deliver(NOW + 5)
    (event,) = world.events()
    assert event == {
        "Source": "portal.account",
        "DetailType": "AccountActivated",
        "Detail": json.dumps({"account_id": "account-1"}),
        "Time": datetime.fromtimestamp(NOW, UTC),
        "EventBusName": world.settings.event_bus,
    }
    assert not world.messages()


def test_an_event_that_the_bus_refuses_is_kept(world: "World") -> None:
    """An event that the bus refuses in its answer is kept and sent again."""
    message = put(world, "LoginSucceeded", account_id="account-1")
    refusal = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
    with (
        world.answering(aws.event_bridge(), "PutEvents", refusal),
        pytest.raises(NotPublishedError),
    ):
        world.send(message.id, NOW)
    assert world.messages() == [message]
    world.deliver()
    assert not world.messages()


def test_an_unknown_kind_is_an_error(world: "World") -> None:
    """A message without a sender is an error, and stays."""
    message = put(world, "carrier-pigeon")
    with pytest.raises(LookupError):
        world.send(message.id, NOW)
    assert world.messages() == [message]


def test_the_function_sends_every_kind(world: "World") -> None:
    """Every kind of message of any domain has a sender."""
    senders = load_function("send_mail").senders(NOW, lambda: 300.0)
    assert senders.keys() == {*MAILS, *EVENTS, *OF_DECLARATIONS, *OF_PAYMENTS}
    assert len(senders) == len(MAILS) + sum(map(len, (EVENTS, OF_DECLARATIONS, OF_PAYMENTS)))
    assert not world.calls.of("DynamoDB")


def test_a_message_has_references_only() -> None:
    """What a message is about is one map, without absent values."""
    message = Outgoing.new("new-device", NOW, account_id="a", device=None)
    assert message.about == {"account_id": "a"}
    assert message.to_item()["about"] == {"M": {"account_id": {"S": "a"}}}
    assert message.expires_at == NOW + 14 * DAY


# Messages that failed


def test_a_failed_message_is_found_and_sent_again(world: "World") -> None:
    """A replay marks a message for the stream once, and removes the note that it failed."""
    message = put(world, "LoginSucceeded", account_id="account-1")
    note_unsent(world.table, message, NOW)
    note_unsent(world.table, message, NOW + 60)
    (unsent,) = list_unsent(world.table)
    assert (unsent.id, unsent.kind, unsent.at) == (message.id, "LoginSucceeded", NOW + 60)
    assert unsent.expires_at == message.expires_at
    assert replay(world.table, unsent, NOW + 120)
    assert not list_unsent(world.table)
    (item,) = world.items("OUTBOX#")
    assert item["redriven_at"] == {"N": str(NOW + 120)}
    assert world.messages() == [message]


def test_a_message_sent_meanwhile_is_not_marked(world: "World") -> None:
    """A replay only removes the note of a message that was sent meanwhile."""
    message = put(world, "LoginSucceeded", account_id="account-1")
    note_unsent(world.table, message, NOW)
    world.send(message.id)
    (unsent,) = list_unsent(world.table)
    assert not replay(world.table, unsent, NOW + 120)
    assert not world.items()


def test_a_value_is_added_to_a_message(world: "World") -> None:
    """A value is added to what a message is about, as long as the message exists."""
    message = put(world, "recovery", login_mac="mac")
    world.table.write(message.remember(link_id="l"))
    (stored,) = world.messages()
    assert stored.about == {"login_mac": "mac", "link_id": "l"}
    world.sweep("OUTBOX#")
    with pytest.raises(RefusedError):
        world.table.write(message.remember(link_id="l"))
    assert not world.items()


# The function


def test_a_batch_is_sent(
    world: "World", gateway: "Gateway", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of the stream is sent, mails and events alike."""
    world.sign_up(stop_clock(monkeypatch))
    put(world, "LoginSucceeded", account_id="account-1")
    answer = gateway.invoke("send_mail", stream(world.items("OUTBOX#")))
    assert answer == {"batchItemFailures": []}
    assert (len(world.mails()), len(world.events())) == (1, 1)
    assert not world.messages()


@pytest.mark.guards("poison-is-named")
def test_a_poison_record_stops_no_other(
    world: "World",
    gateway: "Gateway",
    log: "Callable[[], str]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the failed record of a batch is answered as failed; the log has no personal data."""
    world.sign_up(stop_clock(monkeypatch))
    (good,) = world.items("OUTBOX#")
    poison = put(world, "carrier-pigeon").to_item()
    broken = {name: value for name, value in good.items() if name != "kind"}
    answer = gateway.invoke("send_mail", stream([poison, broken, good]))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "100"}, {"itemIdentifier": "200"}]}
    assert len(world.mails()) == 1
    text = log()
    assert "message not sent" in text
    assert "LookupError" in text
    assert EMAIL not in text


def test_the_text_of_a_failure_is_not_logged(
    world: "World",
    gateway: "Gateway",
    log: "Callable[[], str]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The log names only the type of an error, because SES quotes addresses in its text."""
    world.sign_up(stop_clock(monkeypatch))
    refusal = {"Error": {"Code": "MessageRejected", "Message": f"Address {EMAIL} is not verified"}}
    with world.failing(aws.ses(), "SendEmail", ClientError(refusal, "SendEmail")):
        answer = gateway.invoke("send_mail", stream(world.items("OUTBOX#")))
    assert len(answer["batchItemFailures"]) == 1
    text = log()
    assert "message not sent" in text
    assert EMAIL not in text


def test_a_whole_batch_that_fails_is_answered(world: "World", gateway: "Gateway") -> None:
    """If every message of a batch fails, each is answered as failed."""
    items = [put(world, "carrier-pigeon").to_item() for _ in range(2)]
    answer = gateway.invoke("send_mail", stream(items))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "100"}, {"itemIdentifier": "200"}]}


def test_the_stream_is_filtered_to_the_outbox(world: "World") -> None:
    """The filter lets through only messages that are new or marked to be sent again."""
    outbox = world.template["Resources"]["SendMail"]["Properties"]["Events"]["Outbox"]
    patterns = [
        json.loads(each["Pattern"]) for each in outbox["Properties"]["FilterCriteria"]["Filters"]
    ]
    assert sorted(each["eventName"] for each in patterns) == [["INSERT"], ["MODIFY"]]
    for pattern in patterns:
        (condition,) = pattern["dynamodb"]["Keys"]["pk"]["S"]
        message = Outgoing.new("validation", NOW)
        assert message.key()["pk"]["S"].startswith(condition["prefix"])
        assert not Registration.key_of(id="x")["pk"]["S"].startswith(condition["prefix"])
        marked = pattern["dynamodb"].get("NewImage") == {"redriven_at": {"N": [{"exists": True}]}}
        assert marked == (pattern["eventName"] == ["MODIFY"])


def test_a_link_mailed_by_the_function_opens(
    world: "World", gateway: "Gateway", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that the function sends is valid for an hour from its own clock."""
    now = stop_clock(monkeypatch)
    world.sign_up(now)
    gateway.invoke("send_mail", stream(world.items("OUTBOX#")))
    (mail,) = world.mails()
    assert world.open_link(mail.token, now + 3599)
    with pytest.raises(Problem):
        world.open_link(mail.token, now + 3600)
