"""Requests with wrong headers, cookies or methods."""

import pytest

from tests.world.client import DEVICE_COOKIE, SESSION_COOKIE, Client
from tests.world.journey import logged_in
from tests.world.mailbox import Mailbox
from tests.world.people import new_person
from tests.world.wire import CHANGES, JSON, send

pytestmark = pytest.mark.stack


@pytest.mark.guards("own-origin")
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_other_origins(client: Client, mailbox: Mailbox, method: str, path: str) -> None:
    """A state change of another site is refused, with any mix of a browser's headers."""
    session = f"{SESSION_COOKIE}={_session(client, mailbox)}"
    own = f"http://portail.localhost:{client.port}"
    for headers in (
        [("Origin", "https://other.example")],
        [("Origin", "null")],
        [("Origin", "")],
        [("Origin", f"https://portail.localhost:{client.port}")],
        [("Origin", f"http://portail.localhost:{client.port}/")],
        [("Origin", f"http://PORTAIL.localhost:{client.port}")],
        [("Origin", "http://portail.localhost")],
        [("Origin", f"http://sub.portail.localhost:{client.port}")],
        [("Origin", f"{own}.other.example")],
        [("Origin", own), ("Sec-Fetch-Site", "cross-site")],
        [("Origin", "https://other.example"), ("Sec-Fetch-Site", "same-origin")],
        [("Sec-Fetch-Site", "same-site")],
        [("sec-fetch-site", "CROSS-SITE")],
        [("Sec-Fetch-Site", "")],
        [("Origin", own), ("Origin", "https://other.example")],
        [("Origin", "https://other.example"), ("Origin", own)],
        [("Origin", f"{own}, https://other.example")],
    ):
        answer = send(client, method, path, [JSON, ("Cookie", session), *headers], b"{}")
        assert (answer.status, answer.slug) == (403, "cross-origin"), headers
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
    assert client.me().status == 200


_held: dict[int, str] = {}


def _session(client: Client, mailbox: Mailbox) -> str:
    """Return a session that the tests of this module share."""
    if client.port not in _held:
        logged_in(client, mailbox)
        _held[client.port] = client.session
    client.session = _held[client.port]
    return client.session


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json, text/plain",
        "application/problem+json",
        "application/jsonx",
        "application/*",
        "*/*",
        "json",
        "",
        None,
    ],
)
def test_content_types(client: Client, mailbox: Mailbox, kind: str | None) -> None:
    """Every function refuses a body whose type is not exactly JSON."""
    session = f"{SESSION_COOKIE}={_session(client, mailbox)}"
    headers = [("Cookie", session)] + ([] if kind is None else [("Content-Type", kind)])
    for method, path in CHANGES:
        answer = send(client, method, path, headers, b'{"mobile_phone": "0699999998"}')
        assert (answer.status, answer.slug) == (415, "unsupported-media-type"), path
    assert client.me().json["mobile_phone"] != "+33699999998"


def test_two_content_types(client: Client) -> None:
    """Two content types are refused, in either order."""
    for kinds in (("application/json", "text/plain"), ("text/plain", "application/json")):
        headers = [("Content-Type", each) for each in kinds]
        answer = send(client, "POST", "/api/login", headers, b"{}")
        assert (answer.status, answer.slug) == (415, "unsupported-media-type"), kinds
    charset = [("content-TYPE", "Application/JSON; charset=utf-8")]
    assert send(client, "POST", "/api/login", charset, b"{}").status == 422


def test_forms(client: Client) -> None:
    """What an HTML form can send is refused: fields, files and plain text."""
    for kind, body in (
        ("application/x-www-form-urlencoded", b"identifier=a%40example.fr&password=x"),
        ("text/plain", b'{"identifier":"a@example.fr","password":"x","a":"=b"}'),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="identifier"\r\n\r\na\r\n--b--\r\n',
        ),
    ):
        answer = send(client, "POST", "/api/login", [("Content-Type", kind)], body)
        assert answer.status in {400, 415}
        assert "set-cookie" not in answer.headers


def test_methods_in_disguise(client: Client, mailbox: Mailbox) -> None:
    """No header, query or field changes the method."""
    session = ("Cookie", f"{SESSION_COOKIE}={_session(client, mailbox)}")
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"):
        answer = send(client, "GET", f"/api/me?{name}=DELETE", [session, (name, "DELETE")])
        assert (answer.status, answer.json["deletion_at"]) == (200, None)
        answer = send(client, "POST", f"/api/me?{name}=DELETE", [session, JSON, (name, "DELETE")])
        assert (answer.status, answer.slug) == (405, "method-not-allowed")
    assert client.me().json["deletion_at"] is None


def test_paths_in_disguise(client: Client, mailbox: Mailbox) -> None:
    """No header changes the path."""
    session = ("Cookie", f"{SESSION_COOKIE}={_session(client, mailbox)}")
    for name in ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Path", "X-Forwarded-Prefix"):
        answer = send(client, "GET", "/api/x", [session, (name, "/api/me")])
        assert (answer.status, answer.slug) == (404, "not-found")
    for path in (
        "/api/ME",
        "/api/me/",
        "/api//me",
        "/api/./me",
        "/api/%6de",
        "/api/me;x",
        "/API/me",
    ):
        answer = send(client, "GET", path, [session])
        assert answer.status in {200, 308, 401, 404, 405}, path
        assert answer.status != 200 or answer.json["email"] == client.me().json["email"]


def test_many_cookies(client: Client, mailbox: Mailbox) -> None:
    """A second session cookie gives no more rights than the first, and no failure."""
    good = _session(client, mailbox)
    bad = "A" * 66
    for cookies, expected in (
        ([f"{SESSION_COOKIE}={good}"], 200),
        ([f"a=b;{SESSION_COOKIE}={good};c=d"], 200),
        ([f"  ;;{SESSION_COOKIE}={good} ;"], 200),
        ([f"x{SESSION_COOKIE}={good}"], 401),
        ([f"session={good}"], 401),
        ([f"{SESSION_COOKIE.upper()}={good}"], 401),
        ([f"{SESSION_COOKIE}={bad}; {SESSION_COOKIE}={good}"], 401),
        ([f"{SESSION_COOKIE}={bad}", f"{SESSION_COOKIE}={good}"], 401),
        ([f"{SESSION_COOKIE}=; {SESSION_COOKIE}={good}"], 401),
        ([f"{SESSION_COOKIE}={good}{good}"], 401),
        ([f"{SESSION_COOKIE}={good}={bad}"], 401),
        ([f"{SESSION_COOKIE}"], 401),
        (["="], 401),
        ([";" * 2000], 401),
        ([f"{SESSION_COOKIE}={'A' * 6000}"], 401),
        ([f"{DEVICE_COOKIE}={good}"], 401),
        ([f"{SESSION_COOKIE}=\xe9\xff"], 401),
        ([f"{SESSION_COOKIE}=%00"], 401),
        (["; ".join(f"c{n}={n}" for n in range(400))], 401),
    ):
        answer = send(client, "GET", "/api/me", [("Cookie", each) for each in cookies])
        assert answer.status == expected, cookies[0][:80]
        answer = send(client, "POST", "/api/login", [JSON, ("Cookie", cookies[0])], b"{}")
        assert answer.status == 422, cookies[0][:80]


def test_hostile_headers(client: Client, mailbox: Mailbox) -> None:
    """No value of a header gives a 5xx or is repeated in the answer."""
    session = ("Cookie", f"{SESSION_COOKIE}={_session(client, mailbox)}")
    mark = "Zebulonet-4242"
    for name in ("User-Agent", "Accept", "Accept-Language", "Accept-Encoding", "Referer", "Range",
                 "If-None-Match", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded",
                 "X-Amzn-Trace-Id", "Authorization", "Expect-CT"):  # fmt: skip
        for value in (mark, "\xff\xfe", "a" * 4000, "<script>", "${jndi:ldap://x}", "*", ";;,,"):
            encoded = value.encode("latin-1")
            answer = send(client, "GET", "/api/me", [session, (name, encoded)])
            assert answer.status == 200, (name, value)
            assert mark not in answer.text
    wrong = b'{"identifier":"nobody@example.fr","password":"x"}'
    for host in ("evil.example", "portail.localhost", ""):
        answer = send(client, "POST", "/api/login", [JSON, ("X-Forwarded-Host", host)], wrong)
        assert "evil" not in answer.text


def test_hosts_in_disguise(client: Client, mailbox: Mailbox) -> None:
    """No header changes the site that the links of mails lead to."""
    for name, value in (
        ("X-Forwarded-Host", "evil.example"),
        ("X-Host", "evil.example"),
        ("X-Original-Host", "evil.example"),
        ("Forwarded", "host=evil.example;proto=http"),
        ("X-Forwarded-Server", "evil.example"),
        ("Referer", "https://evil.example/"),
    ):
        person = new_person()
        answer = client.post("/api/signup", person.form(), headers={name: value})
        assert answer.status == 202, name
        mail = mailbox.wait(person.email)
        assert "evil" not in mail.text + mail.html
        assert f"http://portail.localhost:{client.port}/valider#" in mail.text


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "GET", "PUT", "PATCH", "DELETE"])
def test_other_methods(client: Client, mailbox: Mailbox, method: str) -> None:
    """A method that a path does not have is refused, with the list of its methods."""
    session = ("Cookie", f"{SESSION_COOKIE}={_session(client, mailbox)}")
    asked = [
        ("Origin", "https://other.example"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type"),
    ]
    for path in ("/api/login", "/api/logout", "/api/signup", "/api/contact"):
        answer = send(client, method, path, [session, *asked])
        assert answer.status == 405, path
        assert answer.header("allow") == "POST"
        assert not any(each.startswith("access-control") for each in answer.headers)
        assert not any(
            each.startswith(SESSION_COOKIE) for each in answer.headers.get("set-cookie", [])
        )
    assert client.me().status == 200


def test_reads_with_a_body(client: Client, mailbox: Mailbox) -> None:
    """The body of a read is ignored, whatever its type."""
    session = ("Cookie", f"{SESSION_COOKIE}={_session(client, mailbox)}")
    before = client.me().json
    for body in (b"{", b'{"mobile_phone":"0699999997"}', b"\xff", b"x" * 20000):
        for kind in ("application/json", "text/plain", "multipart/form-data"):
            headers = [session, ("Content-Type", kind)]
            for path in ("/api/me", "/api/me/activity", "/api/me/sessions", "/api/openapi.json"):
                answer = send(client, "GET", path, headers, body)
                assert answer.status == 200, (path, body[:8], kind)
    assert client.me().json == before
