"""The resolver of every HTTP function: checks, session, limits, problems, one log line."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from portal.core import keys
from portal.core.acting import Acting
from portal.core.limits import limit_requests
from portal.core.metrics import ANSWERS, count
from portal.core.problems import UNAUTHENTICATED, Problem, describe
from portal.core.session import authenticate
from portal.core.settings import settings
from portal.core.table import table
from portal.http.answers import logger, problem_of, proxy_answer, to_json
from portal.http.checks import check, headers_of
from portal.http.cookies import DEVICE_COOKIE, SESSION_COOKIE
from portal.http.headers import API_HEADERS

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

OK = "ok"
"""Outcome of a request without a problem. The outcome of any other is the problem's slug."""

_OWN = "/api/me/"
"""Path prefix of the routes that need a session; a slash is added to the path to compare."""


class Api(APIGatewayRestResolver):
    """Routes of one function: Powertools' resolver with the checks and answers of the portal.

    Requests are checked before they are validated: same origin, JSON, at most 16 KiB. Every
    exception is answered as a problem (RFC 9457). Nothing that a client sent is logged.
    """

    def __init__(self) -> None:
        super().__init__(enable_validation=True, serializer=to_json)  # pyright: ignore[reportUnknownMemberType]
        self.exception_handler(Exception)(self._refuse)
        self._outcome = OK
        self._account_id: str | None = None
        self._headers: Mapping[str, list[str]] = {}

    def resolve(self, event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        """Answer one REST API proxy event."""
        started = time.perf_counter()
        self._outcome, self._account_id = OK, None
        self._headers = headers_of(event)
        request = dict(event)
        try:
            check(request, self._headers)
            self._require_cookie(event)
        except Problem as problem:
            self._outcome = problem.kind.slug
            answer = proxy_answer(problem, _request_id(event))
        else:
            answer = super().resolve(request, context)
        headers: dict[str, list[str]] = answer.setdefault("multiValueHeaders", {})
        if not answer.get("body"):
            answer["body"] = ""
            headers.pop("Content-Type", None)
        for name, value in API_HEADERS.items():
            headers.setdefault(name, [value])
        logger.info(
            "request",
            request_id=_request_id(event),
            # guard: logs-without-content: account_id= => body=request.get("body"), account_id=
            account_id=self._account_id,
            status=answer["statusCode"],
            milliseconds=round((time.perf_counter() - started) * 1000),
            **count(
                ANSWERS,
                route=f"{event.get('httpMethod')} {event.get('resource')}",
                outcome=self._outcome,
            ),
        )
        return answer

    def _require_cookie(self, event: Mapping[str, Any]) -> None:
        """Refuse a request without a session cookie before its fields are validated."""
        if f"{event.get('resource')}/".startswith(_OWN) and not self.session_cookie:
            raise Problem(UNAUTHENTICATED)

    def signed_in(self, *, fresh: bool = False) -> Acting:
        """Return who acts on which account; ``fresh`` requires a fresh proof.

        Raises ``Problem``: ``UNAUTHENTICATED`` without a session, ``REAUTHENTICATION_REQUIRED``
        when the last proof is older than five minutes.
        """
        acting = Acting.in_session(authenticate(table(), self.session_cookie, self.now), self.now)
        self.note_account(acting.account_id)
        if fresh:
            acting.require_fresh()
        return acting

    def limit(self, endpoint: str) -> None:
        """Count a request to an endpoint that has a limit; raises ``Problem(THROTTLED)``."""
        lookup, limits = keys.lookup_keys(), settings().limits
        limit_requests(table(), lookup, limits, endpoint, self.source_ip, self.now)

    def note_account(self, account_id: str) -> None:
        """Add the account that this request is about to its log line."""
        self._account_id = account_id

    def _refuse(self, error: Exception) -> Response[str]:
        """Return the answer for an exception raised by a route."""
        problem = problem_of(error)
        self._outcome = problem.kind.slug
        refusal = describe(
            problem,
            base_url=settings().public_url,
            instance=_request_id(self.current_event.raw_event),
        )
        return Response(
            status_code=refusal.status,
            content_type="application/problem+json",
            headers=dict(refusal.headers),
            body=to_json(refusal.body),
        )

    @property
    def now_ms(self) -> int:
        """When the gateway received this request, in milliseconds since the epoch.

        Limits and delays use this time of arrival, not the time of processing: a burst of guesses
        that queues for a function gains nothing by waiting.
        """
        return int(_context(self.current_event.raw_event, "requestTimeEpoch") or time.time() * 1000)

    @property
    def now(self) -> int:
        """When the gateway received this request, in seconds since the epoch."""
        return self.now_ms // 1000

    @property
    def source_ip(self) -> str:
        """Address of the caller, as the gateway saw it."""
        identity: Mapping[str, Any] = _context(self.current_event.raw_event, "identity") or {}
        return str(identity.get("sourceIp") or "unknown")

    @property
    def user_agent(self) -> str:
        """Value of the header User-Agent, or an empty string."""
        return next(iter(self._headers.get("user-agent", [])), "")

    @property
    def session_cookie(self) -> str:
        """Value of the session cookie, or an empty string."""
        return self._cookie(SESSION_COOKIE)

    @property
    def device_cookie(self) -> str:
        """Value of the cookie of a device that logged in before, or an empty string."""
        return self._cookie(DEVICE_COOKIE)

    def _cookie(self, wanted: str) -> str:
        for header in self._headers.get("cookie", []):
            for pair in header.split(";"):
                name, _, value = pair.strip().partition("=")
                if name == wanted:
                    return value
        return ""


def _request_id(event: Mapping[str, Any]) -> str:
    return str(_context(event, "requestId") or "unknown")


def _context(event: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - an event is JSON
    """Return a value of the request context, or ``None``."""
    context: Mapping[str, Any] = event.get("requestContext") or {}
    return context.get(name)
