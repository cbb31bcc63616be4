"""The mailbox of the local portal: every mail as a person sees it, and unable to do harm."""

import fcntl
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.world.mails import TEMPLATES
from tests.world.mails import mail as rendered
from tools.stack import mailbox
from tools.stack.__main__ import status
from tools.stack.mailbox.views import MAIL_POLICY, PAGE_POLICY, answer, framed, linked
from tools.stack.stack import ACCOUNT, HOST, Mail, Stack, StackError, free_port

LINK = "http://portail.localhost:4566/valider#abc-_9"
OLD = Mail(
    "1",
    ("michel.dupont@example.fr",),
    "Validation de votre adresse courriel",
    f"Bonjour,\n\n{LINK}.\n",
    f'<html><head><title>x</title></head><body><a href="{LINK}">Valider</a></body></html>',
    1_790_000_000,
    "Espace <ne-pas-repondre@portail.localhost>",
)
NEW = Mail("2é", ("marie@example.fr",), "<script>alert(1)</script>", "<b>x</b>", "", 1_790_000_060)
MAILS = [OLD, NEW]


def get(target: str, mails: list[Mail] = MAILS) -> str:
    """Return the body of an answer that succeeds."""
    found = answer(target, lambda: mails)
    assert found.status == 200
    return found.body


def test_the_newest_mail_is_first_and_open() -> None:
    """The page lists the mails, the newest first, and shows the first with all its headings."""
    page = get("/", [NEW, OLD])
    assert page.index("Validation de votre") < page.index("&lt;script&gt;")
    for words in (*OLD.to, OLD.subject, "Espace &lt;ne-pas-repondre@portail.localhost&gt;"):
        assert words in page
    assert time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(OLD.sent_at)) in page
    assert '<iframe src="/mail/1/body"' in page


def test_a_mail_is_filtered_by_a_part_of_its_address() -> None:
    """`?to=` shows the mails to an address only, whatever the case; none is said in words."""
    page = get("/?to=DUPONT")
    assert "Validation" in page
    assert "marie@" not in page
    assert "No mail to" in get("/?to=nobody")
    assert "No mail yet" in get("/", [])


def test_a_mail_is_shown_in_a_frame_that_can_do_nothing() -> None:
    """The HTML of a mail has no script, no origin and loads nothing; its links open a new tab."""
    body = answer("/mail/1/body", lambda: MAILS)
    assert body.body == framed(OLD.html)
    assert '<head><base target="_blank"><title>' in body.body
    assert body.policy == MAIL_POLICY
    assert "sandbox allow-popups allow-popups-to-escape-sandbox;" in body.policy
    assert "default-src 'none'" in body.policy
    assert "allow-scripts" not in body.policy
    assert "allow-same-origin" not in get("/mail/1") + body.policy
    assert framed("<p>x</p>") == '<base target="_blank"><p>x</p>'


def test_nothing_of_a_mail_is_markup_of_the_page() -> None:
    """Subjects, addresses and texts are escaped, and the page allows no inline script or style."""
    for target in ("/", "/mail/2%C3%A9", "/mail/2%C3%A9/text"):
        page = get(target)
        assert "<script>alert" not in page
        assert "<b>x</b>" not in page
    assert "'unsafe-inline'" not in PAGE_POLICY
    assert " style=" not in get("/")


def test_the_text_is_shown_with_its_links() -> None:
    """The text has its addresses as links, without the dot that ends the sentence."""
    assert f'<a href="{LINK}" target="_blank" rel="noreferrer">{LINK}</a>.' in get("/mail/1/text")
    assert linked("a <b> & http://x.fr/?a=1&b=2)") == (
        "a &lt;b&gt; &amp; "
        '<a href="http://x.fr/?a=1&amp;b=2" target="_blank" rel="noreferrer">'
        "http://x.fr/?a=1&amp;b=2</a>)"
    )


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_mail_of_the_portal_can_be_shown(template: str) -> None:
    """Each mail of the portal keeps its HTML, and the link of its text leads to the portal."""
    sent = rendered(template)
    mail = Mail("1", ("a@example.fr",), sent.subject, sent.text, sent.html, 0)
    assert get("/mail/1/body", [mail]).replace('<base target="_blank">', "") == sent.html
    assert get("/mail/1/text", [mail])


def test_an_unknown_mail_and_a_stopped_portal_are_said() -> None:
    """A mail that is gone is 404, and a portal that has stopped is said, not an error page."""
    gone = answer("/mail/9", lambda: MAILS)
    assert (gone.status, "There is no such mail" in gone.body) == (404, True)
    assert answer("/../views.py", lambda: MAILS).status == 404

    def stopped() -> list[Mail]:
        raise ConnectionRefusedError

    said = answer("/", stopped)
    assert (said.status, "The portal has stopped" in said.body) == (503, True)


def test_the_port_follows_the_portals() -> None:
    """The mailbox is a hundred above the portal, so that two clones have two."""
    assert mailbox.port_of(4566) == 4666
    assert mailbox.port_of(65500) == 65400


def test_a_taken_port_is_said(
    tmp_path: Path,
    socket_enabled: None,  # noqa: ARG001 - pytest-socket's switch
) -> None:
    """A port of the mailbox that another program has is named, with how to choose another."""
    with socket.create_server((HOST, 0)) as server:
        taken = server.getsockname()[1]
        portal = taken - 100 if mailbox.port_of(taken - 100) == taken else taken + 100
        with pytest.raises(StackError, match=rf"Port {taken} is taken.*make up PORT=\d+"):
            mailbox.of(Stack("unit", portal, home=tmp_path)).check_port()


class Emulator(BaseHTTPRequestHandler):
    """Answers with one mail, as the emulator does."""

    def do_GET(self) -> None:
        """Answer."""
        mail = {
            "MessageId": "m-1",
            "Source": OLD.sender,
            "To": list(OLD.to),
            "Subject": OLD.subject,
            "BodyText": OLD.text,
            "BodyHtml": OLD.html,
            "Timestamp": OLD.sent_at,
        }
        body = json.dumps({"messages": {ACCOUNT: [mail]}}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Log nothing."""


@pytest.fixture
def running(
    tmp_path: Path,
    socket_enabled: None,  # noqa: ARG001 - pytest-socket's switch
) -> Iterator[Stack]:
    """Return a stack whose emulator runs as long as the test."""
    with ThreadingHTTPServer((HOST, free_port()), Emulator) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        record = tmp_path / "unit" / "emulator.json"
        record.parent.mkdir()
        record.write_text(json.dumps({"pid": 1, "port": server.server_port}))
        with record.open() as locked:
            fcntl.flock(locked, fcntl.LOCK_EX)
            yield Stack("unit", 0, home=tmp_path)
        server.shutdown()


def ask(stack: Stack, path: str, host: str = "") -> HTTPResponse:
    """Send a GET to the mailbox."""
    port = mailbox.port_of(stack.port)
    connection = HTTPConnection(HOST, port, timeout=30)
    connection.request("GET", path, headers={"Host": host or f"{HOST}:{port}"})
    return connection.getresponse()


def test_it_runs_beside_the_portal_and_stops(running: Stack) -> None:
    """It is started once, serves the mails with its policy on the loopback, and stops when told."""
    mailbox.of(running).start()
    pid = mailbox.of(running).pid
    mailbox.of(running).start()
    try:
        assert mailbox.of(running).pid == pid is not None
        page = ask(running, "/")
        assert page.status == 200
        assert page.headers["Content-Security-Policy"] == PAGE_POLICY
        assert OLD.subject in page.read().decode()
        assert ask(running, "/mail/m-1/body").headers["Content-Security-Policy"] == MAIL_POLICY
        assert ask(running, "/mailbox.css").headers["Content-Type"] == "text/css"
        assert json.load(ask(running, "/newest")) == "m-1"
        # A site whose name leads to this machine cannot read the mails.
        assert ask(running, "/", host="evil.example:80").status == 421
    finally:
        mailbox.of(running).stop()
    assert mailbox.of(running).pid is None


def test_its_address_is_printed(running: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the portal's address is printed, the mailbox's is too."""
    status(running)
    assert f"Its mailbox: http://{HOST}:{mailbox.port_of(running.port)}/" in capsys.readouterr().out


def test_it_follows_a_portal_that_moved(running: Stack, tmp_path: Path) -> None:
    """A mailbox that a portal on another port left behind is replaced by one at the right port."""
    mailbox.of(running).start()
    pid = mailbox.of(running).pid
    record = tmp_path / "unit" / "mailbox.json"
    record.write_text(json.dumps({"pid": pid, "port": 1}))
    try:
        mailbox.of(running).start()
        assert mailbox.of(running).pid != pid
        assert ask(running, "/").status == 200
    finally:
        mailbox.of(running).stop()


def test_it_ends_with_the_portal(running: Stack) -> None:
    """Without its portal the mailbox ends by itself: nothing is left running."""
    mailbox.of(running).start()
    (running.folder / "emulator.json").unlink()
    deadline = time.monotonic() + 30
    while mailbox.of(running).pid is not None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
