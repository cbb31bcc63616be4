"""A person's own account: profile, password, address, sessions, export, deletion."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from portal.affiliation import decisions
from portal.core import aws, keys
from portal.core.acting import FRESH, Acting
from portal.core.feed import read
from portal.core.problems import (
    INVALID_REQUEST,
    LINK_UNKNOWN,
    UNAUTHENTICATED,
    UNAVAILABLE,
    Problem,
)
from portal.core.records import DAY, HOUR
from portal.core.session import Session, log_out
from portal.core.writes import update
from portal.identity import deletion, held, open_sessions, profile
from portal.identity.problems import (
    CHANGE_EXPIRED,
    IDENTITY_CONFLICT,
    INVALID_CREDENTIALS,
    RECOVERY_EXPIRED,
    SESSION_UNKNOWN,
)
from portal.identity.records import NO_NEW_EMAIL, Account, Identifier
from portal.support import held as support
from tests.world.refusals import overtaken, refused
from tests.world.use_cases import EMAIL
from tests.world.world import FEED, NOW, PASSWORD

if TYPE_CHECKING:
    from portal.core.outbox import Outgoing
    from tests.world.functions import Answer, Gateway
    from tests.world.world import Mail, World

ELSEWHERE = "michele@new.example.fr"
THIRD = "dupont@third.example.fr"
NIR = "2940375120005"
OTHER = {"email": "other@example.fr", "nir": "294032A120005", "siret": "35600000049837"}
NEW = "Another-Horse-8"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
DOWN = ClientError({"Error": {"Code": "TooManyRequestsException"}}, "SendEmail")
HELD = (*held.HELD, *support.HELD)
ALWAYS_OPEN = {"activity-feed", "my-account", "creation-request"}
DECLARING = "declare-and-pay"


def slug(answer: "Answer") -> tuple[int, str]:
    """Return the status and the code of a problem."""
    return answer.status, answer.json["type"].rpartition("/")[2]


class Person:
    """Somebody with an account, logged in."""

    def __init__(self, world: "World", gateway: "Gateway", now: int = NOW, **who: Any) -> None:
        self.world = world
        self.gateway = gateway
        self.email = who.get("email", EMAIL)
        self.id = world.open_account(now, **who)
        self.log_in(now)
        world.deliver(now)

    def log_in(self, now: int = NOW, password: str = PASSWORD) -> "Session":
        """Log in again, in another browser."""
        self.cookie = self.world.log_in(self.email, password, now, user_agent=FIREFOX).cookie
        self.session = self.world.authenticate(self.cookie, now)
        return self.session

    def acting(self, now: int = NOW) -> Acting:
        """Return the holder, acting in this session."""
        return Acting.in_session(self.session, now)

    def ask(self, method: str, path: str, body: Any = None, now: int = NOW) -> "Answer":
        """Send a request with the session's cookie."""
        sent = {
            "Content-Type": ["application/json"],
            "Cookie": [f"__Host-session={self.cookie}"],
        }
        return self.gateway.ask("account", method, path, body, headers=sent, now=now)

    def move(self, email: str, now: int = NOW) -> tuple["Mail", "Mail"]:
        """Change the address; return the mails to the new and to the former address."""
        self.world.request_email(self.session, email, now)
        asked = next(each for each in self.world.deliver(now) if each.to == [email])
        self.world.confirm_email(self.session, asked.token, now)
        return asked, self.world.deliver(now)[0]

    @property
    def kinds(self) -> list[str]:
        """The kinds of the feed's entries, newest first, without those of a new account."""
        return self.world.kinds(self.id)

    @property
    def account(self) -> Account:
        """The account."""
        return self.world.account(self.id)

    def alive(self, cookie: str, now: int = NOW) -> bool:
        """Return whether a cookie has an open session."""
        try:
            return bool(self.world.authenticate(cookie, now))
        except Problem:
            return False


@pytest.fixture
def person(world: "World", gateway: "Gateway") -> Person:
    """Return somebody logged in."""
    return Person(world, gateway)


# Profile


def test_the_profile(person: Person) -> None:
    """A person reads their account: numbers masked, the address in clear, times in UTC."""
    answer = person.ask("GET", "/api/me")
    assert answer.status == 200
    profile = answer.json
    assert {name: profile[name] for name in profile if name != "services"} == {
        "id": person.id,
        "first_name": "Michèle",
        "last_name": "Dupont",
        "email": EMAIL,
        "email_receives": True,
        "new_email_masked": None,
        "mobile_phone": "+33612345678",
        "mobile_phone_shown": "06\u00a012\u00a034\u00a056\u00a078",
        "nir_masked": "2\u00a0••\u00a0••\u00a0••\u00a0•••\u00a0•05",
        "nir_status": "own",
        "siret": "35600000000048",
        "siret_status": "own",
        "is_agent": False,
        "ways": ["password"],
        "password_changed_at": "2026-09-21T14:13:20.000Z",
        "created_at": "2026-09-21T14:13:20.000Z",
        "previous_login_at": None,
        "affiliation": {"status": "pending", "at": None, "reason": None},
        "deletion_at": None,
    }
    assert NIR not in answer.text
    assert answer.headers["Cache-Control"] == ["no-store"]


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        (None, "pending"),
        ("AffiliationConfirmed", "confirmed"),
        ("AffiliationRejected", "rejected"),
    ],
)
def test_the_services_open_with_the_affiliation(
    person: Person, decision: str | None, state: str
) -> None:
    """Feed, account and tracking are always open; the others open with the affiliation."""
    if decision:
        decisions.decide(
            person.world.table, keys.lookup_keys(), decision, person.id, None, "Pièce.", NOW * 1000
        )
    profile = person.ask("GET", "/api/me").json
    services = {each["id"]: (each["open"], each["reason"]) for each in profile["services"]}
    assert profile["affiliation"]["status"] == state
    assert len(services) == 7
    for name, shown in services.items():
        opened = name in ALWAYS_OPEN or (state == "confirmed" and name != DECLARING)
        reason = "business-unknown" if state == "confirmed" else f"affiliation-{state}"
        assert shown == (opened, None if opened else reason), name


def test_declaring_opens_with_the_business(person: Person) -> None:
    """Declaring is open once the back office said of what business."""
    person.world.affiliate(person.id)
    assert {each["open"] for each in person.ask("GET", "/api/me").json["services"]} == {True}


def test_the_phone_is_changed(person: Person) -> None:
    """A new mobile number is checked, stored as E.164, shown, and noted in the feed."""
    bad = person.ask("PATCH", "/api/me", {"mobile_phone": "01 99 00 11 22"})
    assert slug(bad) == (422, "invalid-request")
    assert [each["field"] for each in bad.json["errors"]] == ["mobile_phone"]
    answer = person.ask("PATCH", "/api/me", {"mobile_phone": "06.12.34.56.79"})
    assert (answer.status, answer.json["mobile_phone"]) == (200, "+33612345679")
    assert person.kinds == ["phone-changed"]
    assert person.account.mobile_phone == "+33612345679"


@pytest.mark.parametrize(
    "body", [{"email": ELSEWHERE}, {"is_agent": True}, {"deletion_at": 1}, {"mobile_phone": ""}]
)
def test_nothing_else_is_patched(person: Person, body: dict[str, Any]) -> None:
    """Another field in a PATCH is refused, not ignored, and changes nothing."""
    before = person.account
    assert slug(person.ask("PATCH", "/api/me", body)) == (422, "invalid-request")
    assert person.account == before


def test_an_empty_change_changes_nothing(person: Person) -> None:
    """An empty PATCH changes nothing and returns the profile."""
    assert person.ask("PATCH", "/api/me", {}).json["id"] == person.id
    assert person.kinds == []


def test_a_session_of_a_deleted_account(person: Person) -> None:
    """A session of a deleted account reads nothing and writes nothing."""
    person.world.sweep("ACCOUNT#")
    asked = (("GET", "/api/me", None), ("GET", "/api/me/export", None), ("DELETE", "/api/me", None))
    for method, path, body in asked:
        assert slug(person.ask(method, path, body)) == (401, "unauthenticated")
    refused(
        UNAUTHENTICATED,
        lambda: profile.change_phone(person.world.table, person.acting(), "+33612345678"),
    )
    assert not person.world.items("ACCOUNT#")


ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/api/me", None),
    ("PATCH", "/api/me", {"mobile_phone": "0612345678"}),
    ("DELETE", "/api/me", None),
    ("GET", "/api/me/export", None),
    ("PUT", "/api/me/password", {"password": NEW, "confirmation": NEW}),
    ("PUT", "/api/me/email", {"email": ELSEWHERE}),
    ("POST", "/api/me/email/confirmation", {"token": "A" * 96}),
    ("GET", "/api/me/sessions", None),
    ("DELETE", "/api/me/sessions", None),
    ("DELETE", "/api/me/sessions/0123456789abcdef", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_each_route_needs_a_session(
    world: "World", gateway: "Gateway", method: str, path: str, body: Any
) -> None:
    """Without a session, no route reads, changes or calls anything."""
    with world.calls.counted() as made:
        answer = gateway.ask("account", method, path, body)
    assert slug(answer) == (401, "unauthenticated")
    assert not made


# Re-authentication

GUARDED = [each for each in ROUTES if each[1] in {"/api/me/export", "/api/me/password"}]
GUARDED += [("PUT", "/api/me/email", {"email": ELSEWHERE}), ("DELETE", "/api/me", None)]


@pytest.mark.guards("five-minutes", "password-for-the-export")
@pytest.mark.parametrize(("method", "path", "body"), GUARDED)
def test_five_minutes_after_the_login(person: Person, method: str, path: str, body: Any) -> None:
    """Five minutes after the login, these requests ask for the password again."""
    before = person.account
    assert person.ask("GET", "/api/me", now=NOW + 301).status == 200, (
        "the session was used, so it is not idle"
    )
    answer = person.ask(method, path, body, now=NOW + 301)
    assert slug(answer) == (403, "reauthentication-required")
    assert person.account == before
    assert person.ask(method, path, body, now=NOW + 300).status < 300


@pytest.mark.parametrize(("method", "path", "body"), GUARDED)
def test_logging_in_again_allows_it(person: Person, method: str, path: str, body: Any) -> None:
    """After another login, the requests that asked for the password are accepted."""
    person.log_in(NOW + 1000)
    assert person.ask(method, path, body, now=NOW + 1001).status < 300


def test_reading_and_the_phone_ask_for_no_password(person: Person) -> None:
    """Reading and changing the phone are allowed as long as the session is open."""
    for method, path, body in ROUTES[:2] + ROUTES[7:8]:
        assert person.ask(method, path, body, now=NOW + 1500).status == 200


def test_the_proof_counts_and_not_the_session(person: Person) -> None:
    """The five minutes start at the proof, not at the start of the session.

    A session stored without the time of its proof is too old.
    """
    (item,) = person.world.items("SESSION#")
    late = {name: value for name, value in item.items() if name != "proved_at"}
    for stored in (item | {"proved_at": {"N": str(NOW - FRESH - 1)}}, late):
        aws.dynamodb().put_item(TableName=person.world.settings.table_name, Item=stored)
        for method, path, body in GUARDED:
            assert slug(person.ask(method, path, body)) == (403, "reauthentication-required")
    aws.dynamodb().put_item(
        TableName=person.world.settings.table_name,
        Item=item | {"created_at": {"N": str(NOW - HOUR)}, "proved_at": {"N": str(NOW - FRESH)}},
    )
    assert person.ask("GET", "/api/me/export").status == 200


# Password


def test_the_password_is_changed(person: Person) -> None:
    """The new password works by both identifiers, the old by none; other sessions end."""
    others = [person.world.log_in(EMAIL, now=NOW).cookie for _ in range(2)]
    answer = person.ask("PUT", "/api/me/password", {"password": NEW, "confirmation": NEW})
    assert (answer.status, answer.text) == (204, "")
    assert person.alive(person.cookie), "the session that changed it stays open"
    assert not any(person.alive(cookie) for cookie in others)
    for identifier in (EMAIL, NIR):
        assert person.world.log_in(identifier, NEW)
        refused(INVALID_CREDENTIALS, lambda name=identifier: person.world.log_in(name, PASSWORD))


def test_one_password_typed_in_two_ways_is_confirmed(person: Person) -> None:
    """An accent typed as one or as two characters gives the same password."""
    form = {"password": "Un-\u00e9t\u00e9-bleu-8", "confirmation": "Un-e\u0301te\u0301-bleu-8"}
    assert person.ask("PUT", "/api/me/password", form).status == 204
    assert person.world.log_in(EMAIL, form["password"])


@pytest.mark.guards("password-change-is-told")
def test_a_password_change_is_notified(person: Person) -> None:
    """A change sends a mail, adds a feed entry and publishes an event without personal data."""
    person.world.change_password(person.session, NEW, NOW + 60)
    (mail,) = person.world.deliver(NOW + 60)
    assert (mail.to, mail.subject) == ([EMAIL], "Votre mot de passe a été modifié")
    assert person.kinds == ["password-changed"]
    event = person.world.events()[-1]
    assert event["DetailType"] == "PasswordChanged"
    assert json.loads(event["Detail"]) == {"account_id": person.id}


@pytest.mark.parametrize(
    ("password", "confirmation", "codes"),
    [
        ("Short-1a", "Short-1a", ["too-short"]),
        ("Dupont-Horse-7", "Dupont-Horse-7", ["contains-identity"]),
        (f"Aa-{NIR}", f"Aa-{NIR}", ["contains-identity"]),
        (NEW, "Other-Horse-9", ["confirmation-differs"]),
    ],
)
def test_a_changed_password_follows_the_rules(
    person: Person, password: str, confirmation: str, codes: list[str]
) -> None:
    """A new password follows the rules of the first one. A refused one changes nothing."""
    before = person.world.items()
    form = {"password": password, "confirmation": confirmation}
    answer = person.ask("PUT", "/api/me/password", form)
    assert slug(answer) == (422, "invalid-request")
    assert [each["code"] for each in answer.json["errors"]] == codes
    person.world.sweep("RATE#")
    assert person.world.items() == before


def test_a_password_without_nir(world: "World", gateway: "Gateway") -> None:
    """The password can be changed on an account without a NIR."""
    person = Person(world, gateway, nir=None)
    world.change_password(person.session, NEW)
    assert world.log_in(EMAIL, NEW)


def test_two_changes_at_once(person: Person) -> None:
    """A change is refused when a recovery link is sent meanwhile, and can be tried again."""
    person.world.recover(EMAIL)
    refused(
        UNAVAILABLE,
        lambda: overtaken(
            person.world.deliver, lambda: person.world.change_password(person.session, NEW)
        ),
    )
    assert person.world.log_in(EMAIL, PASSWORD)


# E-mail


def test_a_change_of_address_waits_for_its_link(person: Person) -> None:
    """Until its link is opened, the new address is only shown, masked."""
    answer = person.ask("PUT", "/api/me/email", {"email": ELSEWHERE})
    assert (answer.status, answer.json) == (202, {"email_masked": "m••••••e@new.example.fr"})
    (mail,) = person.world.deliver()
    assert (mail.to, mail.subject) == ([ELSEWHERE], "Confirmez votre nouvelle adresse courriel")
    assert mail.link.startswith("https://portail.example/gerer/mon-compte#")
    profile = person.ask("GET", "/api/me").json
    assert profile["email"] == EMAIL
    assert profile["new_email_masked"] == "m••••••e@new.example.fr"
    refused(INVALID_CREDENTIALS, lambda: person.world.log_in(ELSEWHERE))
    assert person.world.log_in(EMAIL)
    assert "email-changed" not in person.kinds


def test_a_confirmed_address(person: Person) -> None:
    """The link changes the address, mails the former one and adds a feed entry."""
    others = [person.world.log_in(EMAIL).cookie, person.world.log_in(NIR).cookie]
    person.world.deliver()
    _, notice = person.move(ELSEWHERE, NOW + 10)
    assert (notice.to, notice.subject) == ([EMAIL], "Votre adresse courriel a été modifiée")
    assert notice.link.startswith("https://portail.example/annuler-changement#")
    assert ELSEWHERE not in notice.text, (
        "the mail to the former address does not contain the new one"
    )
    profile = person.ask("GET", "/api/me", now=NOW + 10).json
    assert (profile["email"], profile["new_email_masked"]) == (ELSEWHERE, None)
    assert person.kinds[0] == "email-changed"
    assert person.alive(person.cookie), "the session that confirmed stays open"
    assert not any(person.alive(cookie) for cookie in others)
    for identifier in (ELSEWHERE, NIR):
        assert person.world.log_in(identifier, now=NOW + 11)
    refused(INVALID_CREDENTIALS, lambda: person.world.log_in(EMAIL, now=NOW + 12))
    assert len([item for item in person.world.items("LOGIN#") if "account_id" in item]) == 2


def test_a_former_address_can_be_used_again(person: Person) -> None:
    """The former address can be used for a new account once the change cannot be undone."""
    person.move(ELSEWHERE)
    later = NOW + 8 * DAY
    other = person.world.open_account(later, **OTHER | {"email": EMAIL})
    assert person.world.account(other).email == EMAIL
    assert person.world.log_in(EMAIL, now=later)


def test_a_change_without_nir(world: "World", gateway: "Gateway") -> None:
    """The address can be changed when it is the account's only identifier."""
    person = Person(world, gateway, nir=None)
    person.move(ELSEWHERE)
    assert world.log_in(ELSEWHERE)


def test_a_change_to_an_address_with_failures(person: Person) -> None:
    """Failed logins with the new address do not prevent the change, which clears them."""
    for _ in range(7):
        with pytest.raises(Problem):
            person.world.log_in(ELSEWHERE, "Wrong-Horse-77")
    person.move(ELSEWHERE)
    assert person.world.log_in(ELSEWHERE)


def test_a_login_during_a_change_of_address(person: Person) -> None:
    """After a login during a change of address, both identifiers still log in."""
    person.world.request_email(person.session, ELSEWHERE)
    (mail,) = person.world.deliver()
    try:
        overtaken(
            lambda: person.world.log_in(EMAIL, now=NOW + 1),
            lambda: person.world.confirm_email(person.session, mail.token, NOW + 2),
        )
    except Problem:
        person.world.confirm_email(person.session, mail.token, NOW + 3)
    assert person.world.log_in(NIR, now=NOW + 4)
    assert person.world.log_in(ELSEWHERE, now=NOW + 5)


@pytest.mark.guards("new-address-confirms")
def test_only_the_newest_request_counts(person: Person) -> None:
    """A new request ends the link before it, for the same or another address."""
    person.world.request_email(person.session, ELSEWHERE)
    (first,) = person.world.deliver()
    person.world.request_email(person.session, THIRD, NOW + 60)
    refused(
        CHANGE_EXPIRED, lambda: person.world.confirm_email(person.session, first.token, NOW + 60)
    )
    (second,) = person.world.deliver(NOW + 60)
    assert second.to == [THIRD]
    refused(
        CHANGE_EXPIRED, lambda: person.world.confirm_email(person.session, first.token, NOW + 61)
    )
    person.world.confirm_email(person.session, second.token, NOW + 61)
    assert person.account.email == THIRD


def test_asking_twice_leaves_a_link_that_works(person: Person) -> None:
    """After a second request within the minute, there is a link that works."""
    person.world.request_email(person.session, ELSEWHERE)
    (mail,) = person.world.deliver()
    person.world.request_email(person.session, ELSEWHERE, NOW + 5)
    mails = [mail, *person.world.deliver(NOW + 5)]
    person.world.confirm_email(person.session, mails[-1].token, NOW + 6)
    assert person.account.email == ELSEWHERE


def test_a_link_of_a_change_lasts_an_hour(person: Person) -> None:
    """The link of a change is valid for exactly 3600 seconds."""
    person.world.request_email(person.session, ELSEWHERE)
    (mail,) = person.world.deliver()
    refused(
        CHANGE_EXPIRED,
        lambda: person.world.confirm_email(person.session, mail.token, NOW + HOUR),
    )
    person.world.confirm_email(person.session, mail.token, NOW + HOUR - 1)


@pytest.mark.guards("link-of-its-account")
def test_a_link_confirms_its_own_account_only(world: "World", gateway: "Gateway") -> None:
    """A link opened in another account's session changes neither account."""
    first, second = Person(world, gateway), Person(world, gateway, **OTHER)
    world.request_email(first.session, ELSEWHERE)
    (mail,) = world.deliver()
    refused(CHANGE_EXPIRED, lambda: world.confirm_email(second.session, mail.token))
    body = {"token": mail.token}
    answer = second.ask("POST", "/api/me/email/confirmation", body)
    assert slug(answer) == (410, "link-expired")
    assert (first.account.email, second.account.email) == (EMAIL, "other@example.fr")
    assert first.ask("POST", "/api/me/email/confirmation", body).status == 204
    assert slug(first.ask("POST", "/api/me/email/confirmation", body)) == (410, "link-expired")


def test_an_address_in_use_is_answered_alike(world: "World", gateway: "Gateway") -> None:
    """A used address gets the same answer by the same calls; its owner gets a mail."""
    person, other = Person(world, gateway), Person(world, gateway, **OTHER)
    seen: list[tuple[int, list[str]]] = []
    for n, email in enumerate((ELSEWHERE, other.email)):
        with world.calls.counted() as made:
            answer = person.ask("PUT", "/api/me/email", {"email": email}, now=NOW + 60 + 60 * n)
        seen.append((answer.status, made))
    assert seen == [seen[0]] * 2
    assert seen[0][0] == 202
    mails = {mail.to[0]: mail.subject for mail in world.deliver(NOW + 120)}
    assert mails == {other.email: "Vous avez déjà un compte"}
    assert person.account.email_change_id is None


def test_an_address_taken_meanwhile(world: "World", gateway: "Gateway") -> None:
    """Of two accounts that ask for an address, the first to confirm gets it."""
    person = Person(world, gateway)
    world.request_email(person.session, OTHER["email"])
    (mail,) = world.deliver()
    other = Person(world, gateway, **OTHER)
    before = person.account
    refused(IDENTITY_CONFLICT, lambda: world.confirm_email(person.session, mail.token))
    waiting_for_nothing = replace(
        before, **{**NO_NEW_EMAIL, "email_change_id": before.email_change_id}
    )
    assert (person.account, other.account.email) == (waiting_for_nothing, OTHER["email"])
    refused(IDENTITY_CONFLICT, lambda: world.confirm_email(person.session, mail.token))
    assert world.log_in(OTHER["email"]).first_name


def test_ones_own_address_is_no_change(person: Person) -> None:
    """The current address, in any letter case, is refused as unchanged."""
    answer = person.ask("PUT", "/api/me/email", {"email": EMAIL.upper()})
    assert slug(answer) == (422, "invalid-request")
    assert [(e["field"], e["code"]) for e in answer.json["errors"]] == [("email", "unchanged")]
    two = {"email": ELSEWHERE, "email_confirmation": THIRD}
    answer = person.ask("PUT", "/api/me/email", two)
    assert [e["code"] for e in answer.json["errors"]] == ["confirmation-differs"]


def test_an_account_asks_for_three_mails_an_hour(person: Person) -> None:
    """An account can ask for three mails an hour, to any addresses."""
    sent = 0
    for n, at in enumerate((0, 0, 59, 60, 120, 180)):
        person.world.request_email(person.session, f"a{n}@new.example.fr", NOW + at)
        sent += len(person.world.deliver(NOW + at))
    assert sent == 3


@pytest.mark.guards("mail-of-its-address")
def test_a_request_over_the_limit_keeps_the_one_before(person: Person) -> None:
    """When the limit stops a mail, the previous request and its link stay valid."""
    for n in range(3):
        person.world.request_email(person.session, f"a{n}@new.example.fr", NOW + n)
    (mail,) = person.world.deliver(NOW + 3)
    assert mail.to == ["a2@new.example.fr"]
    for late in (ELSEWHERE, "a0@new.example.fr"):
        answer = person.ask("PUT", "/api/me/email", {"email": late}, now=NOW + 4)
        assert answer.status == 202
    assert person.ask("GET", "/api/me").json["new_email_masked"].endswith("2@new.example.fr")
    assert person.world.deliver(NOW + 5) == []
    person.world.confirm_email(person.session, mail.token, NOW + 6)
    assert person.account.email == "a2@new.example.fr"


def test_an_address_gets_one_mail_a_minute(world: "World", gateway: "Gateway") -> None:
    """An address gets one mail a minute, even if several accounts ask for it."""
    people = [Person(world, gateway), Person(world, gateway, **OTHER)]
    for each in people:
        world.request_email(each.session, ELSEWHERE)
    assert len(world.deliver()) == 1


def half_sent(person: Person) -> "Outgoing":
    """Return the message of a change of address: its link is stored, but SES failed."""
    person.world.request_email(person.session, ELSEWHERE)
    (message,) = person.world.messages()
    with person.world.failing(aws.ses(), "SendEmail", DOWN), pytest.raises(ClientError):
        person.world.send(message.id)
    return message


def test_a_mail_of_a_change_that_fails_is_sent_again(person: Person) -> None:
    """After SES fails, the next try sends the same link and counts once in the limits."""
    world = person.world
    message = half_sent(person)
    times = [each for each in world.items("MAIL#") if "sent1" in each]
    world.send(message.id, NOW + 1)
    assert [each for each in world.items("MAIL#") if "sent1" in each] == times
    world.confirm_email(person.session, world.mails()[-1].token, NOW + 2)
    assert not [each for each in world.messages() if each.kind == "email-change"]


@pytest.mark.guards("mail-of-its-address")
def test_a_mail_of_an_older_request_is_not_sent(person: Person) -> None:
    """A mail that waited or failed is not sent to the address of a later request."""
    world = person.world
    half_sent(person)
    world.request_email(person.session, THIRD, NOW + 1)
    (mail,) = world.deliver(NOW + 2)
    assert mail.to == [THIRD]
    world.confirm_email(person.session, mail.token, NOW + 3)


def test_a_request_of_a_deleted_account_sends_nothing(person: Person) -> None:
    """The message of a deleted account is deleted without being sent."""
    person.world.request_email(person.session, ELSEWHERE)
    (mail,) = person.world.deliver()
    person.world.request_email(person.session, THIRD, NOW + 60)
    person.world.sweep("ACCOUNT#")
    assert mail
    assert person.world.deliver(NOW + 60) == []
    assert not person.world.messages()


def test_an_unknown_link_confirms_nothing(person: Person) -> None:
    """A forged link, or one of another purpose, is refused as unknown."""
    for text in ("", "A" * 96):
        refused(LINK_UNKNOWN, lambda text=text: person.world.confirm_email(person.session, text))
        refused(LINK_UNKNOWN, lambda text=text: person.world.undo_email(text))
    asked, notice = person.move(ELSEWHERE)
    refused(LINK_UNKNOWN, lambda: person.world.undo_email(asked.token))
    refused(LINK_UNKNOWN, lambda: person.world.confirm_email(person.session, notice.token))


# Undo


@pytest.mark.guards("address-ends-sessions", "old-address-is-told")
def test_the_former_address_may_undo(person: Person) -> None:
    """For seven days, the link restores the address without login and ends all sessions."""
    _, notice = person.move(ELSEWHERE)
    intruder = person.world.log_in(ELSEWHERE, now=NOW + 1).cookie
    person.world.deliver(NOW + 1)
    late = NOW + 7 * DAY - 1
    answer = person.gateway.ask(
        "account", "POST", "/api/email-undo", {"token": notice.token}, now=late
    )
    assert answer.status == 204
    assert person.account.email == EMAIL
    assert not person.world.items("SESSION#")
    assert not person.alive(intruder, NOW + 2)
    (mail,) = person.world.deliver(late)
    assert (mail.to, mail.subject) == ([EMAIL], "Votre adresse courriel a été rétablie")
    assert person.kinds[0] == "email-restored"
    person.world.reset(notice.token, NEW, late + 1)
    assert person.world.log_in(EMAIL, NEW, now=late + 1)
    refused(INVALID_CREDENTIALS, lambda: person.world.log_in(ELSEWHERE, NEW, now=late + 2))


@pytest.mark.guards("seven-days-to-undo")
def test_an_undo_works_for_seven_days(person: Person) -> None:
    """After seven days, or once used, the link restores nothing."""
    _, notice = person.move(ELSEWHERE)
    refused(CHANGE_EXPIRED, lambda: person.world.undo_email(notice.token, NOW + 7 * DAY))
    person.world.undo_email(notice.token, NOW + 1)
    refused(CHANGE_EXPIRED, lambda: person.world.undo_email(notice.token, NOW + 2))


def test_an_undo_of_an_address_taken_since(world: "World", gateway: "Gateway") -> None:
    """An undo does not restore an address that another account has, should that ever be."""
    person = Person(world, gateway)
    _, notice = person.move(ELSEWHERE)
    world.sweep("RESERVED#")
    other = Person(world, gateway, now=NOW + DAY, **OTHER | {"email": EMAIL})
    refused(IDENTITY_CONFLICT, lambda: world.undo_email(notice.token, NOW + 2 * DAY))
    assert (person.account.email, other.account.email) == (ELSEWHERE, EMAIL)


def test_an_undo_after_two_changes(person: Person) -> None:
    """The first address can undo two changes in one step."""
    _, notice = person.move(ELSEWHERE)
    person.move(THIRD, NOW + 60)
    person.world.undo_email(notice.token, NOW + DAY)
    assert person.account.email == EMAIL
    person.world.reset(notice.token, NEW, NOW + DAY)
    assert person.world.log_in(NIR, NEW, now=NOW + DAY)


def test_an_undo_is_not_undone_by_a_newer_change(person: Person) -> None:
    """After the first address undid the changes, the later addresses cannot undo that."""
    _, first = person.move(ELSEWHERE)
    _, second = person.move(THIRD, NOW + 60)
    assert second.to == [ELSEWHERE]
    person.world.undo_email(first.token, NOW + DAY)
    refused(CHANGE_EXPIRED, lambda: person.world.undo_email(second.token, NOW + DAY + 1))
    assert person.account.email == EMAIL


def test_an_undo_ends_recovery_links(person: Person) -> None:
    """An undo ends the recovery links that were sent before it."""
    _, notice = person.move(ELSEWHERE)
    person.world.recover(ELSEWHERE, NOW + 1)
    (mail,) = person.world.deliver(NOW + 1)
    person.world.undo_email(notice.token, NOW + 2)
    refused(RECOVERY_EXPIRED, lambda: person.world.reset(mail.token, NEW, NOW + 3))


# Sessions


def test_the_open_sessions(person: Person) -> None:
    """Each open session is listed with its device, last seen first; one's own is marked."""
    person.world.log_in(NIR, now=NOW + 1)
    person.world.log_in(EMAIL, now=NOW - 1000)
    answer = person.ask("GET", "/api/me/sessions", now=NOW + 900)
    found = answer.json["sessions"]
    assert [each["current"] for each in found] == [True, False], "the idle one ended"
    assert found[0]["device"] == "Firefox 140, Linux"
    assert found[0]["created_at"] == "2026-09-21T14:13:20.000Z"
    assert found[0]["last_seen_at"] == "2026-09-21T14:28:20.000Z"
    assert found[0]["methods"] == ["password"]
    assert person.cookie not in answer.text
    for item in person.world.items("SESSION#"):
        assert item["secret_sha256"]["B"].hex() not in answer.text


def test_a_session_is_ended_at_once(person: Person) -> None:
    """A session ended by its id is closed at once, with a feed entry."""
    other = person.world.log_in(NIR, user_agent=FIREFOX).cookie
    found = person.ask("GET", "/api/me/sessions").json["sessions"]
    (wanted,) = (each["id"] for each in found if not each["current"])
    assert person.ask("DELETE", f"/api/me/sessions/{wanted}", now=NOW + 1).status == 204
    assert not person.alive(other)
    assert person.alive(person.cookie)
    assert person.kinds[0] == "session-ended"
    assert "Firefox 140, Linux" in person.world.feed(person.id)[0].body
    assert slug(person.ask("DELETE", f"/api/me/sessions/{wanted}")) == (404, "not-found")


@pytest.mark.guards("others-end")
def test_the_other_sessions_are_ended_at_once(person: Person) -> None:
    """All sessions but one's own end by one request, with one entry; again, nothing changes."""
    others = [person.world.log_in(NIR, now=NOW + second).cookie for second in range(3)]
    for _ in range(2):
        assert person.ask("DELETE", "/api/me/sessions", now=NOW + 4).status == 204
    assert not any(map(person.alive, others))
    assert person.alive(person.cookie)
    assert person.kinds.count("other-sessions-ended") == 1


def test_ones_own_session_is_ended_too(person: Person) -> None:
    """The current session can be ended by its id."""
    (own,) = person.ask("GET", "/api/me/sessions").json["sessions"]
    assert person.ask("DELETE", f"/api/me/sessions/{own['id']}").status == 204
    assert slug(person.ask("GET", "/api/me")) == (401, "unauthenticated")


def test_a_session_of_another_account_is_unknown(world: "World", gateway: "Gateway") -> None:
    """Ending another person's session, or one that does not exist, is refused."""
    person, other = Person(world, gateway), Person(world, gateway, **OTHER)
    for number in (other.session.id, "0" * 16, "é", "x" * 500):
        refused(
            SESSION_UNKNOWN,
            lambda number=number: open_sessions.end_session(world.table, person.acting(), number),
        )
    answer = person.ask("DELETE", f"/api/me/sessions/{other.session.id}")
    assert slug(answer) == (404, "not-found")
    assert other.alive(other.cookie)


# Export


def test_the_export_is_complete(person: Person) -> None:
    """The export is a file with all data of the person, the NIR unmasked."""
    world = person.world
    decisions.decide(
        world.table,
        keys.lookup_keys(),
        "AffiliationRejected",
        person.id,
        None,
        "Pièce manquante.",
        NOW * 1000,
    )
    world.log_in(NIR, now=NOW + 1, user_agent=FIREFOX)
    answer = person.ask("GET", "/api/me/export", now=NOW + 2)
    assert answer.status == 200
    disposition = 'attachment; filename="mon-compte.json"'
    assert answer.headers["Content-Disposition"] == [disposition]
    exported = answer.json
    assert {
        "last_name": "Dupont",
        "first_name": "Michèle",
        "mobile_phone": "+33612345678",
        "email": EMAIL,
        "nir": NIR,
        "siret": "35600000000048",
        "is_agent": False,
        "affiliation": "rejected",
        "affiliation_at": "2026-09-21T14:13:20.000Z",
        "deletion_at": None,
        "id": person.id,
        "created_at": "2026-09-21T14:13:20.000Z",
    }.items() <= exported["account"].items()
    assert [entry["kind"] for entry in exported["activity"]] == [
        entry.kind for entry in world.feed(person.id)
    ]
    assert "Pièce manquante." in answer.text
    assert len(exported["sessions"]) == 2
    assert {"id", "device", "created_at", "last_seen_at", "methods"} == set(exported["sessions"][0])
    for secret in ("password_hash", "argon2", "mac", "secret"):
        assert secret not in answer.text


def test_the_export_has_every_attribute_of_the_account(person: Person) -> None:
    """Each attribute about the holder is exported, also an address not yet confirmed."""
    decisions.decide(
        person.world.table,
        keys.lookup_keys(),
        "AffiliationRejected",
        person.id,
        None,
        "Pièce manquante.",
        NOW * 1000,
    )
    person.world.request_email(person.session, ELSEWHERE)
    person.world.table.write(update(person.account.key(), {"mail_bounced_at": NOW}))
    exported = person.ask("GET", "/api/me/export").json["account"]
    (stored,) = person.world.items("ACCOUNT#")
    assert exported["last_login_at"] == "2026-09-21T14:13:20.000Z"
    technical = {
        *("pk", "sk", "email_mac", "nir_mac", "siret_mac", "new_email_mac", "nir_encrypted"),
        *("nir_masked", "recovery_id", "email_change_id", "use_check_at", "corrected"),
        "new_email_until",
    }
    assert set(stored) - technical <= set(exported)


def test_an_export_without_nir(world: "World", gateway: "Gateway") -> None:
    """Without a NIR, the export has none and nothing is decrypted."""
    person = Person(world, gateway, nir=None, siret=None)
    exported = person.ask("GET", "/api/me/export").json["account"]
    assert (exported["nir"], exported["siret"]) == (None, None)
    assert "Decrypt" not in world.calls.of("KMS")


def test_a_long_feed_is_exported_completely(person: Person) -> None:
    """An export contains all pages of the feed, newest first."""
    for n in range(60):
        profile.change_phone(person.world.table, person.acting(NOW + n), "+33612345678")
    entries = person.ask("GET", "/api/me/export").json["activity"]
    assert len(entries) == 62
    assert [each["id"] for each in entries] == sorted((e["id"] for e in entries), reverse=True)


# Deletion


def forget(person: Person, now: int = NOW) -> "Answer":
    """Ask for the account's deletion."""
    return person.ask("DELETE", "/api/me", now=now)


@pytest.mark.guards("thirty-days-to-stay")
def test_a_deletion_waits_thirty_days(person: Person) -> None:
    """The account stays 30 days. Every session ends, and a mail gives the date."""
    other = person.world.log_in(EMAIL).cookie
    person.world.deliver()
    answer = forget(person)
    assert (answer.status, answer.json) == (202, {"deletion_at": "2026-10-21T14:13:20.000Z"})
    assert "Max-Age=0" in answer.headers["Set-Cookie"][0]
    assert not person.alive(person.cookie)
    assert not person.alive(other)
    (mail,) = person.world.deliver()
    assert (mail.to, mail.subject) == ([EMAIL], "Suppression de votre compte demandée")
    assert "21/10/2026" in mail.text
    for day in range(31):
        assert deletion.delete_due(person.world.table, HELD, NOW + day * DAY - 1) == 0
    person.log_in(NOW + 30 * DAY - 1)
    profile = person.ask("GET", "/api/me", now=NOW + 30 * DAY - 1).json
    assert profile["deletion_at"] == "2026-10-21T14:13:20.000Z"
    assert person.kinds.count("deletion-scheduled") == 1


def test_a_second_request_keeps_the_date(person: Person) -> None:
    """A second request keeps the date of the first and sends no second mail."""
    forget(person)
    person.world.deliver()
    person.log_in(NOW + DAY)
    person.world.deliver(NOW + DAY)
    answer = forget(person, NOW + DAY)
    assert answer.json == {"deletion_at": "2026-10-21T14:13:20.000Z"}
    assert person.world.deliver(NOW + DAY) == []
    assert person.kinds.count("deletion-scheduled") == 1


def test_a_deletion_is_cancelled(person: Person) -> None:
    """After a cancellation no later run deletes the account."""
    forget(person)
    person.log_in(NOW + 29 * DAY)
    answer = person.ask("PATCH", "/api/me", {"deletion_at": None}, now=NOW + 29 * DAY + 1)
    assert (answer.status, answer.json["deletion_at"]) == (200, None)
    assert person.kinds[0] == "deletion-cancelled"
    for day in range(28, 64):
        assert deletion.delete_due(person.world.table, HELD, NOW + day * DAY) == 0
    assert person.account.id == person.id
    assert not person.world.items("DELETION#"), "its record is removed"


def test_cancelling_without_a_deletion_does_nothing(person: Person) -> None:
    """A cancellation without a deletion returns the profile and notifies nobody."""
    assert person.ask("PATCH", "/api/me", {"deletion_at": None}).status == 200
    assert person.kinds == []


def test_a_second_deletion_has_its_own_date(person: Person) -> None:
    """After a cancellation and a second request, the second date counts."""
    forget(person)
    person.log_in(NOW + DAY)
    deletion.keep(person.world.table, person.acting(NOW + DAY))
    forget(person, NOW + DAY + 1)
    assert deletion.delete_due(person.world.table, HELD, NOW + 30 * DAY + HOUR) == 0
    assert deletion.delete_due(person.world.table, HELD, NOW + 31 * DAY + 1) == 1


def test_the_daily_run_deletes(world: "World", gateway: "Gateway") -> None:
    """The run deletes all of a due account and frees its identifiers; others stay."""
    person, other = Person(world, gateway), Person(world, gateway, **OTHER)
    forget(person)
    world.deliver()
    world.log_in(EMAIL, now=NOW + DAY)
    world.deliver(NOW + DAY)
    due = NOW + 30 * DAY
    assert deletion.delete_due(world.table, HELD, due - 1) == 0
    assert deletion.delete_due(world.table, HELD, due) == 1
    world.deliver(due)
    event = world.events()[-1]
    assert event["DetailType"] == "AccountDeleted"
    assert json.loads(event["Detail"]) == {"account_id": person.id}
    left = str([item for item in world.items() if not item["pk"]["S"].startswith("REGISTRATION")])
    for trace in (person.id, EMAIL, NIR, "Michèle\x00"):
        assert trace not in left
    assert other.account.email == other.email
    assert len(world.feed(other.id)) == 2
    assert world.open_account(due) != person.id
    assert world.log_in(NIR, now=due + 1)
    assert deletion.delete_due(world.table, HELD, due + DAY) == 0


@pytest.mark.parametrize("missed", [1, 7, 30])
def test_a_missed_run_is_made_up_for(person: Person, missed: int) -> None:
    """An account whose day had no run is deleted by the next run."""
    forget(person)
    assert deletion.delete_due(person.world.table, HELD, NOW + (30 + missed) * DAY) == 1
    assert not person.world.items("ACCOUNT#")


def test_the_daily_run_reads_few_days(person: Person) -> None:
    """A run reads only the days that it may have missed, not every account."""
    with person.world.calls.counted() as made:
        deletion.delete_due(person.world.table, HELD, NOW)
    assert made == ["Query"] * 32


def test_a_deletion_without_numbers(world: "World", gateway: "Gateway") -> None:
    """An account without NIR and Siret can be deleted."""
    person = Person(world, gateway, nir=None, siret=None)
    forget(person)
    assert deletion.delete_due(world.table, HELD, NOW + 30 * DAY) == 1
    assert not world.items("LOGIN#")


def test_an_account_kept_meanwhile_is_not_deleted(person: Person) -> None:
    """A cancellation between the run's read and its write keeps the account and its feed."""
    forget(person)
    due = NOW + 30 * DAY
    deleted = overtaken(
        lambda: deletion.keep(person.world.table, person.acting(due)),
        lambda: deletion.delete_due(person.world.table, HELD, due),
    )
    assert deleted == 0
    assert person.account.deletion_at is None
    assert person.world.kinds(person.id)[0] == "deletion-cancelled"
    assert {"welcome", "affiliation-requested"} < {e.kind for e in person.world.feed(person.id)}


def test_the_deletion_record_of_a_deleted_account(person: Person) -> None:
    """The record of a deletion is removed if the account no longer exists."""
    forget(person)
    person.world.sweep("ACCOUNT#")
    assert deletion.delete_due(person.world.table, HELD, NOW + 30 * DAY) == 0
    assert not person.world.items("DELETION#")


def test_the_function_deletes_what_is_due(person: Person) -> None:
    """The scheduled function uses its own clock and deletes only what is due."""
    forget(person)
    assert person.gateway.invoke("delete_accounts", {}) is None
    assert person.account.id == person.id


def test_a_login_to_a_deleted_account(person: Person) -> None:
    """After a deletion, identifier and password are refused and no data is left."""
    forget(person)
    deletion.delete_due(person.world.table, HELD, NOW + 30 * DAY)
    refused(INVALID_CREDENTIALS, lambda: person.world.log_in(EMAIL))
    refused(UNAUTHENTICATED, lambda: person.world.authenticate(person.cookie))
    refused(INVALID_REQUEST, lambda: read(person.world.table, person.acting(), FEED, 1, "x"))
    log_out(person.world.table, person.cookie)
    assert person.world.feed(person.id) == []
    assert not [
        item for item in person.world.items("LOGIN#") if Identifier.from_item(item).account_id
    ]
