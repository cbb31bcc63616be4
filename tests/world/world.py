"""The world of the tests: a table, secrets, a key, mails and a bus, all in memory.

Its settings come from ``template.yaml``. None of our code is replaced: time is an argument, and
moto answers for AWS below botocore.
"""

import json
import re
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from portal.affiliation import decisions
from portal.affiliation import feed as affiliation_feed
from portal.affiliation.mails import MAILS as AFFILIATION_MAILS
from portal.core import aws, identifiers, keys, outbox
from portal.core import settings as portal_settings
from portal.core import table as portal_table
from portal.core.acting import Acting
from portal.core.bus import publisher
from portal.core.feed import Entry, read_all
from portal.core.identifiers import decrypt_for_account, encrypt_for_account
from portal.core.keyring import Keyring, LookupKeys, PepperKeys, TokenKeys
from portal.core.links import unseal
from portal.core.mail import Mailer
from portal.core.outbox import Outgoing
from portal.core.post import Post
from portal.core.session import Opened, Proof, Session, authenticate, new_session
from portal.core.settings import Limits, Settings
from portal.core.table import Table
from portal.core.writes import put
from portal.declarations import business
from portal.declarations import feed as declarations_feed
from portal.declarations.events import EVENTS as OF_DECLARATIONS
from portal.declarations.mails import MAILS as DECLARATIONS_MAILS
from portal.declarations.records import Business, Details
from portal.identity import (
    activation,
    email_change,
    feed,
    login,
    oidc_http,
    passkey_login,
    passkeys,
    password_change,
    passwords,
    recovery,
    second_factor,
    second_factor_setup,
    signup,
)
from portal.identity.events import EVENTS
from portal.identity.mails import MAILS as IDENTITY_MAILS
from portal.identity.opening import Browser
from portal.identity.passkey_checks import Json, relying_party
from portal.identity.passkey_records import Passkey
from portal.identity.purposes import EMAIL_UNDO, EMAIL_VALIDATION, PASSWORD_RECOVERY
from portal.identity.records import Account, Credentials, Identifier, Registration
from portal.identity.signup import Identity
from portal.identity.tickets import Due
from portal.payments import feed as payments_feed
from portal.payments import mandates
from portal.payments.events import EVENTS as OF_PAYMENTS
from portal.payments.mails import MAILS as PAYMENTS_MAILS
from portal.payments.records import Mandate, Scheme
from portal.rules.nir import mask_nir
from portal.support.mails import MAILS as SUPPORT_MAILS
from tests.world.authenticator import Authenticator
from tests.world.businesses import BUSINESS
from tests.world.cloud import (
    CLIENTS,
    Call,
    Calls,
    evaluate,
    read_items,
    remove_item,
    renew_resources,
    write_item,
)

NOW = 1_790_000_000
"""The clock of the tests: in September 2026, not at the start of a minute."""
PASSWORD = "Correct-Horse-7"
FEED = (*feed.KINDS, *affiliation_feed.KINDS, *declarations_feed.KINDS, *payments_feed.KINDS)
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=32, salt_len=16)
MAILS = {
    **IDENTITY_MAILS,
    **AFFILIATION_MAILS,
    **DECLARATIONS_MAILS,
    **PAYMENTS_MAILS,
    **SUPPORT_MAILS,
}

# On a fresh clone the first example builds Unicode tables: slow once, not because of the rules.
hypothesis_settings.register_profile(
    "portal", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
hypothesis_settings.load_profile("portal")


_OPENED: dict[tuple[Any, ...], tuple[str, list[dict[str, Any]], list[Call]]] = {}


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that SES was asked to send."""

    to: list[str]
    subject: str
    text: str
    html: str

    @property
    def token(self) -> str:
        """The token of its link."""
        return self.link.partition("#")[2]

    @property
    def link(self) -> str:
        """Its link that carries a token."""
        found = re.search(r"https://\S+#\S+", self.text)
        assert found
        return found[0]


@dataclass(slots=True)
class World:
    """The table and the keys, and short ways to reach what most tests start from."""

    calls: Calls
    table: Table
    template: dict[str, Any]
    failures: list[str | None] = field(default_factory=list[str | None])
    """The accounts whose failed logins were reported."""

    @property
    def settings(self) -> Settings:
        """The settings of the functions."""
        return portal_settings.settings()

    @property
    def limits(self) -> Limits:
        """The limits of the template."""
        return self.settings.limits

    def identity(self, **changes: Any) -> Identity:
        """Return a synthetic person."""
        nir = changes.get("nir", "2940375120005")
        person: dict[str, Any] = {
            "last_name": "Dupont",
            "first_name": "Michèle",
            "mobile_phone": "+33612345678",
            "email": "michele.dupont@example.fr",
            "nir": nir,
            "nir_masked": nir and mask_nir(nir),
            "siret": "35600000000048",
            "is_agent": False,
        }
        return Identity(**person | changes)

    def sign_up(self, now: int = NOW, **changes: Any) -> str:
        """Sign up; return the registration's id."""
        start = len(self.calls.all)
        signup.sign_up(
            self.table,
            keys.lookup_keys(),
            self.limits,
            partial(identifiers.encrypt_for_account, aws.kms(), self.settings.data_key),
            self.identity(**changes),
            now,
        )
        written = next(each for each in self.calls.all[start:] if "TransactItems" in each.asked)
        puts = (each["Put"]["Item"] for each in written.asked["TransactItems"] if "Put" in each)
        return next(puts)["id"]["S"]

    def resend(self, email: str, now: int = NOW, registration: str | None = None) -> None:
        """Ask for the link again, of one sign-up or of each of the address."""
        signup.resend(self.table, keys.lookup_keys(), self.limits, email, registration, now)

    def open_link(self, token: str, now: int = NOW) -> Registration:
        """Open a validation link."""
        return activation.open_link(self.table, keys.token_keys(), self.limits, token, now)[1]

    def set_password(
        self, token: str, password: str = PASSWORD, confirmation: str | None = None, now: int = NOW
    ) -> None:
        """Set a password; by default its confirmation is the same."""
        activation.set_password(
            self.table,
            keys.lookup_keys(),
            keys.pepper_keys(),
            self.limits,
            unseal(keys.token_keys(), token, EMAIL_VALIDATION),
            password,
            password if confirmation is None else confirmation,
            now,
        )

    def open_account(self, now: int = NOW, **changes: Any) -> str:
        """Go from sign-up to a password; return the account's id.

        Done once for each person, time and KMS key: what was written and asked then is copied into
        any other world that is still empty.
        """
        if self.calls.all:
            return self._open_account(now, **changes)
        wanted = (self.settings.data_key, now, *sorted(changes.items()))
        if wanted not in _OPENED:
            account_id = self._open_account(now, **changes)
            _OPENED[wanted] = account_id, self.items(), list(self.calls.all)
            return account_id
        account_id, items, calls = _OPENED[wanted]
        for read in (keys.lookup_keys, keys.token_keys, keys.pepper_keys):
            read()
        for item in items:
            write_item(self.settings.table_name, item)
        self.calls.all[:] = calls
        return account_id

    def _open_account(self, now: int, **changes: Any) -> str:
        registration_id = self.sign_up(now, **changes)
        (mail,) = self.deliver(now)
        self.set_password(mail.token, now=now)
        registration = self.table.get(Registration, Registration.key_of(id=registration_id))
        assert registration
        return registration.account_id

    def log_in(
        self, identifier: str, password: str = PASSWORD, now: float = NOW, **browser: str
    ) -> Opened:
        """Log in at a time in seconds, from a browser with these cookies and this name."""
        opened = self.first_step(identifier, password, now, **browser)
        assert isinstance(opened, Opened)
        return opened

    def first_step(
        self, identifier: str, password: str = PASSWORD, now: float = NOW, **browser: str
    ) -> Opened | Due:
        """Log in with a password; an account with a second factor gives a ticket."""
        return login.log_in(
            self.table,
            keys.lookup_keys(),
            keys.pepper_keys(),
            self.limits,
            keys.token_keys,
            self.failures.append,
            login.Attempt(identifier, password, Browser(**browser)),
            round(now * 1000),
        )

    def switch_on(self, account_id: str, now: int = NOW) -> str:
        """Give an account a second factor and recovery codes; return the secret of its app."""
        acting = self.with_session(account_id, now)
        key = (aws.kms(), self.settings.data_key)
        started = second_factor_setup.start(self.table, partial(encrypt_for_account, *key), acting)
        code = pyotp.TOTP(started.text).at(now)
        second_factor_setup.confirm(self.table, partial(decrypt_for_account, *key), acting, code)
        return started.text

    def with_session(self, account_id: str, now: int = NOW) -> Acting:
        """Return an account's holder, acting in a stored session, in the last place."""
        proof = Proof(account_id, (login.PASSWORD,), now)
        session, _ = new_session(proof, Session.PLACES - 1, previous_login_at=None, device="")
        self.table.write(put(session))
        return Acting.in_session(session, now)

    def ticket(self, identifier: str, now: float = NOW, **browser: str) -> str:
        """Log in with the password to an account with a second factor; return the ticket."""
        due = self.first_step(identifier, now=now, **browser)
        assert isinstance(due, Due)
        return due.ticket

    def second_step(self, ticket: str, code: str, now: float = NOW, **browser: str) -> Opened:
        """Finish a login with a code."""
        return second_factor.log_in(
            self.table,
            keys.lookup_keys(),
            keys.token_keys(),
            self.limits,
            partial(decrypt_for_account, aws.kms(), self.settings.data_key),
            self.failures.append,
            second_factor.Attempt(ticket, code, Browser(**browser)),
            round(now * 1000),
        )

    def add_passkey(
        self, acting: Acting, authenticator: Authenticator, name: str = "", **changes: Any
    ) -> Passkey:
        """Add the passkey of an authenticator to an account; ``changes`` make its answer wrong."""
        party, tokens = relying_party(self.settings.public_url), keys.token_keys()
        asked = passkeys.start(self.table, tokens, party, acting)
        answer = authenticator.create(asked.options, **changes)
        return passkeys.add(self.table, tokens, party, acting, answer, name, "Firefox 140, Linux")

    def passkey_options(self, now: int = NOW, acting: Acting | None = None) -> Json:
        """Ask for what a passkey signs."""
        party, tokens = relying_party(self.settings.public_url), keys.token_keys()
        return passkey_login.start(self.table, tokens, party, acting, now).options

    def sign_in(self, credential: Json, now: int = NOW, **browser: str) -> Opened:
        """Log in with what a passkey signed."""
        return passkey_login.log_in(
            self.table,
            keys.lookup_keys(),
            keys.token_keys(),
            relying_party(self.settings.public_url),
            self.failures.append,
            passkey_login.Attempt(credential, Browser(**browser)),
            now,
        )

    def recover(self, identifier: str, now: int = NOW) -> None:
        """Ask for a recovery link."""
        recovery.request(self.table, keys.lookup_keys(), self.limits, identifier, now)

    def reset(self, token: str, password: str, now: int = NOW) -> None:
        """Set a new password with a recovery link."""
        recovery.reset(
            self.table,
            keys.lookup_keys(),
            keys.pepper_keys(),
            unseal(keys.token_keys(), token, PASSWORD_RECOVERY, EMAIL_UNDO),
            password,
            password,
            now,
        )

    def change_password(self, session: Session, password: str, now: int = NOW) -> None:
        """Change the password of the person logged in."""
        password_change.change_password(
            self.table,
            keys.lookup_keys(),
            keys.pepper_keys(),
            Acting.in_session(session, now),
            password,
            password,
        )

    def request_email(self, session: Session, email: str, now: int = NOW) -> str:
        """Ask for another address; return it masked."""
        acting = Acting.in_session(session, now)
        return email_change.request_email(
            self.table, keys.lookup_keys(), self.limits, acting, email
        )

    def confirm_email(self, session: Session, token: str, now: int = NOW) -> None:
        """Confirm another address with its link."""
        acting = Acting.in_session(session, now)
        email_change.confirm_email(self.table, keys.token_keys(), acting, token)

    def undo_email(self, token: str, now: int = NOW) -> None:
        """Undo the change of an address with the link sent to the former one."""
        email_change.undo_email(self.table, keys.token_keys(), token, now)

    def account(self, account_id: str) -> Account:
        """Return an account."""
        found = self.table.get(Account, Account.key_of(id=account_id))
        assert found
        return found

    def affiliate(self, account_id: str, now: int = NOW, **changes: Any) -> None:
        """Confirm an account's affiliation, with a business."""
        said = BUSINESS | changes
        details = Details(
            **said
            | {
                "started_on": date.fromisoformat(said["started_on"]),
                "activities": tuple(said["activities"]),
            }
        )
        decisions.decide(
            self.table,
            keys.lookup_keys(),
            "AffiliationConfirmed",
            account_id,
            None,
            None,
            now * 1000,
            lambda account: business.changes(self.table, account, details, now * 1000),
        )

    def business(self, account_id: str) -> Business:
        """Return the business of an account."""
        found = self.table.get(Business, Business.key_of(account_id=account_id))
        assert found
        return found

    def acting(self, account_id: str, now: int = NOW) -> Acting:
        """Return an account's holder, acting in a session that was just opened."""
        proof = Proof(account_id, (login.PASSWORD,), now)
        session, _ = new_session(proof, 0, previous_login_at=None, device="")
        return Acting.in_session(session, now)

    def feed(self, account_id: str) -> list[Entry]:
        """Return an account's feed, newest first."""
        return list(read_all(self.table, account_id, FEED))

    def kinds(self, account_id: str) -> list[str]:
        """Return the kinds of an account's feed, newest first, without those of a new account."""
        first = {feed.WELCOME.name, feed.AFFILIATION_REQUESTED.name}
        return [entry.kind for entry in self.feed(account_id) if entry.kind not in first]

    def authenticate(self, cookie: str, now: int = NOW) -> Session:
        """Return the session of a cookie."""
        return authenticate(self.table, cookie, now)

    def identifier(self, typed: str) -> Identifier | None:
        """Return the record of a typed identifier."""
        mac = identifiers.login_mac(keys.lookup_keys(), typed)
        return self.table.get(Identifier, Identifier.key_of(mac=mac))

    def credentials(self, typed: str) -> Credentials:
        """Return the credentials of an identifier's account."""
        identifier = self.identifier(typed)
        assert identifier
        at = Credentials.key_of(account_id=identifier.account_id or "")
        found = self.table.get(Credentials, at)
        assert found
        return found

    def send(self, message_id: str, now: int = NOW) -> None:
        """Send one message of the outbox."""
        post = Post(aws.ses(), self.table, self.limits, lambda: 300.0)
        mailer = Mailer(self.table, keys.token_keys(), keys.lookup_keys(), post, self.settings, now)
        publish = publisher(aws.event_bridge(), self.settings.event_bus)
        senders = {kind: partial(send, mailer) for kind, send in MAILS.items()}
        outbox.deliver(
            self.table,
            message_id,
            {**senders, **dict.fromkeys((*EVENTS, *OF_DECLARATIONS, *OF_PAYMENTS), publish)},
            now,
        )

    def sign_mandate(
        self, acting: Acting, iban: str, holder: str = "Michel Dupont", scheme: Scheme = "core"
    ) -> Mandate:
        """Sign a mandate in a stored session."""
        encrypt = partial(encrypt_for_account, aws.kms(), self.settings.data_key)
        signer = mandates.Signer(keys.lookup_keys(), encrypt, ip_mac="mac")
        return mandates.sign(self.table, signer, acting, mandates.Typed(iban, holder, scheme))

    def messages(self) -> list[Outgoing]:
        """Return what waits in the outbox, oldest first."""
        waiting = [Outgoing.from_item(item) for item in self.items("OUTBOX#")]
        return sorted(waiting, key=lambda each: each.created_at)

    def deliver(self, now: int = NOW) -> list[Mail]:
        """Send all that waits in the outbox; return the mails."""
        before = len(self.mails())
        for message in self.messages():
            self.send(message.id, now)
        return self.mails()[before:]

    def mails(self) -> list[Mail]:
        """Return every mail that SES was asked to send."""
        sent = [call.asked for call in self.calls.all if call.operation == "SendEmail"]
        return [
            Mail(
                to=asked["Destination"]["ToAddresses"],
                subject=(simple := asked["Content"]["Simple"])["Subject"]["Data"],
                text=simple["Body"]["Text"]["Data"],
                html=simple["Body"]["Html"]["Data"],
            )
            for asked in sent
        ]

    def events(self) -> list[dict[str, Any]]:
        """Return every event that the bus was asked to publish."""
        calls = (call for call in self.calls.all if call.operation == "PutEvents")
        return [entry for call in calls for entry in call.asked["Entries"]]

    def items(self, prefix: str = "") -> list[dict[str, Any]]:
        """Return the table's items whose partition starts with a prefix."""
        stored = read_items(self.settings.table_name)
        return [item for item in stored if item["pk"]["S"].startswith(prefix)]

    def sweep(self, prefix: str) -> None:
        """Delete items, as the table's TTL does later."""
        for item in self.items(prefix):
            remove_item(self.settings.table_name, item)

    def add_key(self, secret: str, number: int, text: str) -> None:
        """Add a numbered key to a secret; it signs from now on."""
        content = json.loads(
            aws.secrets_manager().get_secret_value(SecretId=secret)["SecretString"]
        )
        self.put_keys(secret, content | {str(number): text})

    def put_keys(self, secret: str, content: dict[str, str]) -> None:
        """Replace the keys of a secret, written long enough ago that the newest signs."""
        text = json.dumps(content)
        aws.secrets_manager().put_secret_value(SecretId=secret, SecretString=text)
        keys._cache.clear()
        kinds: dict[str, type[Keyring]] = {
            self.settings.token_secret: TokenKeys,
            self.settings.lookup_secret: LookupKeys,
            self.settings.pepper_secret: PepperKeys,
        }
        keys._cache[secret] = (time.monotonic(), kinds[secret].parse(text, age=0, settled=0))

    def failing(
        self, client: Any, operation: str, failure: Exception
    ) -> AbstractContextManager[None]:
        """Make each call of an operation fail."""
        if isinstance(failure, ClientError):
            return self.answering(client, operation, dict(failure.response), status=400)

        def fail(**_: object) -> None:
            raise failure

        return self._before(client, operation, fail)

    def answering(
        self, client: Any, operation: str, content: dict[str, Any], status: int = 200
    ) -> AbstractContextManager[None]:
        """Make each call of an operation answer this."""
        answer = AWSResponse("https://aws.invalid", status, {}, None), content
        return self._before(client, operation, lambda **_: answer)

    @contextmanager
    def _before(self, client: Any, operation: str, answer: Callable[..., Any]) -> Generator[None]:
        event = f"before-call.*.{operation}"
        client.meta.events.register(event, answer)
        try:
            yield
        finally:
            client.meta.events.unregister(event, answer)


def forget() -> None:
    """Empty what the functions keep between requests.

    Not the clients: they keep no answer, and creating them takes longer than a test.
    """
    portal_settings.settings.cache_clear()
    portal_table.table.cache_clear()
    keys._cache.clear()
    oidc_http.directory.cache_clear()


@pytest.fixture
def world(
    request: pytest.FixtureRequest,
    cloud: dict[str, str],
    template: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """Return a new world, with the functions' environment as the template sets it.

    Hashes are cheap, unless the test is marked ``real_hashes``: many are computed, and few tests
    are about their strength. Pauses between two tries take no time.
    """
    monkeypatch.setattr(time, "sleep", lambda _: None)
    if not request.node.get_closest_marker("real_hashes"):
        monkeypatch.setattr(passwords, "_hasher", CHEAP)
        monkeypatch.setattr(passwords, "_NOBODY", CHEAP.hash("nobody"))
    variables: dict[str, Any] = dict(template["Globals"]["Function"]["Environment"]["Variables"])
    for own in ("Sso", "Bank", "Ops"):
        variables |= template["Resources"][own]["Properties"]["Environment"]["Variables"]
    for name, value in variables.items():
        monkeypatch.setenv(name, evaluate(value, cloud))
    renew_resources(template)
    forget()
    calls = Calls()
    for client in CLIENTS:
        client().meta.events.register("provide-client-params.*.*", calls.note)
    yield World(calls, portal_table.table(), template)
    for client in CLIENTS:
        client().meta.events.unregister("provide-client-params.*.*", calls.note)
    forget()
