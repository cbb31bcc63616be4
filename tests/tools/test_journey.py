"""The journey of `make sam-journey`: a portal that works passes it; it says which step fails."""

import inspect
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import override

import pytest

from tools.stack import journey
from tools.stack.stack import HOST, ROOT, Mail, Stack, StackError, free_port

URL = "http://localhost:3000"
EMAIL = "m.dupont@example.fr"


def test_a_portal_that_works(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """The journey succeeds at the address of the local stack, twice: it needs no empty table."""
    for _ in range(2):
        journey.take(stack.url, stack.mails)
    assert capsys.readouterr().out.splitlines()[-1] == "The requests' ids: each has its own"


def test_the_journey_of_the_readme() -> None:
    """The README's requests are those of the journey, in its order, with its form."""
    text = (ROOT / "README.md").read_text()
    source = inspect.getsource(journey.take)
    found = [
        source.find(f'"/api{path}"')
        for path in re.findall(r"^portal \$api(/\S+)", text, re.MULTILINE)
    ]
    assert len(found) == 5
    assert -1 not in found
    assert found == sorted(found)
    (form,) = re.findall(r"/signup -d '(.*?)'", text, re.DOTALL)
    assert json.loads(form) == journey._form("michel.dupont@example.fr")


class Broken(BaseHTTPRequestHandler):
    """A portal whose pages are there, and which fails otherwise."""

    def do_GET(self) -> None:
        """Answer a page."""
        self._answer(200)

    def do_POST(self) -> None:
        """Refuse the origin."""
        self._answer(403, b"origin")

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def broken(socket_enabled: None) -> Iterator[str]:  # noqa: ARG001 - pytest-socket's switch
    """Return the address of a portal that fails."""
    with ThreadingHTTPServer((HOST, 0), Broken) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def test_a_step_that_fails(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the step, the request, both statuses and the answer."""
    with pytest.raises(StackError) as error:
        journey.take(broken, list)
    assert capsys.readouterr().out.splitlines() == ["The home page: 200"]
    assert str(error.value) == f"Sign-up: POST {broken}/api/signup answers 403, not 202:\norigin"


def test_nothing_answers(socket_enabled: None) -> None:  # noqa: ARG001 - pytest-socket's switch
    """A portal that is not there is an error that says so."""
    with pytest.raises(StackError, match=r"The home page: GET http://localhost:\d+/ has no answer"):
        journey.take(f"http://localhost:{free_port()}", list)


def mail(text: str) -> Mail:
    """Return a mail to the person."""
    return Mail(id="1", to=(EMAIL,), subject="", text=text, html="", sent_at=0)


def test_the_link() -> None:
    """The token of the mail's link is what follows its #."""
    text = f"Bonjour,\n{URL}/ est le site.\n{URL}/valider#abc.DEF_1\n"
    assert journey._token(URL, EMAIL, lambda: [mail(text)]) == "abc.DEF_1"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("http://portail.localhost:4566/valider#abc", "http://portail.localhost:4566/valider"),
        ("http://127.0.0.1:3000/valider#abc", "http://127.0.0.1:3000/valider"),
        (f"{URL}/autre#abc", f"{URL}/autre"),
        ("Bonjour", "nowhere"),
    ],
)
def test_a_link_to_elsewhere(text: str, where: str) -> None:
    """A mail that leads to another address than the portal's fails the journey."""
    with pytest.raises(StackError, match=f"leads to {where}, not to {URL}/valider"):
        journey._token(URL, EMAIL, lambda: [mail(text)])


def test_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail that does not come fails the journey."""
    monkeypatch.setattr(journey, "MAIL_SECONDS", 0)
    with pytest.raises(StackError, match=f"The mail: none to {EMAIL} in 0 s"):
        journey._token(URL, EMAIL, list)


def test_no_session() -> None:
    """A login without the session's cookie fails the journey; with it, the cookie is sent back."""
    device = ("set-cookie", "__Host-device=d; Secure")
    session = ("set-cookie", "__Host-session=s; Secure; HttpOnly")
    assert journey._session(journey.Answer(200, [device, session], b"")) == "__Host-session=s"
    with pytest.raises(StackError, match="sets no cookie"):
        journey._session(journey.Answer(200, [device], b""))


ACTIVATED = "2026-11-28T10:00:02.000Z"


@pytest.mark.parametrize("logged_in", ["10:00:03.000Z", "10:00:04.000Z", "10:02:00.000Z"])
def test_the_clock(logged_in: str) -> None:
    """Times as far apart as the requests, to a second, are those of a clock that goes."""
    journey.check_clock(ACTIVATED, f"2026-11-28T{logged_in}", 2)


@pytest.mark.parametrize("logged_in", ["10:00:02.000Z", "10:00:01.000Z", "09:59:00.000Z"])
def test_a_clock_that_stands_still(logged_in: str) -> None:
    """Times closer together than the requests fail the journey."""
    with pytest.raises(StackError, match="The clock: it went from 2026-11-28T10:00:02"):
        journey.check_clock(ACTIVATED, f"2026-11-28T{logged_in}", 2)


def test_ids() -> None:
    """Two requests with one id fail the journey."""
    journey.check_ids(["a", "b"])
    with pytest.raises(StackError, match="two requests have the id a"):
        journey.check_ids(["a", "a"])
