"""What people, the back office, SES and the schedule ask of the functions: one case each.

The tests of failing AWS calls and of the functions' permissions share them.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from botocore.session import get_session
from pyotp import TOTP

from portal.core import aws, keys
from portal.core.acting import Acting
from portal.core.identifiers import account_mac, encrypt_for_account
from portal.core.outbox import Outgoing
from portal.core.records import DAY
from portal.core.writes import put
from portal.declarations.held import HELD as DECLARATIONS
from portal.identity import deletion, passkeys, second_factor
from portal.identity.attempts import count_failure
from portal.identity.held import HELD as IDENTITY
from portal.identity.identities import LinkedIdentity
from portal.identity.linked_identities import id_of
from portal.identity.open_sessions import list_sessions
from portal.identity.passkey_checks import relying_party
from portal.identity.passkey_records import Passkey
from portal.identity.records import Credentials, Identifier
from portal.identity.second_factor_removal import ask_removal
from portal.identity.second_factor_setup import renew_codes, start
from portal.identity.unused import look_at_unused
from portal.payments.held import HELD as PAYMENTS
from portal.payments.plan_looks import looks_of
from portal.payments.plan_records import Plan
from portal.rules.nir import nir_check_key
from portal.support.held import HELD as SUPPORT
from portal.support.watch import ADDRESS
from tests.world.authenticator import Authenticator
from tests.world.bank import Bucket, camt054
from tests.world.businesses import BUSINESS
from tests.world.cloud import remove_item, write_item
from tests.world.functions import Answer, Gateway
from tests.world.ibans import french, grouped
from tests.world.outside import deploying, registered, site
from tests.world.sso import Visitor
from tests.world.world import NOW, PASSWORD, World

if TYPE_CHECKING:
    import pytest

HELD = (*IDENTITY, *PAYMENTS, *DECLARATIONS, *SUPPORT)
EMAIL = "michele.dupont@example.fr"
OTHER = "other@example.fr"
CHANGED = "Another-Horse-8"
WRONG = "Wrong-Horse-77"
PERSON: dict[str, Any] = {
    "last_name": "Dupont",
    "first_name": "Michèle",
    "mobile_phone": "06 12 34 56 78",
    "email": EMAIL,
    "email_confirmation": EMAIL,
    "nir": "2940375120005",
    "nir_key": "91",
    "siret": "35600000000048",
    "is_agent": False,
}


CORRECTION = {
    "last_name": "Dupont-Martin",
    "nir": "2950475120007",
    "nir_key": nir_check_key("2950475120007"),
    "siret": "35600000049837",
}
"""A name and numbers that differ from those of the world's account."""


def stop_clock(monkeypatch: "pytest.MonkeyPatch") -> int:
    """Stop the functions' own clock, and return its time."""
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    return NOW


@dataclass(slots=True)
class Scene:
    """The world of a case, its clock, and what its request needs."""

    world: World
    gateway: Gateway
    now: int
    account_id: str = ""
    cookie: str = ""
    device: str = ""
    token: str = ""
    secret: str = ""
    """Of an authenticator app."""
    codes: Sequence[str] = ()
    """The recovery codes."""
    visitor: Visitor | None = None
    """Who logs in with a provider."""
    authenticator: Authenticator = field(default_factory=Authenticator)
    options: Any = None
    """What a browser was asked for."""

    def ask(
        self,
        name: str,
        method: str,
        path: str,
        body: Any = None,
        at: int = 0,
        sent: dict[str, list[str]] | None = None,
        **options: Any,
    ) -> Answer:
        """Send a request with the cookies there are, and other headers."""
        cookies = {"__Host-session": self.cookie, "__Host-device": self.device}
        cookies["__Host-sso"] = self.visitor.cookie if self.visitor else ""
        headers = {
            "Content-Type": ["application/json"],
            "Cookie": ["; ".join(f"{key}={value}" for key, value in cookies.items() if value)],
            **(sent or {}),
        }
        now = self.now + at
        return self.gateway.ask(name, method, path, body, headers=headers, now=now, **options)

    def acting(self, now: int) -> Acting:
        """Return the account's holder, acting at a time."""
        return self.world.acting(self.account_id, now)

    def drain(self) -> None:
        """Deliver what waits in the outbox, as the stream does."""
        items = self.world.items("OUTBOX#")
        if items:
            self.gateway.invoke("send_mail", stream(items))

    def outcome(self) -> Counter[str]:
        """Return the records in the table, by kind, without limits, counters and notes."""
        found: Counter[str] = Counter()
        for item in self.world.items():
            kind = item["pk"]["S"].partition("#")[0]
            if kind == "ACTIVITY":
                kind += f" {item['kind']['S']}"
            if kind == "TOKEN":
                kind += f" {item['purpose']['N']}"
            if kind == "LOGIN" and "account_id" not in item:
                kind = "GUESSES"
            found[kind] += 1
        for ignored in ("RATE", "MAIL", "GUESSES", "UNSENT"):
            found.pop(ignored, None)
        return found


def restore(world: World, items: list[dict[str, Any]]) -> None:
    """Set the table back to what it was; what was written since is removed."""
    name = world.settings.table_name
    wanted = {(item["pk"]["S"], item["sk"]["S"]): item for item in items}
    for item in world.items():
        at = (item["pk"]["S"], item["sk"]["S"])
        if wanted.get(at) == item:
            del wanted[at]
        elif at not in wanted:
            remove_item(name, item)
    for item in wanted.values():
        write_item(name, item)


def stream(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the event by which the stream announces new items."""
    return {
        "Records": [
            {
                "eventID": str(n),
                "eventName": "INSERT",
                "eventSource": "aws:dynamodb",
                "awsRegion": "eu-west-3",
                "dynamodb": {
                    "Keys": {"pk": item["pk"], "sk": item["sk"]},
                    "NewImage": item,
                    "SequenceNumber": f"{n}00",
                    "StreamViewType": "NEW_IMAGE",
                },
            }
            for n, item in enumerate(items, start=1)
        ]
    }


@dataclass(frozen=True, slots=True)
class UseCase:
    """One thing asked of a function.

    ``doubled`` names what a repeated request may leave twice beside mails, and subjects of mails
    that only it may send. ``again`` has the statuses that the repetition may get when the first try
    was done after all. ``is_done`` checks that the result is there.
    """

    name: str
    function: str
    prepare: Callable[[Scene], None]
    ask: Callable[[Scene], Answer | None]
    is_done: Callable[[Scene], object] = lambda _: True
    again: frozenset[int] = frozenset()
    doubled: frozenset[str] = frozenset()


def _mail_of(scene: Scene, page: str) -> str:
    """Return the token of the last mail that leads to a page."""
    return [m for m in scene.world.mails() if f"/{page}#" in m.text][-1].token


def nobody(scene: Scene) -> None:
    """Start from nothing."""
    assert not scene.account_id


def told(scene: Scene, kind: str, at: int, **detail: Any) -> None:
    """Send an event of the back office about the scene's account."""
    time_ = datetime.fromtimestamp(at, UTC).isoformat()
    detail = {"account_id": scene.account_id, **detail}
    scene.gateway.invoke("affiliation", {"detail-type": kind, "time": time_, "detail": detail})


def affiliated(scene: Scene, **business: Any) -> None:
    """Start from an account whose business the back office confirmed, its holder logged in."""
    logged_in(scene)
    told(scene, "AffiliationConfirmed", scene.now - 10, business=BUSINESS | business)
    scene.world.deliver(scene.now - 10)


def affiliated_in_august(scene: Scene) -> None:
    """Start from a business of which there is something to tell since the last look."""
    logged_in(scene)
    told(scene, "AffiliationConfirmed", scene.now - 40 * DAY, business=BUSINESS)
    scene.world.deliver(scene.now - 10)


def declared(scene: Scene) -> None:
    """Start from a declaration that may be corrected."""
    affiliated(scene)
    DECLARE(scene)
    scene.world.deliver(scene.now)


def with_mandate(scene: Scene) -> None:
    """Start from a mandate, whose reference is kept."""
    affiliated(scene)
    acting = scene.world.with_session(scene.account_id, scene.now - 5)
    scene.token = scene.world.sign_mandate(acting, french(1)).rum
    scene.world.deliver(scene.now - 5)


def with_payment(scene: Scene) -> None:
    """Start from a declaration, a mandate, and a payment, whose id is kept."""
    with_mandate(scene)
    DECLARE(scene)
    ordered = ORDER(scene)
    assert ordered.status == HTTPStatus.CREATED, ordered.text
    scene.token = ordered.json["id"]
    scene.world.deliver(scene.now)


def declared_with_mandate(scene: Scene) -> None:
    """Start from a declaration to pay, and a mandate, whose reference is kept."""
    with_mandate(scene)
    DECLARE(scene)
    scene.world.deliver(scene.now)


def revoking_orders(scene: Scene) -> None:
    """Start from a payment that may be cancelled, and its mandate, whose reference is kept."""
    with_payment(scene)
    scene.token = scene.world.items("MANDATE#")[0]["rum"]["S"]


def sent_payment(scene: Scene) -> None:
    """Start from a payment that is in a file, and its settlement, dropped by the bank."""
    with_payment(scene)
    make_files(scene)
    Bucket(scene.gateway).put("in/report.xml", camt054((scene.token, 25700, None)))


def strange_report(scene: Scene) -> None:
    """Start from a report that nobody understands."""
    assert not scene.account_id
    Bucket(scene.gateway).put("in/report.xml", b"<html/>")


def make_files(scene: Scene, **event: Any) -> None:
    """Make the bank's files of the day before the payments' due day."""
    scene.gateway.invoke("bank", {"time": "2026-09-29T12:05:00+02:00", "days": 1, **event})


def files_made(scene: Scene) -> None:
    """Start from a file."""
    with_payment(scene)
    make_files(scene)


def files(scene: Scene) -> int:
    """Return how many files there are for the bank."""
    return len(Bucket(scene.gateway).files("out/"))


def make_files_again(scene: Scene) -> None:
    """Make a file again."""
    scene.gateway.invoke("bank", {"reissue": {"file": "2026-09-30-1"}})


def ask_for_a_file_again(scene: Scene) -> None:
    """Ask for it, as an operator."""
    with scene.world.answering(aws.lambda_(), "Invoke", {"StatusCode": 202}, 202):
        operate("reissue-file", file="2026-09-30-1")(scene)


def take_report(scene: Scene) -> None:
    """Tell of what the bank dropped."""
    Bucket(scene.gateway).tell()


def owing(scene: Scene, services: int = 2400) -> None:
    """Start from an account that declared all, and owes what is due for March."""
    affiliated(scene)
    declare(0, services, code="2026-03")(scene)
    for month in ("2026-04", "2026-05", "2026-06", "2026-07"):
        declare(0, 0, code=month)(scene)
    scene.world.deliver(scene.now)


def with_plan(scene: Scene) -> None:
    """Start from a plan of payment, so large that it waits for a decision."""
    owing(scene, 40_000)
    signed = sign_plan(3)(scene)
    assert signed.status == HTTPStatus.CREATED, signed.text
    scene.world.deliver(scene.now)


def missing_an_instalment(scene: Scene) -> None:
    """Start from a plan whose first instalment was due today."""
    owing(scene)
    plan = Plan(
        account_id=scene.account_id,
        number=1,
        signed_at=scene.now - 9 * DAY,
        actor_id=scene.account_id,
        methods=("password",),
        why="Un client paie en retard.",
        covers=("2026-03 25700 0",),
        remitted_cents=0,
        instalments=("2026-09-21 12800", "2026-10-21 12900"),
        decided_at=scene.now - 9 * DAY,
    )
    scene.world.table.transact(put(plan), *looks_of(plan))


def payment_and_due(scene: Scene) -> None:
    """Start from an account with a payment, whose deletion is due."""
    with_payment(scene)
    _due(scene)


def mandate_and_due(scene: Scene) -> None:
    """Start from an account with a mandate, whose deletion is due."""
    with_mandate(scene)
    _due(scene)


def _due(scene: Scene) -> None:
    asked = scene.acting(scene.now - 30 * DAY - 60)
    deletion.schedule_deletion(scene.world.table, asked)
    scene.world.log_in(EMAIL, now=scene.now - 60)
    scene.world.deliver(scene.now)


def allowed(scene: Scene) -> int:
    """Return how many mandates allow debits."""
    return sum("revoked_at" not in each for each in scene.world.items("MANDATE#"))


def signed_up(scene: Scene) -> None:
    """Start from a sign-up whose link was sent a minute ago."""
    scene.world.sign_up(scene.now - 60)
    scene.token = scene.world.deliver(scene.now - 60)[-1].token


def signed_up_long_ago(scene: Scene) -> None:
    """Start from a link that is late."""
    scene.world.sign_up(scene.now - 7200)
    scene.token = scene.world.deliver(scene.now - 7200)[-1].token


def with_account(scene: Scene) -> None:
    """Start from an account."""
    scene.account_id = scene.world.open_account(scene.now - 300)
    scene.world.deliver(scene.now - 300)


def logged_in(scene: Scene) -> None:
    """Start from an account with two sessions, the first of which asks."""
    with_account(scene)
    opened = scene.world.log_in(EMAIL, now=scene.now - 30)
    scene.cookie, scene.device = opened.cookie, opened.device_cookie or ""
    scene.world.log_in(EMAIL, now=scene.now - 20)
    scene.world.deliver(scene.now - 20)


def elsewhere(scene: Scene) -> None:
    """Start from an account that logged in from another device only."""
    logged_in(scene)
    scene.cookie = scene.device = ""


def logged_in_a_while(scene: Scene) -> None:
    """Start from a session that was last seen minutes ago."""
    with_account(scene)
    scene.cookie = scene.world.log_in(EMAIL, now=scene.now - 200).cookie
    scene.world.deliver(scene.now - 200)


def blocked(scene: Scene) -> None:
    """Start from a known device while guesses delay its identifier."""
    logged_in(scene)
    scene.cookie = ""
    found = scene.world.identifier(EMAIL)
    assert found
    for _ in range(5):
        count_failure(
            scene.world.table,
            Identifier,
            found.key(),
            found.mac,
            scene.world.limits,
            scene.now * 1000,
        )


def with_second_factor(scene: Scene) -> None:
    """Start from an account with an app and recovery codes, its holder logged in."""
    with_account(scene)
    scene.secret = scene.world.switch_on(scene.account_id, scene.now - 200)
    acting = scene.world.with_session(scene.account_id, scene.now - 100)
    scene.codes = list(renew_codes(scene.world.table, acting))
    ticket = scene.world.ticket(EMAIL, now=scene.now - 90)
    code = TOTP(scene.secret).at(scene.now - 90)
    opened = scene.world.second_step(ticket, code, scene.now - 90)
    scene.cookie, scene.device = opened.cookie, opened.device_cookie or ""
    scene.world.deliver(scene.now - 90)


def at_the_second_step(scene: Scene) -> None:
    """Start from a login that waits for its code."""
    with_second_factor(scene)
    scene.token = scene.world.ticket(EMAIL, now=scene.now - 10)


def second_step_blocked(scene: Scene) -> None:
    """Start from a known device at the second step, while guesses delay it."""
    at_the_second_step(scene)
    mac = account_mac(keys.lookup_keys(), scene.account_id)
    limits, at = scene.world.limits, Identifier.key_of(mac=mac)
    for _ in range(5):
        count_failure(scene.world.table, Identifier, at, mac, limits, scene.now * 1000)


def being_removed(scene: Scene) -> None:
    """Start from a login that waits for its code, while the support removes the second factor."""
    at_the_second_step(scene)
    factor = second_factor.read(scene.world.table, scene.account_id, scene.now)
    assert factor
    account = scene.world.account(scene.account_id)
    left = ask_removal(account, factor, scene.now - 5, else_=AssertionError())
    scene.world.table.transact(*left)
    scene.world.deliver(scene.now - 5)


def cancelling(scene: Scene) -> None:
    """Start from the link that keeps a second factor which the support is asked to remove."""
    being_removed(scene)
    scene.token = _mail_of(scene, "garder-double-verification")


def secret_made(scene: Scene) -> None:
    """Start from a secret that no code confirmed yet."""
    logged_in(scene)
    encrypt = partial(encrypt_for_account, aws.kms(), scene.world.settings.data_key)
    acting = scene.world.with_session(scene.account_id, scene.now - 10)
    scene.secret = start(scene.world.table, encrypt, acting).text


def at_the_provider(scene: Scene) -> Visitor:
    """Return a browser whose person the provider knows."""
    scene.visitor = Visitor(scene.world)
    scene.visitor.provider.auth_time = scene.visitor.provider.now = scene.now
    return scene.visitor


def linked(scene: Scene) -> None:
    """Start from an account that an identity opens, its holder logged in."""
    logged_in(scene)
    at_the_provider(scene).link(scene.account_id, scene.now - 25)
    scene.world.deliver(scene.now - 25)


def linked_and_due(scene: Scene) -> None:
    """Start from an account with an identity, whose deletion is due."""
    due(scene)
    at_the_provider(scene).link(scene.account_id, scene.now - 25)
    scene.world.deliver(scene.now - 25)


def linked_with_second_factor(scene: Scene) -> None:
    """Start from an account with an identity and a second factor."""
    with_second_factor(scene)
    at_the_provider(scene).link(scene.account_id, scene.now - 25)
    scene.world.deliver(scene.now - 25)


def linked_a_while_ago(scene: Scene) -> None:
    """Start from an account with an identity, and a session that was last seen minutes ago."""
    logged_in_a_while(scene)
    at_the_provider(scene).link(scene.account_id, scene.now - 150)
    scene.world.deliver(scene.now - 150)


def newcomer(scene: Scene) -> None:
    """Start from the ticket of an identity that no account has, its person logged in."""
    logged_in(scene)
    scene.token = at_the_provider(scene).newcomer(scene.now - 5)


def identity_listed(scene: Scene) -> None:
    """Start from the public id of an identity of the account."""
    linked(scene)
    (item,) = scene.world.items("IDENTITIES#")
    scene.token = id_of(LinkedIdentity.from_item(item))


def come_from_provider(intent: str) -> Callable[[Scene], Answer]:
    """Return a visit: to the provider, and back; repeated, it begins again."""

    def ask(scene: Scene) -> Answer:
        visitor = scene.visitor or at_the_provider(scene)
        with visitor.provider.reached():
            query = {"intent": [intent], "to": ["/gerer"]}
            begun = scene.ask("sso", "GET", "/api/sso/start", query=query)
            if begun.status != HTTPStatus.SEE_OTHER:
                return begun
            visitor.cookie = SimpleCookie(begun.headers["Set-Cookie"][0])["__Host-sso"].value
            given = visitor.provider.authorize(begun.headers["Location"][0])
            query = {name: [value] for name, value in given.items()}
            return scene.ask("sso", "GET", "/api/sso/callback", query=query)

    return ask


def with_passkey(scene: Scene) -> None:
    """Start from an account with a passkey that counts its uses, its holder logged in."""
    with_account(scene)
    scene.authenticator.counts = True
    acting = scene.world.with_session(scene.account_id, scene.now - 95)
    scene.token = scene.world.add_passkey(acting, scene.authenticator).id
    signed = scene.authenticator.sign(scene.world.passkey_options(scene.now - 90))
    opened = scene.world.sign_in(signed, scene.now - 90)
    scene.cookie, scene.device = opened.cookie, opened.device_cookie or ""
    scene.world.deliver(scene.now - 90)


def signing(scene: Scene) -> None:
    """Start from a challenge that a passkey is to sign."""
    with_passkey(scene)
    scene.options = scene.authenticator.sign(scene.world.passkey_options(scene.now - 10))


def forging(scene: Scene) -> None:
    """Start from what another key than the passkey's signed."""
    with_passkey(scene)
    own = scene.authenticator
    forger = Authenticator(credential_id=own.credential_id, handle=own.handle)
    scene.options = forger.sign(scene.world.passkey_options(scene.now - 10))


def copied_passkey(scene: Scene) -> None:
    """Start from what a copy of a passkey signed, whose count is behind."""
    with_passkey(scene)
    scene.authenticator.counts = False
    scene.options = scene.authenticator.sign(scene.world.passkey_options(scene.now - 10))


def making_passkey(scene: Scene) -> None:
    """Start from a passkey that a browser made."""
    logged_in(scene)
    session = scene.world.authenticate(scene.cookie, scene.now - 10)
    party, tokens = relying_party(scene.world.settings.public_url), keys.token_keys()
    acting = Acting.in_session(session, scene.now - 10)
    asked = passkeys.start(scene.world.table, tokens, party, acting)
    scene.options = scene.authenticator.create(asked.options)


def changed_email_and_passkey(scene: Scene) -> None:
    """Start from a link that undoes a change, after which a passkey was added."""
    changed_email(scene)
    acting = scene.world.with_session(scene.account_id, scene.now - 4)
    scene.world.add_passkey(acting, scene.authenticator)
    scene.world.deliver(scene.now - 4)


def recovering(scene: Scene) -> None:
    """Start from a recovery link."""
    logged_in(scene)
    scene.world.recover(EMAIL, scene.now - 10)
    scene.world.deliver(scene.now - 10)
    scene.token = _mail_of(scene, "nouveau-mot-de-passe")


def changing_email(scene: Scene) -> None:
    """Start from a link that confirms another address."""
    logged_in(scene)
    session = scene.world.authenticate(scene.cookie, scene.now - 10)
    scene.world.request_email(session, OTHER, scene.now - 10)
    scene.world.deliver(scene.now - 10)
    scene.token = _mail_of(scene, "gerer/mon-compte")


def changed_email(scene: Scene) -> None:
    """Start from a link that undoes a change of address."""
    changing_email(scene)
    session = scene.world.authenticate(scene.cookie, scene.now - 10)
    scene.world.confirm_email(session, scene.token, scene.now - 5)
    scene.world.deliver(scene.now - 5)
    scene.token = _mail_of(scene, "annuler-changement")


def changed_email_and_factor(scene: Scene) -> None:
    """Start from a link that undoes a change, after which a second factor was added."""
    changed_email(scene)
    scene.world.switch_on(scene.account_id, scene.now - 4)
    scene.world.deliver(scene.now - 4)


def leaving(scene: Scene) -> None:
    """Start from an account whose deletion is scheduled, its holder logged in again."""
    with_account(scene)
    deletion.schedule_deletion(scene.world.table, scene.acting(scene.now - 100))
    scene.cookie = scene.world.log_in(EMAIL, now=scene.now - 50).cookie
    scene.world.deliver(scene.now - 50)


def due(scene: Scene) -> None:
    """Start from an account whose deletion is due."""
    with_account(scene)
    deletion.schedule_deletion(scene.world.table, scene.acting(scene.now - 30 * DAY - 60))
    scene.world.log_in(EMAIL, now=scene.now - 60)
    scene.world.deliver(scene.now - 60)


def kept(scene: Scene) -> None:
    """Start from a deletion that was cancelled and whose date has come."""
    with_account(scene)
    deletion.schedule_deletion(scene.world.table, scene.acting(scene.now - 30 * DAY - 60))
    deletion.keep(scene.world.table, scene.acting(scene.now - 60))
    scene.world.deliver(scene.now - 60)


def asked_email_long_ago(scene: Scene) -> None:
    """Start from a new address whose link ended."""
    scene.account_id = scene.world.open_account(scene.now - 2 * DAY)
    asking = scene.acting(scene.now - 2 * DAY)
    scene.world.request_email(asking.session, OTHER, asking.at)
    scene.world.deliver(asking.at)


def unused(days: int) -> Callable[[Scene], None]:
    """Return a start from an account without login for so many days, its looks made as due."""

    def prepare(scene: Scene) -> None:
        opened = scene.now - days * DAY - 60
        scene.account_id = scene.world.open_account(opened)
        scene.world.deliver(opened)
        settings = scene.world.settings.unused
        for look in (180, 360, 540, 700, 723):
            if look < days:
                at = opened + look * DAY
                look_at_unused(scene.world.table, HELD, settings, at, days=0)
                scene.world.deliver(at)

    return prepare


def bouncing(scene: Scene) -> None:
    """Start from an account whose mails bounce."""
    with_account(scene)
    scene.token = scene.world.account(scene.account_id).email_mac


def with_another_session(scene: Scene) -> None:
    """Start from the id of another session of the account."""
    logged_in(scene)
    own = scene.world.authenticate(scene.cookie, scene.now)
    found = list_sessions(scene.world.table, scene.account_id, scene.now)
    (scene.token,) = (each.id for each in found if each.id != own.id)


def without_siret(scene: Scene) -> None:
    """Start from an account that has no Siret."""
    scene.account_id = scene.world.open_account(scene.now - 300, siret=None)
    scene.world.deliver(scene.now - 300)


def claiming(scene: Scene) -> None:
    """Start from an account whose NIR and Siret another one has."""
    with_account(scene)
    scene.account_id = scene.world.open_account(scene.now - 200, email=OTHER)
    scene.world.deliver(scene.now - 200)


def mailed(kind: str, start: Callable[[Scene], None], **about: str) -> Callable[[Scene], None]:
    """Return a start from a waiting message of a kind, about the scene's account."""

    def prepare(scene: Scene) -> None:
        start(scene)
        filled = {name: value or scene.account_id for name, value in about.items()}
        message = Outgoing.new(kind, scene.now, **filled)
        aws.dynamodb().put_item(TableName=scene.world.settings.table_name, Item=message.to_item())

    return prepare


def waiting(ask: Callable[[Scene], object], start: Callable[[Scene], None] = nobody) -> Any:
    """Return a start from what a request left in the outbox."""

    def prepare(scene: Scene) -> None:
        start(scene)
        ask(scene)

    return prepare


def request(
    name: str, method: str, path: str, body: Callable[[Scene], Any] = lambda _: None, at: int = 0
) -> Callable[[Scene], Answer]:
    """Return a request whose body depends on the scene."""
    return lambda scene: scene.ask(name, method, path, body(scene), at)


def deliver(scene: Scene) -> None:
    """Deliver the messages of the outbox."""
    scene.drain()


def decide(scene: Scene) -> None:
    """Send a confirmation with a Siret."""
    _decide(scene, siret="35600000049837")


def decide_on_claims(scene: Scene) -> None:
    """Send a confirmation without any number."""
    _decide(scene)


def _decide(scene: Scene, **detail: str) -> None:
    at = datetime.fromtimestamp(scene.now, UTC)
    scene.gateway.invoke(
        "affiliation",
        {
            "detail-type": "AffiliationConfirmed",
            "time": at.isoformat(),
            "detail": {"account_id": scene.account_id, **detail},
        },
    )


def confirm_business(scene: Scene) -> None:
    """Send a confirmation with a business."""
    told(scene, "AffiliationConfirmed", scene.now, business=BUSINESS)


def change_business(scene: Scene) -> None:
    """Send a change of periodicity, from January on."""
    business = BUSINESS | {"periodicity": "quarterly"}
    told(scene, "BusinessChanged", scene.now, business=business, effective_on="2027-01-01")


def end_business(scene: Scene) -> None:
    """Send the end of a business, long enough ago that nothing is to come."""
    told(scene, "BusinessCeased", scene.now, ceased_on="2026-05-20")


def tell(scene: Scene) -> None:
    """Run the clock."""
    scene.gateway.invoke("clock", {})


def declared_and_due(scene: Scene) -> None:
    """Start from an account with a declaration, whose deletion is due."""
    declared(scene)
    asked = scene.acting(scene.now - 30 * DAY - 60)
    deletion.schedule_deletion(scene.world.table, asked)
    scene.world.log_in(EMAIL, now=scene.now - 60)
    scene.world.deliver(scene.now)


def versions(scene: Scene) -> int:
    """Return how many versions of declarations are stored."""
    return sum("#" in item["sk"]["S"] for item in scene.world.items("DECLARATION#"))


def correct(scene: Scene) -> None:
    """Send a correction of a name and both numbers, with its proof."""
    at = datetime.fromtimestamp(scene.now, UTC)
    detail = {"account_id": scene.account_id, "proof": "2026/12", **CORRECTION}
    scene.gateway.invoke(
        "affiliation",
        {"detail-type": "IdentityCorrected", "time": at.isoformat(), "detail": detail},
    )


def bounce(scene: Scene) -> None:
    """Send a permanent bounce of the account's address."""
    tags = {"address": [scene.token], "account": [scene.account_id]}
    scene.gateway.invoke(
        "mail_feedback",
        {
            "detail": {
                "eventType": "Bounce",
                "bounce": {"bounceType": "Permanent"},
                "mail": {"tags": tags},
            }
        },
    )


def sign_up_bounces(scene: Scene) -> None:
    """Send a permanent bounce of a sign-up's mail."""
    report(scene, {"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}})


def complain(scene: Scene) -> None:
    """Send a complaint about a sign-up's mail."""
    report(scene, {"eventType": "Complaint"})


def report(scene: Scene, detail: dict[str, Any]) -> None:
    """Send what SES reports about a sign-up's mail."""
    (item,) = scene.world.items("REGISTRATION#")
    tags = {
        "template": ["validation"],
        "mailbox": [item["mailbox_mac"]["S"]],
        "registration": [item["id"]["S"]],
    }
    scene.gateway.invoke("mail_feedback", {"detail": {**detail, "mail": {"tags": tags}}})


def run_daily(scene: Scene) -> None:
    """Run the daily deletion."""
    scene.gateway.invoke("delete_accounts", {})


def end_other_session(scene: Scene) -> Answer:
    """End the other session of the account."""
    return scene.ask("account", "DELETE", f"/api/me/sessions/{scene.token}")


def one_session(scene: Scene) -> bool:
    """Return whether the account has one session."""
    return len(list_sessions(scene.world.table, scene.account_id, scene.now)) == 1


def logs_in(identifier: str, password: str) -> Callable[[Scene], object]:
    """Return a check that logging in works at the end."""
    return lambda scene: scene.world.log_in(identifier, password, scene.now + 100)


def asks_for_a_code(scene: Scene) -> bool:
    """Check that logging in asks for a second factor at the end."""
    at = Credentials.key_of(account_id=scene.account_id)
    found = scene.world.table.get(Credentials, at)
    return bool(found and found.asks_second_factor(scene.now))


def has_passkeys(number: int) -> Callable[[Scene], object]:
    """Return a check of how many passkeys the account has, and of their count."""

    def check(scene: Scene) -> bool:
        found = scene.world.table.query(Passkey, Passkey.partition(account_id=scene.account_id))
        at = Credentials.key_of(account_id=scene.account_id)
        credentials = scene.world.table.get(Credentials, at)
        assert credentials
        return len(found) == (credentials.passkeys or 0) == number

    return check


def is_renamed(scene: Scene) -> bool:
    """Check that the passkey has its new name."""
    at = Passkey.key_of(account_id=scene.account_id, place=0)
    found = scene.world.table.get(Passkey, at)
    return bool(found and found.label == "Clé bleue")


def of_passkey(method: str, body: Any = None) -> Callable[[Scene], Answer]:
    """Return a request about the scene's passkey."""
    return lambda scene: scene.ask("passkeys", method, f"/api/me/passkeys/{scene.token}", body)


def _signed(scene: Scene) -> dict[str, Any]:
    return {"credential": scene.options}


def _new_password(scene: Scene) -> dict[str, str]:
    return {"token": scene.token, "password": CHANGED, "confirmation": CHANGED}


def _token(scene: Scene) -> dict[str, str]:
    return {"token": scene.token}


def _token_only(name: str) -> Callable[[Scene], dict[str, str]]:
    return lambda scene: {name: scene.token}


def _contact(_: Scene) -> dict[str, str]:
    return {
        "reason": "login-impossible",
        "last_name": "Dupont",
        "first_name": "Michèle",
        "email": EMAIL,
        "message": "Bonjour",
    }


def _confirms(scene: Scene) -> None:
    session = scene.world.authenticate(scene.cookie, scene.now)
    token = _mail_of(scene, "gerer/mon-compte")
    scene.world.confirm_email(session, token, scene.now + 20)


def _recovers(scene: Scene) -> None:
    scene.world.reset(_mail_of(scene, "nouveau-mot-de-passe"), CHANGED, int(time.time()) + 20)


def _validates(scene: Scene) -> None:
    scene.world.set_password(_mail_of(scene, "valider"), now=int(time.time()) + 20)


def _handle(scene: Scene) -> str:
    return scene.world.items("REGISTRATION#")[0]["id"]["S"]


SIGN_UP = request("signup", "POST", "/api/signup", lambda _: PERSON)
RESEND = request("signup", "POST", "/api/signup/resend", lambda _: {"email": EMAIL})
DELIVERY = request(
    "signup", "POST", "/api/signup/delivery", lambda scene: {"registration": _handle(scene)}
)
OPEN = request("validate_email", "POST", "/api/email-validation", _token)
OPEN_RECOVERY = request("set_password", "POST", "/api/password-recovery/link", _token)
SET_PASSWORD = request("set_password", "PUT", "/api/password", _new_password)
LOG_IN = request(
    "login", "POST", "/api/login", lambda _: {"identifier": EMAIL, "password": PASSWORD}
)
GUESS = request("login", "POST", "/api/login", lambda _: {"identifier": EMAIL, "password": WRONG})
SECOND_STEP = request(
    "second_factor",
    "POST",
    "/api/login/second-factor",
    lambda scene: {"ticket": scene.token, "code": TOTP(scene.secret).at(scene.now)},
)


def declare(
    sales: int, services: int, version: int = 0, code: str = "2026-08"
) -> Callable[[Scene], Answer]:
    """Return the declaration of a period that is open."""
    turnover = {"sales": sales, "commercial_services": services}
    form = {"turnover": turnover, "expected_version": version}
    return request("declare", "PUT", f"/api/me/periods/{code}/declaration", lambda _: form)


DECLARE = declare(0, 2400)
READ_PERIODS = request("declare", "GET", "/api/me/periods")
SIGN_MANDATE = request(
    "payments",
    "POST",
    "/api/me/sepa-mandates",
    lambda _: {"iban": grouped(french(2)), "holder": "Michèle Dupont", "scheme": "b2b"},
)
READ_MANDATES = request("payments", "GET", "/api/me/sepa-mandates")


def of_mandate(method: str, after: str = "") -> Callable[[Scene], Answer]:
    """Return a request about the scene's mandate."""
    return lambda scene: scene.ask(method=method, name="payments", path=_path(scene, after))


def _path(scene: Scene, after: str) -> str:
    return f"/api/me/sepa-mandates/{scene.token}{after}"


def ORDER(scene: Scene) -> Answer:  # noqa: N802 - as the other requests
    """Order what is due for a period; of the mandate whose reference is kept."""
    path = "/api/me/periods/2026-08/payments"
    form = {"rum": scene.token, "amount_cents": 25700}
    return scene.ask("payments", "POST", path, form, sent={"Idempotency-Key": ["1"]})


def of_payment(method: str, after: str = "") -> Callable[[Scene], Answer]:
    """Return a request about the scene's payment."""
    return lambda scene: scene.ask("payments", method, f"/api/me/payments/{scene.token}{after}")


def stages(scene: Scene) -> list[str]:
    """Return the stage of each payment."""
    return [each["stage"]["S"] for each in scene.world.items("DECLARATION#") if "stage" in each]


def plan_form(instalments: int) -> dict[str, Any]:
    """Return what asks for a plan."""
    reason = "Un client paie en retard."
    return {"instalments": instalments, "first_on": "2026-10-05", "reason": reason}


def sign_plan(instalments: int) -> Callable[[Scene], Answer]:
    """Return the request that signs a plan."""
    return request("payments", "POST", "/api/me/plans", lambda _: plan_form(instalments))


def plan_states(scene: Scene) -> list[str]:
    """Return the state of each plan."""
    plans = scene.ask("payments", "GET", "/api/me/plans").json["plans"]
    return [each["state"] for each in plans]


RECOVER = request(
    "recover_password", "POST", "/api/password-recovery", lambda _: {"identifier": EMAIL}
)
CHANGE_PASSWORD = request(
    "account",
    "PUT",
    "/api/me/password",
    lambda _: {"password": CHANGED, "confirmation": CHANGED},
)
CHANGE_EMAIL = request("account", "PUT", "/api/me/email", lambda _: {"email": OTHER})
CONTACT = request("contact", "POST", "/api/contact", _contact)
ESTIMATED: dict[str, Any] = {
    "period": "2026-10",
    "nature": "commerciale",
    "territory": "metropole",
    "started_on": "2026-03-15",
    "acre": False,
    "flat_tax": True,
    "turnover": {"sales": 0, "commercial_services": 2400},
}
ESTIMATE = request("estimate", "POST", "/api/estimates", lambda _: ESTIMATED)


def operate(action: str, **about: str) -> Callable[[Scene], None]:
    """Return a request to the operators' function; ``account_id`` is filled in."""

    def ask(scene: Scene) -> None:
        asked = {"action": action, "operator": "camille.operatrice", "reason": "ticket 4821"}
        asked |= {name: value or scene.account_id for name, value in about.items()}
        with scene.world.answering(aws.lambda_(), "Invoke", {"StatusCode": 202}, 202):
            assert scene.gateway.invoke("ops", asked)["outcome"] == "done"

    return ask


def unsent(scene: Scene) -> None:
    """Start from a sign-up whose mail SES refused: a note says so."""
    scene.world.sign_up(scene.now)
    deliver_in_vain(scene)


def deliver_in_vain(scene: Scene) -> None:
    """Make SES refuse what waits in the outbox."""
    refused = ClientError({"Error": {"Code": "MessageRejected"}}, "SendEmail")
    with scene.world.failing(aws.ses(), "SendEmail", refused):
        scene.drain()


def failed_event_of(function: str) -> Callable[[Scene], None]:
    """Start from an event that a function failed to apply."""
    arn = f"arn:aws:lambda:eu-west-3:123456789012:function:portail-{function}:live"
    failed = {"requestContext": {"functionArn": arn}, "requestPayload": {"detail": {}}}

    def fail(scene: Scene) -> None:
        # With a client of its own, whose calls are not counted.
        sqs = get_session().create_client("sqs")
        queue = scene.world.settings.failed_events
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(failed))

    return fail


failed_event = failed_event_of("Affiliation")


def replay_events(scene: Scene) -> None:
    """Make a decision fail, then ask for it to be applied again."""
    failed_event(scene)
    operate("replay-events")(scene)


def start_journey(scene: Scene) -> None:
    """Let the schedule start a synthetic journey; the site answers with the scene's sign-up."""
    with site(registered(_handle(scene))):
        scene.gateway.invoke("watch", {"source": "aws.events"})


def arrive(scene: Scene) -> None:
    """Let SES report that the mail of a synthetic journey was delivered."""
    tags = {"registration": [item["id"]["S"] for item in scene.world.items("REGISTRATION#")]}
    if tags["registration"]:
        event = {"source": "aws.ses", "detail": {"mail": {"tags": tags}}}
        scene.gateway.invoke("watch", event)


def watched(scene: Scene) -> None:
    """Start from the sign-up of a synthetic journey, whose mail was sent."""
    scene.world.sign_up(scene.now, email=ADDRESS)
    scene.world.deliver(scene.now)


def check_version(scene: Scene) -> None:
    """Let CodeDeploy ask about a new version of a function."""
    event = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}
    with deploying(scene.world, "portail-Login", {"statusCode": 401}):
        scene.gateway.invoke("check_version", event)


TICKETS = frozenset({"TOKEN 5"})
STATES = frozenset({"TOKEN 16"})
"""Of logins at a provider that are not finished."""
AUDITED_TWICE = frozenset({"AUDIT"})

LOGGED_IN_TWICE = frozenset({"SESSION", "ACTIVITY new-device", "Nouvelle connexion à votre compte"})
"""A login whose answer was lost is still a login: its session and its notice stay."""

USE_CASES = [
    UseCase(
        "sign up",
        "signup",
        nobody,
        SIGN_UP,
        _validates,
        doubled=frozenset({"REGISTRATION", "EMAIL"}),
    ),
    UseCase("resend", "signup", signed_up, RESEND, _validates, doubled=frozenset({"TOKEN 1"})),
    UseCase("delivery", "signup", signed_up, DELIVERY),
    UseCase("open", "validate_email", signed_up, OPEN),
    UseCase("open late", "validate_email", signed_up_long_ago, OPEN, _validates),
    UseCase(
        "set password",
        "set_password",
        signed_up,
        SET_PASSWORD,
        logs_in(EMAIL, CHANGED),
        again=frozenset({409}),
    ),
    UseCase("set password late", "set_password", signed_up_long_ago, SET_PASSWORD, _validates),
    UseCase("log in", "login", with_account, LOG_IN, doubled=LOGGED_IN_TWICE),
    UseCase("log in again", "login", logged_in, LOG_IN, doubled=LOGGED_IN_TWICE),
    UseCase("log in elsewhere", "login", elsewhere, LOG_IN, doubled=LOGGED_IN_TWICE),
    UseCase("log in while blocked", "login", blocked, LOG_IN, doubled=LOGGED_IN_TWICE),
    UseCase("log in, a code is due", "login", with_second_factor, LOG_IN, doubled=TICKETS),
    UseCase(
        "second step",
        "second_factor",
        at_the_second_step,
        SECOND_STEP,
        again=frozenset({401, 410}),
        doubled=LOGGED_IN_TWICE,
    ),
    UseCase(
        "second step while blocked",
        "second_factor",
        second_step_blocked,
        SECOND_STEP,
        again=frozenset({401, 410}),
        doubled=LOGGED_IN_TWICE,
    ),
    UseCase(
        "second step with a recovery code",
        "second_factor",
        at_the_second_step,
        request(
            "second_factor",
            "POST",
            "/api/login/second-factor",
            lambda scene: {"ticket": scene.token, "code": scene.codes[0]},
        ),
        again=frozenset({401, 410}),
        doubled=LOGGED_IN_TWICE,
    ),
    UseCase(
        "second step, wrong code",
        "second_factor",
        at_the_second_step,
        request(
            "second_factor",
            "POST",
            "/api/login/second-factor",
            lambda scene: {"ticket": scene.token, "code": "0000-0000-0000-0000"},
        ),
    ),
    UseCase(
        "second step while it is being removed",
        "second_factor",
        being_removed,
        SECOND_STEP,
        asks_for_a_code,
        again=frozenset({401, 410}),
        doubled=LOGGED_IN_TWICE,
    ),
    UseCase(
        "keep the second factor",
        "second_factor",
        cancelling,
        request("second_factor", "POST", "/api/second-factor-keep", _token),
        lambda scene: scene.world.kinds(scene.account_id)[0] == "second-factor-kept",
        again=frozenset({410}),
    ),
    UseCase(
        "look at the second factor",
        "second_factor",
        with_second_factor,
        request("second_factor", "GET", "/api/me/totp"),
    ),
    UseCase(
        "make a secret",
        "second_factor",
        logged_in,
        request("second_factor", "POST", "/api/me/totp"),
    ),
    UseCase(
        "confirm a secret",
        "second_factor",
        secret_made,
        request(
            "second_factor",
            "PUT",
            "/api/me/totp",
            lambda scene: {"code": TOTP(scene.secret).at(scene.now)},
        ),
        asks_for_a_code,
        again=frozenset({409}),
    ),
    UseCase(
        "remove the second factor",
        "second_factor",
        with_second_factor,
        request("second_factor", "DELETE", "/api/me/totp"),
        logs_in(EMAIL, PASSWORD),
    ),
    UseCase(
        "make recovery codes",
        "second_factor",
        with_second_factor,
        request("second_factor", "POST", "/api/me/recovery-codes"),
        doubled=frozenset({"ACTIVITY recovery-codes-made", "Vos codes de secours ont changé"}),
    ),
    UseCase(
        "log in with a provider",
        "sso",
        linked,
        come_from_provider("login"),
        doubled=LOGGED_IN_TWICE | STATES,
    ),
    UseCase(
        "log in with a provider, a code is due",
        "sso",
        linked_with_second_factor,
        come_from_provider("login"),
        doubled=TICKETS | STATES,
    ),
    UseCase(
        "confirm who one is with a provider",
        "sso",
        linked,
        come_from_provider("confirm"),
        doubled=LOGGED_IN_TWICE | STATES,
    ),
    UseCase(
        "come from a provider without account",
        "sso",
        nobody,
        come_from_provider("login"),
        doubled=STATES | {"TOKEN 17"},
    ),
    UseCase(
        "read what a provider says",
        "sso",
        newcomer,
        request("sso", "POST", "/api/sso/identity", _token_only("ticket")),
    ),
    UseCase(
        "link an identity",
        "sso",
        newcomer,
        request("sso", "POST", "/api/me/identities", _token_only("ticket")),
        lambda scene: scene.world.items("IDENTITY#"),
        again=frozenset({410}),
    ),
    UseCase(
        "list identities", "sso", linked_a_while_ago, request("sso", "GET", "/api/me/identities")
    ),
    UseCase(
        "remove an identity",
        "sso",
        identity_listed,
        lambda scene: scene.ask(
            "sso",
            "DELETE",
            f"/api/me/identities/{scene.token}",
        ),
        lambda scene: not scene.world.items("IDENTIT"),
        again=frozenset({404}),
    ),
    UseCase(
        "export with an identity", "account", linked, request("account", "GET", "/api/me/export")
    ),
    UseCase(
        "delete what is due, with an identity",
        "delete_accounts",
        linked_and_due,
        run_daily,
        lambda scene: not scene.world.items("IDENTIT"),
    ),
    UseCase(
        "ask what a passkey signs",
        "passkeys",
        nobody,
        request("passkeys", "POST", "/api/login/passkey/options", lambda _: {}),
        doubled=frozenset({"TOKEN 7"}),
    ),
    UseCase(
        "ask what a passkey signs to confirm",
        "passkeys",
        with_passkey,
        request("passkeys", "POST", "/api/login/passkey/options", lambda _: {"confirm": True}),
        doubled=frozenset({"TOKEN 7"}),
    ),
    UseCase(
        "log in with a passkey",
        "passkeys",
        signing,
        request("passkeys", "POST", "/api/login/passkey", _signed),
        again=frozenset({401}),
        doubled=LOGGED_IN_TWICE,
    ),
    UseCase(
        "log in with a forged signature",
        "passkeys",
        forging,
        request("passkeys", "POST", "/api/login/passkey", _signed),
    ),
    UseCase(
        "log in with a copied passkey",
        "passkeys",
        copied_passkey,
        request("passkeys", "POST", "/api/login/passkey", _signed),
    ),
    UseCase(
        "list passkeys", "passkeys", with_passkey, request("passkeys", "GET", "/api/me/passkeys")
    ),
    UseCase(
        "ask for a passkey",
        "passkeys",
        logged_in,
        request("passkeys", "POST", "/api/me/passkeys/options"),
        doubled=frozenset({"TOKEN 6"}),
    ),
    UseCase(
        "add a passkey",
        "passkeys",
        making_passkey,
        request("passkeys", "POST", "/api/me/passkeys", _signed),
        has_passkeys(1),
        again=frozenset({422}),
    ),
    UseCase(
        "rename a passkey",
        "passkeys",
        with_passkey,
        of_passkey("PATCH", {"name": "Clé bleue"}),
        is_renamed,
        doubled=frozenset({"ACTIVITY passkey-renamed"}),
    ),
    UseCase(
        "remove a passkey",
        "passkeys",
        with_passkey,
        of_passkey("DELETE"),
        has_passkeys(0),
        again=frozenset({404}),
    ),
    UseCase("guess", "login", with_account, GUESS, logs_in(EMAIL, PASSWORD)),
    UseCase("log out", "logout", logged_in, request("logout", "POST", "/api/logout")),
    UseCase("feed", "activity", logged_in_a_while, request("activity", "GET", "/api/me/activity")),
    UseCase("recover", "recover_password", with_account, RECOVER, _recovers),
    UseCase("open a recovery link", "set_password", recovering, OPEN_RECOVERY),
    UseCase(
        "reset",
        "set_password",
        recovering,
        SET_PASSWORD,
        logs_in(EMAIL, CHANGED),
        again=frozenset({404}),
    ),
    UseCase("profile", "account", affiliated, request("account", "GET", "/api/me")),
    UseCase("export", "account", logged_in, request("account", "GET", "/api/me/export")),
    UseCase("sessions", "account", logged_in, request("account", "GET", "/api/me/sessions")),
    UseCase(
        "change phone",
        "account",
        logged_in,
        request("account", "PATCH", "/api/me", lambda _: {"mobile_phone": "0612345679"}),
        lambda scene: scene.world.account(scene.account_id).mobile_phone == "+33612345679",
        doubled=frozenset({"ACTIVITY phone-changed"}),
    ),
    UseCase(
        "correct one's identity",
        "account",
        logged_in,
        request("account", "PATCH", "/api/me", lambda _: CORRECTION),
        logs_in(CORRECTION["nir"], PASSWORD),
    ),
    UseCase(
        "change password",
        "account",
        logged_in,
        CHANGE_PASSWORD,
        logs_in(EMAIL, CHANGED),
        doubled=frozenset({"ACTIVITY password-changed"}),
    ),
    UseCase("change e-mail", "account", logged_in, CHANGE_EMAIL, _confirms),
    UseCase(
        "confirm e-mail",
        "account",
        changing_email,
        request("account", "POST", "/api/me/email/confirmation", _token),
        logs_in(OTHER, PASSWORD),
        again=frozenset({410}),
    ),
    UseCase(
        "withdraw e-mail",
        "account",
        changing_email,
        request("account", "DELETE", "/api/me/email"),
        lambda scene: scene.world.account(scene.account_id).new_email is None,
    ),
    UseCase(
        "undo e-mail",
        "account",
        changed_email,
        request("account", "POST", "/api/email-undo", _token),
        lambda scene: scene.world.account(scene.account_id).email == EMAIL,
        again=frozenset({410}),
    ),
    UseCase(
        "undo e-mail and a second factor",
        "account",
        changed_email_and_factor,
        request("account", "POST", "/api/email-undo", _token),
        lambda scene: scene.world.account(scene.account_id).email == EMAIL,
        again=frozenset({410}),
    ),
    UseCase(
        "undo e-mail and a passkey",
        "account",
        changed_email_and_passkey,
        request("account", "POST", "/api/email-undo", _token),
        has_passkeys(0),
        again=frozenset({410}),
    ),
    UseCase(
        "end session",
        "account",
        with_another_session,
        end_other_session,
        again=frozenset({404}),
    ),
    UseCase(
        "end other sessions",
        "account",
        with_another_session,
        request("account", "DELETE", "/api/me/sessions"),
        one_session,
        doubled=frozenset({"ACTIVITY other-sessions-ended"}),
    ),
    UseCase(
        "delete",
        "account",
        logged_in,
        request("account", "DELETE", "/api/me"),
        lambda scene: scene.world.account(scene.account_id).deletion_at,
        again=frozenset({401}),
    ),
    UseCase(
        "keep",
        "account",
        leaving,
        request("account", "PATCH", "/api/me", lambda _: {"deletion_at": None}),
        lambda scene: scene.world.account(scene.account_id).deletion_at is None,
    ),
    UseCase("declare", "declare", affiliated, DECLARE, lambda scene: versions(scene) == 1),
    UseCase(
        "correct a declaration",
        "declare",
        declared,
        declare(100, 2400, version=1),
        lambda scene: versions(scene) == 2,
    ),
    UseCase(
        "declare above ceilings",
        "declare",
        affiliated,
        declare(200_000, 100_000),
        lambda scene: {"ceiling-over", "vat-raised"} <= {*scene.world.kinds(scene.account_id)},
    ),
    UseCase("read periods", "declare", declared, READ_PERIODS),
    UseCase(
        "read a period", "declare", declared, request("declare", "GET", "/api/me/periods/2026-08")
    ),
    UseCase(
        "read the business", "declare", declared, request("declare", "GET", "/api/me/business")
    ),
    UseCase(
        "read a calendar", "declare", declared, request("declare", "GET", "/api/me/periods.ics")
    ),
    UseCase(
        "read a receipt",
        "declare",
        declared,
        request("declare", "GET", "/api/me/periods/2026-08/receipt"),
    ),
    UseCase(
        "read reminders", "declare", affiliated, request("declare", "GET", "/api/me/reminders")
    ),
    UseCase(
        "switch reminders off",
        "declare",
        affiliated,
        request("declare", "PUT", "/api/me/reminders", lambda _: {"mails": False}),
        lambda scene: not scene.world.business(scene.account_id).reminder_mails,
    ),
    UseCase(
        "confirm a business",
        "affiliation",
        with_account,
        confirm_business,
        lambda scene: scene.world.business(scene.account_id).versions,
    ),
    UseCase(
        "change a business",
        "affiliation",
        affiliated,
        change_business,
        lambda scene: len(scene.world.business(scene.account_id).versions) == 2,
    ),
    UseCase(
        "end a business",
        "affiliation",
        affiliated,
        end_business,
        lambda scene: scene.world.business(scene.account_id).look_at is None,
    ),
    UseCase(
        "tell of periods",
        "clock",
        affiliated_in_august,
        tell,
        lambda scene: (
            {"period-reminder", "period-overdue"} <= {*scene.world.kinds(scene.account_id)}
        ),
    ),
    UseCase(
        "delete what was declared",
        "delete_accounts",
        declared_and_due,
        run_daily,
        lambda scene: scene.world.items("ARCHIVE#") and not scene.world.items("DECLARATION#"),
    ),
    UseCase(
        "sign a mandate",
        "payments",
        affiliated,
        SIGN_MANDATE,
        lambda scene: allowed(scene) == 1,
    ),
    UseCase(
        "sign another mandate",
        "payments",
        with_mandate,
        SIGN_MANDATE,
        lambda scene: allowed(scene) == 2,
    ),
    UseCase("read mandates", "payments", with_mandate, READ_MANDATES),
    UseCase("print a mandate", "payments", with_mandate, of_mandate("GET", "/pdf")),
    UseCase(
        "revoke a mandate",
        "payments",
        with_mandate,
        of_mandate("DELETE"),
        lambda scene: allowed(scene) == 0 and scene.world.items("ARCHIVE#"),
    ),
    UseCase(
        "order a payment",
        "payments",
        declared_with_mandate,
        ORDER,
        lambda scene: stages(scene) == ["ordered"] and scene.world.items("DEBIT#"),
    ),
    UseCase(
        "read payments",
        "payments",
        with_payment,
        request("payments", "GET", "/api/me/payments"),
    ),
    UseCase(
        "read a balance",
        "payments",
        with_payment,
        request("payments", "GET", "/api/me/balance"),
    ),
    UseCase("read plans", "payments", with_plan, request("payments", "GET", "/api/me/plans")),
    UseCase(
        "propose a plan",
        "payments",
        owing,
        request("payments", "POST", "/api/me/plans/proposals", lambda _: plan_form(3)),
    ),
    UseCase(
        "sign a plan",
        "payments",
        owing,
        sign_plan(3),
        lambda scene: plan_states(scene) == ["running"] and scene.world.items("INSTALMENT#"),
    ),
    UseCase(
        "decide on a plan",
        "affiliation",
        with_plan,
        lambda scene: told(scene, "PlanDecided", scene.now, plan=1, decision="accepted"),
        lambda scene: plan_states(scene) == ["running"] and scene.world.items("INSTALMENT#"),
    ),
    UseCase(
        "tell of an instalment",
        "clock",
        missing_an_instalment,
        tell,
        lambda scene: "plan-broken" in scene.world.kinds(scene.account_id),
    ),
    UseCase(
        "check a balance",
        "ops",
        with_payment,
        operate("check-balance", account_id=""),
        doubled=AUDITED_TWICE,
    ),
    UseCase("print a receipt", "payments", with_payment, of_payment("GET", "/receipt")),
    UseCase(
        "cancel a payment",
        "payments",
        with_payment,
        of_payment("DELETE"),
        lambda scene: stages(scene) == ["cancelled"] and not scene.world.items("DEBIT#"),
    ),
    UseCase(
        "revoke a mandate with an order",
        "payments",
        revoking_orders,
        of_mandate("DELETE"),
        lambda scene: stages(scene) == ["cancelled"] and allowed(scene) == 0,
    ),
    UseCase(
        "correct what is to be paid",
        "declare",
        with_payment,
        declare(0, 1200, version=1),
        lambda scene: stages(scene) == ["cancelled"],
    ),
    UseCase(
        "make the bank's files",
        "bank",
        with_payment,
        make_files,
        lambda scene: stages(scene) == ["sent"] and Bucket(scene.gateway).files("out/"),
    ),
    UseCase(
        "settle a payment",
        "bank_reports",
        sent_payment,
        take_report,
        lambda scene: stages(scene) == ["settled"],
    ),
    UseCase(
        "set a report aside",
        "bank_reports",
        strange_report,
        take_report,
        lambda scene: Bucket(scene.gateway).files("aside/"),
    ),
    UseCase(
        "export with a payment",
        "account",
        with_payment,
        request("account", "GET", "/api/me/export"),
    ),
    UseCase(
        "delete what was paid",
        "delete_accounts",
        payment_and_due,
        run_daily,
        lambda scene: (
            any(each["sk"]["S"].startswith("PAYMENT#") for each in scene.world.items("ARCHIVE#"))
            and not scene.world.items("DECLARATION#")
            and not scene.world.items("DEBIT#")
        ),
    ),
    UseCase(
        "export with a mandate",
        "account",
        with_mandate,
        request("account", "GET", "/api/me/export"),
    ),
    UseCase(
        "delete what was signed",
        "delete_accounts",
        mandate_and_due,
        run_daily,
        lambda scene: scene.world.items("ARCHIVE#") and not scene.world.items("MANDATE#"),
    ),
    UseCase("contact", "contact", nobody, CONTACT, doubled=frozenset({"CONTACT"})),
    UseCase("estimate", "estimate", nobody, ESTIMATE),
    UseCase(
        "decide",
        "affiliation",
        without_siret,
        decide,
        lambda scene: scene.world.account(scene.account_id).siret == "35600000049837",
    ),
    UseCase(
        "decide-on-claims",
        "affiliation",
        claiming,
        decide_on_claims,
        lambda scene: (
            scene.world.account(scene.account_id).nir_status
            == scene.world.account(scene.account_id).siret_status
            == "own"
        ),
    ),
    UseCase("sign-up bounces", "mail_feedback", signed_up, sign_up_bounces),
    UseCase("complaint", "mail_feedback", signed_up, complain),
    UseCase(
        "correct with a proof",
        "affiliation",
        with_account,
        correct,
        logs_in(CORRECTION["nir"], PASSWORD),
    ),
    UseCase(
        "bounce",
        "mail_feedback",
        bouncing,
        bounce,
        lambda scene: scene.world.account(scene.account_id).mail_bounced_at,
    ),
    UseCase("delete what is due", "delete_accounts", due, run_daily),
    UseCase("forget what was kept", "delete_accounts", kept, run_daily),
    UseCase(
        "forget a new address",
        "delete_accounts",
        asked_email_long_ago,
        run_daily,
        lambda scene: scene.world.account(scene.account_id).new_email is None,
    ),
    UseCase("look at an account", "delete_accounts", unused(180), run_daily),
    UseCase(
        "tell of a deletion",
        "delete_accounts",
        unused(700),
        run_daily,
        lambda scene: "account-unused" in scene.world.kinds(scene.account_id),
    ),
    UseCase(
        "delete an unused account",
        "delete_accounts",
        unused(730),
        run_daily,
        lambda scene: not scene.world.items("ACCOUNT#"),
    ),
    UseCase(
        "mail a validation",
        "send_mail",
        waiting(SIGN_UP),
        deliver,
        _validates,
        doubled=frozenset({"TOKEN 1"}),  # the link of a repeated mail, when a second has passed
    ),
    UseCase(
        "mail again",
        "send_mail",
        waiting(RESEND, signed_up),
        deliver,
        _validates,
        doubled=frozenset({"TOKEN 1"}),
    ),
    UseCase("mail a holder", "send_mail", waiting(RESEND, with_account), deliver),
    UseCase("mail a recovery", "send_mail", waiting(RECOVER, with_account), deliver, _recovers),
    UseCase(
        "mail a new address", "send_mail", waiting(CHANGE_EMAIL, logged_in), deliver, _confirms
    ),
    UseCase(
        "mail a former address",
        "send_mail",
        waiting(request("account", "POST", "/api/me/email/confirmation", _token), changing_email),
        deliver,
    ),
    UseCase("mail the support", "send_mail", waiting(CONTACT), deliver),
    UseCase(
        "look an account up",
        "ops",
        with_account,
        operate("look-up", account_id=""),
        doubled=AUDITED_TWICE,
    ),
    UseCase(
        "end an account's sessions",
        "ops",
        logged_in,
        operate("end-sessions", account_id=""),
        lambda scene: not scene.world.items("SESSION#"),
        doubled=AUDITED_TWICE | {"ACTIVITY sessions-ended"},
    ),
    UseCase(
        "end an account's passkeys",
        "ops",
        with_passkey,
        operate("end-sessions", account_id=""),
        has_passkeys(0),
        doubled=AUDITED_TWICE | {"ACTIVITY sessions-ended"},
    ),
    UseCase(
        "send a link again",
        "ops",
        signed_up,
        operate("resend-link", email=EMAIL),
        _validates,
        doubled=AUDITED_TWICE | {"TOKEN 1"},
    ),
    UseCase(
        "lift an account's limits",
        "ops",
        blocked,
        operate("lift-limits", account_id=""),
        logs_in(EMAIL, PASSWORD),
        doubled=AUDITED_TWICE,
    ),
    UseCase(
        "lift an identifier's limits",
        "ops",
        blocked,
        operate("lift-limits", identifier=EMAIL),
        logs_in(EMAIL, PASSWORD),
        doubled=AUDITED_TWICE,
    ),
    UseCase(
        "replay messages",
        "ops",
        unsent,
        operate("replay-messages"),
        doubled=AUDITED_TWICE | {"TOKEN 1"},
    ),
    UseCase(
        "remove a second factor",
        "ops",
        with_second_factor,
        operate("remove-second-factor", account_id=""),
        asks_for_a_code,
        doubled=AUDITED_TWICE,
    ),
    UseCase("replay events", "ops", nobody, replay_events, doubled=AUDITED_TWICE),
    UseCase(
        "make a file again", "bank", files_made, make_files_again, lambda scene: files(scene) == 2
    ),
    UseCase("ask for a file again", "ops", files_made, ask_for_a_file_again, doubled=AUDITED_TWICE),
    UseCase("start a journey", "watch", watched, start_journey),
    UseCase(
        "end a journey",
        "watch",
        watched,
        arrive,
        lambda scene: not scene.world.items("REGISTRATION#"),
    ),
    UseCase("check a version", "check_version", nobody, check_version),
    *(
        UseCase(f"mail {kind}", "send_mail", mailed(kind, with_account, account_id=""), deliver)
        for kind in (
            "affiliation-confirmed",
            "affiliation-rejected",
            "ceiling-near",
            "new-device",
            "period-reminder",
            "password-changed",
            "email-restored",
            "number-lost",
            "payment-cancelled",
            "payment-ordered",
            "payment-returned",
            "plan-agreed",
            "plan-broken",
            "plan-refused",
            "plan-reminder",
            "plan-submitted",
            "sepa-mandate-revoked",
            "sepa-mandate-signed",
            "deletion-scheduled",
            "account-unused",
            "identity-corrected",
            "identity-corrected-with-proof",
            "identity-linked",
            "identity-removed",
            "passkey-added",
            "passkey-removed",
            "passkey-copied",
        )
    ),
    *(
        UseCase(f"publish {kind}", "send_mail", mailed(kind, nobody, account_id="a"), deliver)
        for kind in (
            "AccountActivated",
            "AccountDeleted",
            "LoginSucceeded",
            "LoginFailed",
            "NumberDisputed",
            "PasswordChanged",
            "PaymentCancelled",
            "PaymentOrdered",
            "PaymentReturned",
            "PaymentSettled",
            "PaymentsFrozen",
            "SepaMandateSigned",
            "TurnoverDeclared",
        )
    ),
]


def mails_and_events(world: World) -> tuple[Counter[str], Counter[str]]:
    """Return the mails that were sent, by address and subject, and the events."""
    mails = Counter(f"{mail.to[0]}: {mail.subject}" for mail in world.mails())
    events = Counter(
        f"{event['DetailType']} {json.loads(event['Detail'])['account_id'] is None}"
        for event in world.events()
    )
    return mails, events
