"""What each function is asked before it gets traffic: refused, or about nobody, but for real.

A probe reads keys and table where its function can do so for nobody. It leaves what TTL deletes
within a day: counts of requests and of one failed login.
"""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

_NOBODY = "success+verification@simulator.amazonses.com"
_ID = "A" * 43
"""Of a registration: as long as a real one."""
_TOKEN = "A" * 96
_SESSION = "__Host-session=" + "A" * 66
_LATE = 429
"""A probe may be one too many of its address: it is an answer all the same."""


class Probe(Struct, frozen=True):
    """An event, and the outcomes that its function may have."""

    asked: Mapping[str, Any]
    expected: frozenset[int | str | None]

    def event(self, now: float) -> dict[str, Any]:
        """Return the event, as of a time in seconds since the epoch."""
        if "httpMethod" not in self.asked:
            return dict(self.asked)
        context = self.asked["requestContext"] | {"requestTimeEpoch": round(now * 1000)}
        return {**self.asked, "requestContext": context}


def outcome(answer: Any) -> int | str | None:  # noqa: ANN401 - JSON
    """Return what came of a call: the status, the error's type, how many of a batch failed.

    ``None`` of a function that answers nothing and raised nothing.
    """
    match answer:
        case {"errorType": str(error)}:
            return error
        case {"statusCode": int(status)}:
            return status
        case {"batchItemFailures": list(failures)}:  # pyright: ignore[reportUnknownVariableType]
            return len(failures)  # pyright: ignore[reportUnknownArgumentType]
        case _:
            return None


def _request(method: str, path: str, body: object, *expected: int, cookie: str = "") -> Probe:
    """Return a request as the gateway hands it on."""
    headers = {"Content-Type": ["application/json"], "User-Agent": ["portail-verification"]}
    if cookie:
        headers["Cookie"] = [cookie]
    asked = {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {name: value for name, (value,) in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": "verification",
            "stage": "live",
            "httpMethod": method,
            "path": path,
            "resourcePath": path,
            "identity": {"sourceIp": "192.0.2.1"},  # of documentation, nobody's
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
    return Probe(asked, frozenset(expected))


def _event(asked: Mapping[str, Any], *expected: int | str | None) -> Probe:
    return Probe(asked, frozenset(expected))


_LOGIN = {"identifier": _NOBODY, "password": "Personne-1234"}
_NEW = {"token": _TOKEN, "password": "Personne-1234", "confirmation": "Personne-1234"}
_ESTIMATE = {
    "period": "2026-10",
    "nature": "commerciale",
    "territory": "metropole",
    "started_on": "2026-03-15",
    "acre": False,
    "flat_tax": False,
    "turnover": {"sales": 1000},
}
_MAIL = {"tags": {"registration": [_ID]}}
_BOUNCE = {"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}, "mail": _MAIL}
_DECISION = {
    "detail-type": "AffiliationConfirmed",
    "time": "2026-09-01T08:00:00Z",
    "detail": {"account_id": "00000000-0000-4000-8000-000000000000"},
}
_MESSAGE: Mapping[str, Any] = {
    "eventID": "verification",
    "eventName": "INSERT",
    "eventVersion": "1.1",
    "eventSource": "aws:dynamodb",
    "awsRegion": "eu-west-3",
    "eventSourceARN": "arn:aws:dynamodb:eu-west-3:123456789012:table/verification/stream/1",
    "dynamodb": {
        "Keys": {"pk": {"S": "OUTBOX#verification"}, "sk": {"S": "OUTBOX"}},
        "NewImage": {
            "pk": {"S": "OUTBOX#verification"},
            "sk": {"S": "OUTBOX"},
            "id": {"S": "verification"},
            "kind": {"S": "verification"},
            "created_at": {"N": "1"},
            "expires_at": {"N": "2"},
            "about": {"M": {}},
        },
        "SequenceNumber": "1",
        "StreamViewType": "NEW_IMAGE",
    },
}
"""A message that is not in the table: sent already, as far as its function knows."""

PROBES: Mapping[str, Probe] = {
    "Signup": _request("POST", "/api/signup/delivery", {"registration": _ID}, 200, _LATE),
    "ValidateEmail": _request("POST", "/api/email-validation", {"token": _TOKEN}, 404, _LATE),
    "SetPassword": _request("PUT", "/api/password", _NEW, 404, _LATE),
    "Login": _request("POST", "/api/login", _LOGIN, 401, _LATE),
    "SecondFactor": _request(
        "POST", "/api/login/second-factor", {"ticket": _TOKEN, "code": "000000"}, 410, _LATE
    ),
    "Sso": _request("GET", "/api/me/identities", None, 401, cookie=_SESSION),
    "Passkeys": _request("POST", "/api/login/passkey", {"credential": {}}, 401, _LATE),
    "Logout": _request("POST", "/api/logout", None, 204, cookie=_SESSION),
    "Activity": _request("GET", "/api/me/activity", None, 401, cookie=_SESSION),
    "Payments": _request("GET", "/api/me/sepa-mandates", None, 401, cookie=_SESSION),
    "RecoverPassword": _request(
        "POST", "/api/password-recovery", {"identifier": _NOBODY}, 202, _LATE
    ),
    "Account": _request("GET", "/api/me", None, 401, cookie=_SESSION),
    "Declare": _request("GET", "/api/me/periods", None, 401, cookie=_SESSION),
    "Contact": _request("POST", "/api/contact", {}, 422),  # any other would be mailed
    "Estimate": _request("POST", "/api/estimates", _ESTIMATE, 200, _LATE),
    "Web": _request("GET", "/", None, 200),
    "Affiliation": _event(_DECISION, None),
    "MailFeedback": _event({"detail": _BOUNCE}, None),
    "Watch": _event({"source": "aws.ses", "detail": {"mail": _MAIL}}, None),
    # Of no day: accounts are deleted by the version that has been looked at.
    "DeleteAccounts": _event({"days": -1}, None),
    # A day long past, with nothing due: a probe must not send reminders.
    "Clock": _event({"days": 0, "time": "2020-01-01T00:00:00Z"}, None),
    # The same: the record that closes that day expired long ago.
    "Bank": _event({"days": 0, "time": "2020-01-01T00:00:00Z"}, None),
    "BankReports": _event({"detail": {"object": {"key": "in/verification"}}}, None),
    "Ops": _event({}, "ValidationError"),  # any other would be in the audit trail
    "SendMail": _event({"Records": [_MESSAGE]}, 0),
}
