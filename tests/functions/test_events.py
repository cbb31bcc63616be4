"""Every sample event, given to its function."""

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from benchmarks.world import ENVIRONMENT
from portal.core import aws
from portal.core.outbox import Outgoing
from tests.world.cloud import ROOT
from tests.world.functions import load_function
from tests.world.outside import deploying, signing_up, site
from tests.world.use_cases import stop_clock

if TYPE_CHECKING:
    from tests.world.functions import Gateway
    from tests.world.world import World

EVENTS = ROOT / "events"
PASSWORD = "Sample-Password-1"
OPEN = "camille.martin@example.fr"
ACTIVE = "dominique.petit@example.fr"

STATUS = {
    "account/change-email": 202,
    "account/change-password": 204,
    "account/change-phone": 200,
    "account/correct-identity": 200,
    "account/delete": 202,
    "account/end-other-sessions": 204,
    "account/end-unknown-session": 404,
    "account/export": 200,
    "account/no-session": 401,
    "account/read": 200,
    "account/sessions": 200,
    "account/undo-unknown-link": 404,
    "account/withdraw-email": 204,
    "activity/first-page": 200,
    "activity/no-session": 401,
    "contact/message": 202,
    "contact/unknown-reason": 422,
    "declare/business": 200,
    "declare/declare": 200,
    "declare/negative": 422,
    "declare/no-version": 404,
    "declare/periods": 200,
    "declare/reminders-off": 204,
    "declare/too-early": 409,
    "declare/zero": 200,
    "estimate/estimate": 200,
    "estimate/unknown-rates": 422,
    "payments/balance": 200,
    "payments/cancel-unknown": 404,
    "payments/mandates": 200,
    "payments/no-key": 422,
    "payments/order": 409,
    "payments/outside-sepa": 422,
    "payments/payments": 200,
    "payments/plans": 200,
    "payments/propose-too-many": 422,
    "payments/revoke-unknown": 404,
    "payments/sign-mandate": 201,
    "payments/sign-plan": 409,
    "login/login": 200,
    "login/wrong-password": 401,
    "logout/logout": 204,
    "logout/other-site": 403,
    "passkeys/list": 200,
    "passkeys/remove-unknown": 404,
    "passkeys/start": 201,
    "passkeys/start-login": 201,
    "passkeys/wrong-signature": 401,
    "recover_password/no-identifier": 422,
    "recover_password/recover": 202,
    "second_factor/late-ticket": 410,
    "second_factor/make-secret": 201,
    "second_factor/read": 200,
    "second_factor/remove": 204,
    "set_password/set-password": 204,
    "set_password/unknown-link": 404,
    "set_password/weak-password": 422,
    "sso/identities": 200,
    "sso/unknown-state": 410,
    "signup/delivery": 200,
    "signup/identifiers": 204,
    "signup/resend": 202,
    "signup/sign-up": 202,
    "signup/wrong-nir-key": 422,
    "validate_email/good-link": 200,
    "validate_email/unknown-link": 404,
    "web/home": 200,
    "web/unknown-api": 404,
    "web/unknown-page": 404,
}
# Case: what waits in the outbox, how many messages fail, mails sent, events published.
BATCHES: dict[str, tuple[str, int, int, int]] = {
    "send_mail/account-activated": ("AccountActivated", 0, 0, 1),
    "send_mail/unknown-kind": ("carrier-pigeon", 1, 0, 0),
    "send_mail/validation-mail": ("validation", 0, 1, 0),
}
# Case: what it changes of the account, or the error that it ends in.
EVENTS_OF_OTHERS: dict[str, dict[str, Any] | type[Exception]] = {
    "affiliation/business-ceased": {},
    "affiliation/business-changed": {},
    "affiliation/confirmed": {"affiliation": "confirmed", "siret": "35600000049837"},
    "affiliation/corrected": {"last_name": "Martin-Petit", "siret": "35600000049837"},
    "affiliation/malformed": ValidationError,
    "affiliation/plan-decided": {},
    "affiliation/rejected": {
        "affiliation": "rejected",
        "affiliation_reason": "La pièce justificative est illisible.",
    },
    "bank/malformed": ValidationError,
    "bank/noon": {},
    "bank_reports/dropped": {},
    "bank_reports/malformed": KeyError,
    "check_version/deployment": {},
    "clock/hours": {},
    "clock/malformed": ValueError,
    "check_version/malformed": KeyError,
    "delete_accounts/daily": {},
    "mail_feedback/bounce": {"mail_bounced_at": True},
    "mail_feedback/complaint": {"mail_bounced_at": None},
    "mail_feedback/full-mailbox": {"mail_bounced_at": None},
    "mail_feedback/malformed": KeyError,
    "ops/check-balance": {},
    "ops/end-sessions": {},
    "ops/lift-limits": {},
    "ops/look-up": {},
    "ops/malformed": ValidationError,
    "ops/reissue-file": {},
    "ops/remove-second-factor": {},
    "ops/replay-events": {},
    "ops/replay-messages": {},
    "ops/resend-link": {},
    "watch/arrived": {},
    "watch/malformed": KeyError,
    "watch/start": {},
}
# As the README says: what an event answers when its words in braces are left.
UNFILLED = {
    **dict.fromkeys(
        [
            case
            for case in STATUS
            if case.startswith(
                ("account/", "declare/", "passkeys/", "payments/", "second_factor/", "sso/")
            )
            and not case.endswith(
                ("undo-unknown-link", "late-ticket", "unknown-state", "negative", "start-login")
            )
            and not case.endswith(("outside-sepa", "no-key", "propose-too-many"))
        ],
        401,
    ),
    "activity/first-page": 401,
    "logout/logout": 204,
    "set_password/set-password": 404,
    "set_password/weak-password": 404,
    "validate_email/good-link": 404,
}


@dataclass(frozen=True, slots=True)
class State:
    """The values that replace the words in braces."""

    token: str
    session: str
    account_id: str
    address: str
    registration_id: str
    message: Outgoing

    def fill(self, text: str) -> str:
        """Return the text of an event with its words replaced."""
        words = {
            "{{token}}": self.token,
            "{{session}}": self.session,
            "{{account_id}}": self.account_id,
            "{{address}}": self.address,
            "{{registration_id}}": self.registration_id,
            "{{message_id}}": self.message.id,
        }
        for word, value in words.items():
            text = text.replace(word, value)
        assert "{{" not in text
        return text


@pytest.fixture
def prepare(world: "World", monkeypatch: pytest.MonkeyPatch) -> "Any":
    """Return a function that creates an account, a session, an open registration, a message."""
    now = stop_clock(monkeypatch)

    def prepare(kind: str) -> State:
        world.sign_up(now, email=ACTIVE, first_name="Dominique", last_name="Petit", siret=None)
        (mail,) = world.deliver(now)
        world.set_password(mail.token, PASSWORD, now=now)
        session = world.log_in(ACTIVE, PASSWORD, now).cookie
        account_id = world.authenticate(session, now).account_id
        address = world.account(account_id).email_mac
        registration_id = world.sign_up(now, email=OPEN, nir="2951099126111", siret=None)
        mail = next(each for each in world.deliver(now) if each.to == [OPEN])
        about = {"registration_id": registration_id} if kind == "validation" else {}
        message = Outgoing.new(kind, now, **about)
        aws.dynamodb().put_item(TableName=world.settings.table_name, Item=message.to_item())
        return State(mail.token, session, account_id, address, registration_id, message)

    return prepare


def read(case: str) -> str:
    """Return the text of an event."""
    return (EVENTS / f"{case}.json").read_text()


def test_every_function_has_its_events(template: dict[str, Any]) -> None:
    """Each function of the template has a case that succeeds and one that fails."""
    functions = {
        resource["Properties"]["CodeUri"].strip("/").rpartition("/")[2]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    succeeding = {case.partition("/")[0] for case, status in STATUS.items() if status < 400}
    failing = {case.partition("/")[0] for case, status in STATUS.items() if status >= 400}
    succeeding |= {
        case.partition("/")[0] for case, (_, failures, *_) in BATCHES.items() if not failures
    }
    failing |= {case.partition("/")[0] for case, (_, failures, *_) in BATCHES.items() if failures}
    for case, expected in EVENTS_OF_OTHERS.items():
        (succeeding if isinstance(expected, dict) else failing).add(case.partition("/")[0])
    failing.add("delete_accounts")  # reads nothing of its event, so no event makes it fail
    assert succeeding == failing == functions


def test_every_event_has_its_expectation() -> None:
    """Every event is run, and every expected event exists."""
    files = {str(path.relative_to(EVENTS).with_suffix("")) for path in EVENTS.rglob("*.json")}
    assert files == STATUS.keys() | BATCHES.keys() | EVENTS_OF_OTHERS.keys()


@pytest.mark.parametrize("case", sorted(STATUS))
def test_a_request_is_answered(
    prepare: Any, gateway: "Gateway", monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """The function answers the sample request with the status of its case."""
    for name, value in ENVIRONMENT.items():
        if name not in os.environ:  # what the web function says of who publishes the site
            monkeypatch.setenv(name, value)
    state = prepare("validation")
    if case.startswith(("declare/", "payments/")):
        gateway.invoke("affiliation", json.loads(state.fill(read("affiliation/confirmed"))))
    event = json.loads(state.fill(read(case)))
    answer = gateway.send(case.partition("/")[0], event)
    assert answer.status == STATUS[case], answer.text


@pytest.mark.parametrize("case", sorted(BATCHES))
def test_a_batch_is_delivered(prepare: Any, world: "World", gateway: "Gateway", case: str) -> None:
    """The function sends the sample message, or answers that it could not."""
    kind, failures, mails, events = BATCHES[case]
    state = prepare(kind)
    before = len(world.mails()), len(world.events())
    answer = gateway.invoke("send_mail", json.loads(state.fill(read(case))))
    assert len(answer["batchItemFailures"]) == failures
    after = len(world.mails()), len(world.events())
    assert (after[0] - before[0], after[1] - before[1]) == (mails, events)
    assert bool(world.messages()) == bool(failures)


@pytest.mark.parametrize("case", sorted(EVENTS_OF_OTHERS))
def test_an_event_is_processed(prepare: Any, world: "World", gateway: "Gateway", case: str) -> None:
    """The function does what the sample event says, or raises when it cannot be read."""
    expected = EVENTS_OF_OTHERS[case]
    state = prepare("validation")
    event = json.loads(state.fill(read(case)))
    function = case.partition("/")[0]
    before = world.account(state.account_id)
    load_function(function)  # with what it imports, before requests are answered here
    with deploying(world, "portail-Login", {"statusCode": 401}), site(signing_up(gateway)):
        if not isinstance(expected, dict):
            with pytest.raises(expected):
                gateway.invoke(function, event)
            assert world.account(state.account_id) == before
            return
        gateway.invoke(function, event)
    account = world.account(state.account_id)
    for name, value in expected.items():
        found = getattr(account, name)
        assert bool(found) if value is True else found == value


@pytest.mark.parametrize("case", sorted(STATUS.keys() | BATCHES.keys() | EVENTS_OF_OTHERS.keys()))
def test_an_unfilled_event_does_no_harm(world: "World", gateway: "Gateway", case: str) -> None:
    """An event whose words in braces were not replaced is answered as the README says."""
    text = read(case)
    if "{{" not in text:
        return
    event = json.loads(text)
    if case in BATCHES:
        assert gateway.invoke("send_mail", event) == {"batchItemFailures": []}
        assert not world.items()
    elif case in EVENTS_OF_OTHERS:
        if case.startswith(("affiliation/", "ops/")):
            with pytest.raises(ValidationError):
                gateway.invoke(case.partition("/")[0], event)
    else:
        answer = gateway.send(case.partition("/")[0], event)
        assert answer.status == UNFILLED.get(case, STATUS[case])


@pytest.mark.parametrize("case", sorted(STATUS))
def test_a_request_is_complete(case: str) -> None:
    """A sample request has all that the gateway sends, an example address, and no time."""
    event = json.loads(read(case))
    context = event["requestContext"]
    assert {"requestId", "stage", "identity", "resourcePath", "httpMethod"} <= set(context)
    assert context["identity"]["sourceIp"].startswith("203.0.113.")
    assert not {"requestTimeEpoch", "requestTime"} & set(context)
    assert (context["path"], context["httpMethod"]) == (event["path"], event["httpMethod"])
    assert event["multiValueHeaders"] == {name: [value] for name, value in event["headers"].items()}
    if event["httpMethod"] != "GET" and event["body"] is not None:
        json.loads(event["body"])


def test_requests_are_those_of_the_template(template: dict[str, Any]) -> None:
    """The gateway routes each sample request to its function."""
    routes = {
        (
            resource["Properties"]["CodeUri"].strip("/").rpartition("/")[2],
            event["Properties"]["Method"].upper(),
            event["Properties"]["Path"],
        )
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "Api"
    }
    for case in STATUS:
        event = json.loads(read(case))
        assert (case.partition("/")[0], event["httpMethod"], event["resource"]) in routes
