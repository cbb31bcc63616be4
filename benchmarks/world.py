"""The AWS that a measured function calls: one account with its session, and one open sign-up.

Each call is answered from memory, and its conditions are ignored: only the function is measured,
and every run of it does the same.
"""

import base64
import hashlib
import json
import re
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from portal.core import identifiers
from portal.core.feed import Activity
from portal.core.keyring import LookupKeys, PepperKeys, TokenKeys
from portal.core.links import Link, Token, seal
from portal.core.outbox import Outgoing
from portal.core.records import Record
from portal.core.session import Session
from portal.declarations.records import Business, Declaration, Details, Version, stored_lines
from portal.declarations.timeline import versions_of
from portal.identity import passwords, purposes
from portal.identity.records import (
    AFFILIATION_CONFIRMED,
    Account,
    Credentials,
    Identifier,
    Registration,
)
from portal.payments.records import Mandate
from portal.rules.contributions import estimate
from portal.rules.periods import span_of

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "Sample-Password-1"
EMAIL = "dominique.petit@example.fr"
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-3",
    "AWS_ACCESS_KEY_ID": "measured",
    "AWS_SECRET_ACCESS_KEY": "measured",
    "TABLE_NAME": "table",
    "PUBLIC_URL": "https://portail.example",
    "TOKEN_SECRET": "token",
    "LOOKUP_SECRET": "lookup",
    "PEPPER_SECRET": "pepper",
    "DATA_KEY": "key",
    "MAIL_FROM": "Espace auto-entrepreneur <ne-pas-repondre@portail.example>",
    "MAIL_CONFIGURATION_SET": "mails",
    "SUPPORT_MAILBOX": "assistance@portail.example",
    "PERSONAL_DATA_MAILBOX": "dpo@portail.example",
    "EVENT_BUS": "bus",
    "REQUESTS_PER_MINUTE": "60",
    "MAIL_INTERVAL": "60",
    "MAIL_PER_DOMAIN": "1000",
    "MAILS_PER_SECOND": "14",
    "MAIL_PER_HOUR": "3",
    "MAIL_PER_DAY": "6",
    "FREE_FAILURES": "5",
    "KEY_REFRESH": "300",
    "UNUSED_DAYS": "730",
    "FIRST_NOTICE_DAYS": "30",
    "LAST_NOTICE_DAYS": "7",
    "UNSENT_MESSAGES": "https://sqs.example/unsent",
    "FAILED_EVENTS": "https://sqs.example/failed",
    "POWERTOOLS_SERVICE_NAME": "portail",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    "PUBLISHER_NAME": "Éditeur d’essai",
    "PUBLISHER_ADDRESS": "1 rue de l’Exemple, 75000 Paris",
    "PUBLISHER_EMAIL": "editeur@portail.example",
    "PUBLISHER_PHONE": "01 99 00 00 00",
    "PUBLICATION_DIRECTOR": "Camille Essai",
    "HOSTING_NAME": "Hébergeur d’essai",
    "HOSTING_ADDRESS": "2 rue de l’Exemple, 75000 Paris",
    "HOSTING_PHONE": "01 99 00 00 01",
    "HOSTING_REGION": "eu-west-3",
    "DPO_NAME": "Dominique Essai",
    "DPO_EMAIL": "dpo@portail.example",
    "LOG_RETENTION": "180",
    "SSO_ISSUER": "https://identite.example",
    "SSO_CLIENT_ID": "portail",
    "SSO_LABEL": "Net-Entreprises.fr",
    "SSO_SCOPE": "openid profile email",
    "SSO_PARAMETERS": "",
    "SSO_CLAIMS": "last_name=family_name first_name=given_name email=email siret=siret",
    "SSO_ALGORITHM": "RS256",
    "SSO_SECRET": "client",
    "ERASES_DECLARATIONS": "false",
    "CREDITOR_NAME": "Créancier d’essai",
    "CREDITOR_ID": "FR72ZZZ123456",
    "CREDITOR_IBAN": "FR7699999000010000000000018",
    "BANK_FILES": "portail-bankfiles",
    "BANK_FUNCTION": "portail-Bank",
}
FUNCTIONS = {
    "Login": "login/login",
    "ValidateEmail": "validate_email/good-link",
    "Signup": "signup/sign-up",
    "SetPassword": "set_password/set-password",
    "Logout": "logout/logout",
    "Activity": "activity/first-page",
    "Account": "account/read",
    "RecoverPassword": "recover_password/recover",
    "Contact": "contact/message",
    "Declare": "declare/periods",
    "Estimate": "estimate/estimate",
    "Payments": "payments/mandates",
    "SecondFactor": "second_factor/read",
    "Sso": "sso/identities",
    "Passkeys": "passkeys/list",
    "Web": "web/home",
    "SendMail": "send_mail/validation-mail",
    "MailFeedback": "mail_feedback/bounce",
    "Affiliation": "affiliation/confirmed",
    "DeleteAccounts": "delete_accounts/daily",
    "Clock": "clock/hours",
    "Bank": "bank/noon",
    "BankReports": "bank_reports/dropped",
    "Ops": "ops/look-up",
    "Watch": "watch/arrived",
    "CheckVersion": "check_version/deployment",
}
"""Each function of the template, with the sample event that it is measured with."""
CHECK_SIGNATURES = {"Passkeys", "Sso"}
"""Those that have the layer of signatures."""
OF_THE_BANK = {"Bank", "BankReports"}
"""Those that have the layer of the bank."""

_NEW_VERSION = {"functionName": "portail-Login", "targetVersion": "1"}
_ALWAYS: dict[str, dict[str, Any]] = {
    "PutEvents": {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]},
    "ListDeploymentTargets": {"targetIds": ["1"]},
    "BatchGetDeploymentTargets": {
        "deploymentTargets": [{"lambdaTarget": {"lambdaFunctionInfo": _NEW_VERSION}}]
    },
    "": {"MessageId": "1"},
}
"""What calls are answered whatever they ask."""
_EXACT = {"LOGIN", "CREDENTIALS"}
_SECRETS = {name: json.dumps({"1": name[0] * 64}) for name in ("token", "lookup", "pepper")}
_TOKENS = TokenKeys({1: b"t" * 64})
_LOOKUP = LookupKeys({1: b"l" * 64})
_PEPPER = PepperKeys({1: b"p" * 64})
_ACCOUNT = str(uuid.UUID(int=7, version=4))
_SECRET = bytes(32)
_MESSAGE = "m" * 22


def _records(now: int) -> dict[str, Record]:
    """Return the records of the table, by the first word of their partition."""
    mac = identifiers.email_mac(_LOOKUP, EMAIL)
    registration = Registration(
        first_name="Dominique",
        last_name="Petit",
        id="r" * 42 + "w",
        account_id=_ACCOUNT,
        created_at=now,
        expires_at=now + Registration.RETENTION,
        mobile_phone="+33612345678",
        email="camille.martin@example.fr",
        email_mac=identifiers.email_mac(_LOOKUP, "camille.martin@example.fr"),
        nir_mac=identifiers.nir_mac(_LOOKUP, "2951099126111"),
        nir_masked="2 95 10 •• ••• •••",
        nir_encrypted=bytes(152),
    )
    return {
        "REGISTRATION": registration,
        "TOKEN": Link.of(Token(purposes.EMAIL_VALIDATION, registration.id, now)),
        "ACCOUNT": Account(
            first_name="Dominique",
            last_name="Petit",
            id=_ACCOUNT,
            created_at=now,
            mobile_phone="+33612345678",
            email=EMAIL,
            email_mac=mac,
            affiliation=AFFILIATION_CONFIRMED,
        ),
        "DECLARATION": _business(now),
        "LOGIN": Identifier(mac=mac, failures=1, attempted_at=now * 1000, account_id=_ACCOUNT),
        "CREDENTIALS": Credentials(
            account_id=_ACCOUNT,
            password_hash=passwords.hash_password(_PEPPER, PASSWORD),
            # A first login, which costs the same as one from a known device.
            logins=0,
        ),
        "SESSION": Session(
            account_id=_ACCOUNT,
            place=0,
            secret_sha256=hashlib.sha256(_SECRET).digest(),
            created_at=now,
            seen_at=now,
            expires_at=now + Session.ABSOLUTE,
            device="Firefox, Linux",
        ),
        "ACTIVITY": Activity(
            account_id=_ACCOUNT, id="0", at=now * 1000, kind="new-device", actor=_ACCOUNT
        ),
        "OUTBOX": Outgoing(
            id=_MESSAGE,
            kind="validation",
            created_at=now,
            expires_at=now + Outgoing.RETENTION,
            about={"registration_id": registration.id},
        ),
    }


def _business(now: int) -> Business:
    """Return a business that declares every month since ten years, with nothing declared."""
    details = Details(
        started_on=date(datetime.fromtimestamp(now, UTC).year - 10, 3, 15),
        periodicity="monthly",
        nature="commerciale",
        activities=("sales", "commercial_services"),
        territory="metropole",
        acre=False,
        flat_tax=True,
    )
    version = Version(effective_on=details.started_on, at_ms=now * 1000, details=details)
    return Business(
        account_id=_ACCOUNT,
        affiliated=True,
        affiliated_at=now,
        versions=[msgspec.json.encode(version).decode()],
    )


def _declaration(business: Business, now: int) -> Declaration:
    """Return what was declared for the period that the sample order pays."""
    rated = versions_of(business)[0].details.rated
    amounts = estimate(rated, span_of("2026-08"), {"sales": 0, "commercial_services": 2400})
    return Declaration(
        account_id=_ACCOUNT,
        code="2026-08",
        version=1,
        actor_id=_ACCOUNT,
        at=now,
        lines=stored_lines(amounts),
    )


def _mandate(now: int) -> Mandate:
    return Mandate(
        account_id=_ACCOUNT,
        number=1,
        rum="AE35600000000048-001",
        counted_for="siret",
        scheme="core",
        holder="Dominique Petit",
        iban_encrypted=bytes(152),
        iban_mac="mac",
        last_four="0194",
        signed_at=now,
        actor_id=_ACCOUNT,
        methods=("password",),
        ip_mac="mac",
        text_version=1,
        document_sha256="0" * 64,
        used_at=now,
    )


class World:
    """Answers calls to AWS, and fills sample events with values of its records."""

    def __init__(self, now: int | None = None) -> None:
        self.now = int(time.time()) if now is None else now
        self.records = _records(self.now)
        self._items = {name: _wire(record) for name, record in self.records.items()}
        self._beside: dict[str, list[dict[str, Any]]] = {}
        """By the first word of their partition, what else a query of it finds."""

    def event(self, case: str) -> dict[str, Any]:
        """Return a sample event of ``events/``, with its placeholders filled in."""
        registration = self.records["REGISTRATION"]
        assert isinstance(registration, Registration)
        if case == "payments/order":
            business = self.records["DECLARATION"]
            assert isinstance(business, Business)
            self._beside["DECLARATION"] = [_wire(_declaration(business, self.now))]
            self._items["MANDATE"] = _wire(_mandate(self.now))
        token = Token(purposes.EMAIL_VALIDATION, registration.id, self.now)
        session = uuid.UUID(_ACCOUNT).bytes + b"\0" + _SECRET
        words = {
            "token": seal(_TOKENS, token),
            "session": base64.urlsafe_b64encode(session).decode().rstrip("="),
            "account_id": _ACCOUNT,
            "address": identifiers.email_mac(_LOOKUP, EMAIL),
            "registration_id": registration.id,
            "message_id": _MESSAGE,
        }
        text = (ROOT / "events" / f"{case}.json").read_text()
        return json.loads(re.sub(r"\{\{(\w+)\}\}", lambda found: words[found[1]], text))

    def answer(self, target: str, body: bytes) -> bytes:
        """Answer a call; ``target`` is its ``X-Amz-Target``, empty for SES, which is a REST API."""
        asked: dict[str, Any] = json.loads(body or b"{}")
        return json.dumps(self._answer(target.rpartition(".")[2], asked)).encode()

    def _answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        match operation:
            case "GetSecretValue":
                return {"SecretString": _SECRETS[asked["SecretId"]], "CreatedDate": 0}
            case "Encrypt":
                return {"CiphertextBlob": _base64(bytes(152))}
            case "GetItem":
                item = self._item(asked["Key"])
                return {"Item": item} if item else {}
            case "UpdateItem":
                # The record that was updated, or a limit's counter.
                counted = {"hits": {"N": "1"}, "expires_at": {"N": "1"}}
                return {"Attributes": self._item(asked["Key"]) or counted}
            case "BatchGetItem":
                ((table, keys),) = asked["RequestItems"].items()
                found = [self._item(each) for each in keys["Keys"]]
                return {"Responses": {table: [each for each in found if each]}}
            case "Query":
                partition = asked["ExpressionAttributeValues"].get(":partition", {"S": ""})["S"]
                kind = partition.partition("#")[0]
                item = self._items.get(kind)
                return {"Items": [*self._beside.get(kind, []), *([item] if item else [])]}
            case _:
                return _ALWAYS.get(operation, {})

    def _item(self, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the record of a partition, at the key asked for: times differ by process.

        The address of the open sign-up is free, and the account has no second factor: identifiers
        and credentials are answered at their own keys only.
        """
        kind = key["pk"]["S"].partition("#")[0]
        item = self._items.get(kind)
        if item is None or (kind in _EXACT and not key.items() <= item.items()):
            return None
        return {**item, **key}


def _wire(record: Record) -> Any:
    """Return a record as DynamoDB answers it."""
    return json.loads(json.dumps(record.to_item(), default=_base64))


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
