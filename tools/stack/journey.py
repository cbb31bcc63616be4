"""The journey of the README, taken on a portal of this machine and checked step by step.

Somebody signs up, opens the link of the mail, chooses a password, logs in, reads the feed, sees
their session and logs out, as a browser at one address does. It shows that the portal is reached,
allowed and linked to at that address, and that its clock goes.
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tools.stack.stack import HOST, Mail, StackError, say

PASSWORD = "Soleil-Bleu-42"  # noqa: S105 - made up
ANSWER_SECONDS = 600  # the first request may fetch and build a container's image
MAIL_SECONDS = 120


class Answer(NamedTuple):
    """An HTTP answer; the headers' names are in lower case."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class _Visitor:
    """A browser that visits one address, and keeps its session."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = ""

    def ask(
        self,
        step: str,
        expected: int,
        method: str,
        path: str,
        form: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Send a request and print the step; raises `StackError` for any other status."""
        address = urlsplit(self.url)
        headers = {"Host": address.netloc, "Origin": self.url, "Accept": "*/*"}
        if self.session:
            headers["Cookie"] = self.session
        if form is not None:
            headers["Content-Type"] = "application/json"
        # Not by the name: few systems know every name under .localhost.
        connection = HTTPConnection(HOST, address.port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path, json.dumps(form) if form else None, headers)
            response = connection.getresponse()
            headers = [(name.lower(), value) for name, value in response.getheaders()]
            answer = Answer(response.status, headers, response.read())
        except (OSError, HTTPException) as error:
            raise StackError(
                f"{step}: {method} {self.url}{path} has no answer: {error!r}"
            ) from None
        finally:
            connection.close()
        if answer.status != expected:
            raise StackError(
                f"{step}: {method} {self.url}{path} answers {answer.status}, not {expected}:\n"
                f"{answer.body[:2000].decode(errors='replace')}"
            )
        say(f"{step}: {expected}")
        return answer


def take(url: str, mails: Callable[[], Sequence[Mail]]) -> None:
    """Take the journey at a portal's address; `mails` returns those it has sent.

    Raises `StackError` for the first step that fails.
    """
    visitor = _Visitor(url)
    email = f"michel.dupont.{secrets.token_hex(6)}@example.fr"
    visitor.ask("The home page", 200, "GET", "/")
    visitor.ask("Sign-up", 202, "POST", "/api/signup", _form(email))
    token = _token(url, email, mails)
    visitor.ask("The page of the mail's link", 200, "GET", "/valider")
    visitor.ask("The link", 200, "POST", "/api/email-validation", {"token": token})
    chosen = {"token": token, "password": PASSWORD, "confirmation": PASSWORD}
    visitor.ask("The password", 204, "PUT", "/api/password", chosen)
    activated = time.monotonic()
    wrong = {"identifier": email, "password": PASSWORD[::-1]}
    refused = visitor.ask("Login with a wrong password", 401, "POST", "/api/login", wrong)
    passed = time.monotonic() - activated
    right = {"identifier": email, "password": PASSWORD}
    visitor.session = _session(visitor.ask("Login", 200, "POST", "/api/login", right))
    feed = visitor.ask("The activity feed", 200, "GET", "/api/me/activity")
    sessions = visitor.ask("The sessions", 200, "GET", "/api/me/sessions")
    check_clock(
        json.loads(feed.body)["entries"][-1]["at"],
        json.loads(sessions.body)["sessions"][0]["created_at"],
        passed,
    )
    visitor.ask("Logout", 204, "POST", "/api/logout", {})
    ended = visitor.ask("The activity feed after it", 401, "GET", "/api/me/activity")
    check_ids([json.loads(each.body)["instance"] for each in (refused, ended)])


def _form(email: str) -> dict[str, Any]:
    """Return the form of the README. Only the first account has its numbers: log in by e-mail."""
    return {
        "last_name": "Dupont",
        "first_name": "Michel",
        "mobile_phone": "06 12 34 56 78",
        "email": email,
        "email_confirmation": email,
        "nir": "2940375120005",
        "nir_key": "91",
        "siret": "35600000000048",
        "is_agent": False,
    }


def _token(url: str, email: str, mails: Callable[[], Sequence[Mail]]) -> str:
    """Wait for the mail to an address; return the token of its link, which must lead to the URL."""
    deadline = time.monotonic() + MAIL_SECONDS
    while not (found := [mail for mail in mails() if mail.is_to(email)]):
        if time.monotonic() > deadline:
            raise StackError(f"The mail: none to {email} in {MAIL_SECONDS} s.")
        time.sleep(0.2)
    text = found[0].text
    link = next((word for word in text.split() if word.startswith("http") and "#" in word), "")
    page, _, token = link.partition("#")
    if page != f"{url}/valider":
        raise StackError(f"The mail: its link leads to {page or 'nowhere'}, not to {url}/valider.")
    say(f"The mail: its link leads to {page}")
    return token


def _session(answer: Answer) -> str:
    """Return the cookie of the session that a login opened, as it is sent back."""
    cookies = [value for name, value in answer.headers if name == "set-cookie"]
    for cookie in cookies:
        if cookie.startswith("__Host-session="):
            return cookie.partition(";")[0]
    raise StackError("Login: it sets no cookie “__Host-session”.")


def check_clock(activated: str, logged_in: str, passed: float) -> None:
    """Check two times that the portal stored, in RFC 3339, by the seconds that passed meanwhile.

    Raises `StackError` if less passed between them: the portal's clock stands still.
    """
    earlier, later = (datetime.fromisoformat(each).timestamp() for each in (activated, logged_in))
    if later - earlier < passed - 1:  # they are whole seconds
        raise StackError(
            f"The clock: it went from {activated} to {logged_in} in {passed:.1f} s. Delays, "
            "sessions and links would not end."
        )
    say("The clock: it goes")


def check_ids(ids: Sequence[str]) -> None:
    """Check that each problem has the id of its own request; raises `StackError` if not."""
    if len(set(ids)) < len(ids):
        raise StackError(f"The requests' ids: two requests have the id {ids[0]}.")
    say("The requests' ids: each has its own")
