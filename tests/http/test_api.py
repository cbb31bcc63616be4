"""What all HTTP functions share: checks, problems, headers, logs, and their round trips."""

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.core import aws, keys, problems
from portal.core.limits import limit_requests
from portal.core.problems import FieldError, Problem, ProblemType, describe
from portal.identity import problems as identity_problems
from tests.world.use_cases import EMAIL, ESTIMATED, PERSON
from tests.world.world import NOW, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world.functions import Answer, Gateway
    from tests.world.world import World

ORIGIN = "https://portail.example"
IDENTIFIERS = "/api/signup/identifiers"
NUMBERS: dict[str, Any] = {"siret": "35600000000048", "nir": "2940375120005", "nir_key": "91"}
ROUTES = [
    ("signup", "POST", IDENTIFIERS),
    ("signup", "POST", "/api/signup"),
    ("signup", "POST", "/api/signup/resend"),
    ("signup", "POST", "/api/signup/delivery"),
    ("validate_email", "POST", "/api/email-validation"),
    ("set_password", "PUT", "/api/password"),
    ("login", "POST", "/api/login"),
    ("logout", "POST", "/api/logout"),
    ("activity", "GET", "/api/me/activity"),
    ("recover_password", "POST", "/api/password-recovery"),
    ("contact", "POST", "/api/contact"),
    ("estimate", "POST", "/api/estimates"),
    ("account", "GET", "/api/me"),
    ("account", "PATCH", "/api/me"),
    ("account", "DELETE", "/api/me"),
    ("account", "GET", "/api/me/export"),
    ("account", "PUT", "/api/me/password"),
    ("account", "PUT", "/api/me/email"),
    ("account", "DELETE", "/api/me/email"),
    ("account", "POST", "/api/me/email/confirmation"),
    ("account", "POST", "/api/email-undo"),
    ("account", "GET", "/api/me/sessions"),
    ("account", "DELETE", "/api/me/sessions"),
    ("account", "DELETE", "/api/me/sessions/0123456789abcdef"),
]
# Those that accept an empty body: they have no required field, or nobody is logged in.
BODILESS = {("POST", "/api/logout"): 204}
BODILESS |= {(method, path): 401 for _, method, path in ROUTES if path.startswith("/api/me")}
WRITING = [route for route in ROUTES if route[1] != "GET"]
HEADERS = {
    "Strict-Transport-Security": ["max-age=63072000; includeSubDomains"],
    "X-Content-Type-Options": ["nosniff"],
    "Referrer-Policy": ["no-referrer"],
    "Cross-Origin-Opener-Policy": ["same-origin"],
    "Cross-Origin-Resource-Policy": ["same-origin"],
    "X-Frame-Options": ["DENY"],
    "Content-Security-Policy": ["default-src 'none'; frame-ancestors 'none'"],
    "Cache-Control": ["no-store"],
}
JSON = {"Content-Type": ["application/json"]}


def slug_of(answer: "Answer") -> str:
    """Check what is true of every problem; return its slug."""
    body = answer.json
    assert answer.headers["Content-Type"] == ["application/problem+json"]
    assert {"type", "title", "status", "detail", "instance"} <= set(body)
    assert body["status"] == answer.status
    assert body["instance"]
    assert body["title"]
    assert body["detail"]
    slug = body["type"].removeprefix(f"{ORIGIN}/problems/")
    assert slug.replace("-", "").isalpha()
    for error in body.get("errors", []):
        assert set(error) == {"field", "code", "detail"}
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    return slug


@pytest.fixture
def send(gateway: "Gateway", event: "Callable[..., dict[str, Any]]") -> "Callable[..., Answer]":
    """Return what sends a body to the check of identifiers, which needs no table."""

    def send(body: str | None, **options: Any) -> "Answer":
        return gateway.send("signup", event("POST", IDENTIFIERS, body, **options))

    return send


# Answers


def test_a_success_is_json(world: "World", gateway: "Gateway") -> None:
    """A successful answer is JSON with its type, is never cached, and repeats no secret."""
    world.open_account()
    answer = gateway.ask("login", "POST", "/api/login", {"identifier": EMAIL, "password": PASSWORD})
    assert answer.status == 200
    assert answer.json == {
        "first_name": "Michèle",
        "last_name": "Dupont",
        "previous_login_at": None,
    }
    assert answer.headers["Content-Type"][0].partition(";")[0] == "application/json"
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_an_answer_without_content(send: "Callable[..., Answer]") -> None:
    """An answer 204 has no body and no content type."""
    answer = send(json.dumps(NUMBERS))
    assert (answer.status, answer.text) == (204, "")
    assert "Content-Type" not in answer.headers
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.guards("same-site-cookie")
def test_the_cookie_is_this_hosts_only(world: "World", gateway: "Gateway") -> None:
    """Scripts cannot read the session's cookie; it is for HTTPS and this host, without end date."""
    world.open_account()
    answer = gateway.ask("login", "POST", "/api/login", {"identifier": EMAIL, "password": PASSWORD})
    session, device = answer.headers["Set-Cookie"]
    value, *attributes = session.split("; ")
    assert value.startswith("__Host-session=")
    hardened = {"path=/", "secure", "httponly", "samesite=lax"}
    assert {each.lower() for each in attributes} == hardened
    value, *attributes = device.split("; ")
    assert value.startswith("__Host-device=")
    assert {each.lower() for each in attributes} == hardened | {"max-age=31536000"}


def test_a_device_keeps_its_cookie(world: "World", gateway: "Gateway") -> None:
    """A known device gets no second cookie, and a logout leaves its cookie."""
    world.open_account()
    good = {"identifier": EMAIL, "password": PASSWORD}
    first = gateway.ask("login", "POST", "/api/login", good)
    device = first.headers["Set-Cookie"][1].partition(";")[0]
    sent = JSON | {"Cookie": [device]}
    again = gateway.ask("login", "POST", "/api/login", good, headers=sent)
    (session,) = again.headers["Set-Cookie"]
    assert session.startswith("__Host-session=")
    out = gateway.ask("logout", "POST", "/api/logout", headers=sent)
    assert '"cookies"' not in out.headers["Clear-Site-Data"][0]
    assert all("__Host-device" not in each for each in out.headers["Set-Cookie"])


@pytest.mark.guards("logout-ends-it", "logout-empties-the-browser")
def test_logout_empties_the_browser(world: "World", gateway: "Gateway") -> None:
    """A logout ends the session, deletes its cookie and clears the site's browser data."""
    world.open_account()
    opened = world.log_in(EMAIL)
    sent = JSON | {"Cookie": [f"a=b; __Host-session={opened.cookie}; c=d"]}
    answer = gateway.ask("logout", "POST", "/api/logout", headers=sent)
    assert (answer.status, answer.text) == (204, "")
    (kinds,) = answer.headers["Clear-Site-Data"]
    assert {'"cache"', '"storage"'} <= set(kinds.split(", "))
    (cookie,) = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=; ")
    assert "Max-Age=0" in cookie
    assert not world.items("SESSION#")


def test_logout_without_a_session(gateway: "Gateway") -> None:
    """A logout succeeds without a session, with an invalid cookie, with {} or with no body."""
    for body, cookie in ((None, ""), ({}, "__Host-session=x"), ({}, "__Host-session=" + "A" * 66)):
        sent = JSON | {"Cookie": [cookie]}
        assert gateway.ask("logout", "POST", "/api/logout", body, headers=sent).status == 204


def test_the_session_cookie_is_found(world: "World", gateway: "Gateway") -> None:
    """The cookie is found among others and in either header form, by its exact name."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie

    def status(*headers: str, **changes: Any) -> int:
        sent = JSON | {"Cookie": list(headers)}
        return gateway.ask("activity", "GET", "/api/me/activity", headers=sent, **changes).status

    good = f"__Host-session={cookie}"
    assert status(good) == 200
    assert status(f"a=b;{good};c=d") == 200
    assert status("a=b", good) == 200
    assert status(good, multiValueHeaders=None) == 200
    assert status(f"x__Host-session={cookie}") == 401
    assert status(f"session={cookie}") == 401
    assert status("") == 401


# Refusals before the route


@pytest.mark.guards("own-origin")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"Origin": [ORIGIN]}, 204),
        ({"Sec-Fetch-Site": ["same-origin"]}, 204),
        ({"Sec-Fetch-Site": ["none"]}, 204),
        ({"origin": [ORIGIN], "sec-fetch-site": ["same-origin"]}, 204),
        ({"Origin": ["https://evil.example"]}, 403),
        ({"Origin": ["null"]}, 403),
        ({"Origin": [""]}, 403),
        ({"Origin": [ORIGIN + "/"]}, 403),
        ({"Origin": [ORIGIN + ".evil.example"]}, 403),
        ({"Origin": ["http://portail.example"]}, 403),
        ({"Origin": [ORIGIN, "https://evil.example"]}, 403),
        ({"ORIGIN": ["https://evil.example"]}, 403),
        ({"Sec-Fetch-Site": ["cross-site"]}, 403),
        ({"Sec-Fetch-Site": ["same-site"]}, 403),
        ({"Origin": [ORIGIN], "Sec-Fetch-Site": ["cross-site"]}, 403),
        ({"Origin": ["https://evil.example"], "Sec-Fetch-Site": ["same-origin"]}, 403),
    ],
)
def test_only_this_site_may_write(
    send: "Callable[..., Answer]", headers: dict[str, list[str]], status: int
) -> None:
    """A state change from another site, or another origin of ours, is refused."""
    answer = send(json.dumps(NUMBERS), headers=JSON | headers)
    assert answer.status == status
    assert status == 204 or slug_of(answer) == "cross-origin"


@pytest.mark.parametrize(("name", "method", "path"), WRITING)
def test_every_writing_route_refuses_other_sites(
    gateway: "Gateway", name: str, method: str, path: str
) -> None:
    """Every route that changes something refuses another site, even without a body."""
    sent = JSON | {"Origin": ["https://evil.example"]}
    for body in (None, {}, {"email": EMAIL}):
        answer = gateway.ask(name, method, path, body, headers=sent)
        assert (answer.status, slug_of(answer)) == (403, "cross-origin")


def test_reading_is_open_to_links(world: "World", gateway: "Gateway") -> None:
    """A request that only reads is accepted from any site."""
    assert world
    sent = {"Origin": ["https://evil.example"]}
    answer = gateway.ask("activity", "GET", "/api/me/activity", headers=sent)
    assert (answer.status, slug_of(answer)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'application/json ; version=1; charset="utf-8"',
        "application/json;",
    ],
)
def test_json_is_accepted(send: "Callable[..., Answer]", media_type: str) -> None:
    """JSON is accepted with or without parameters of its type."""
    assert send(json.dumps(NUMBERS), headers={"content-type": [media_type]}).status == 204


@pytest.mark.parametrize("media_type", ["Application/JSON", "application/JSON; charset=utf-8"])
def test_json_is_accepted_however_it_is_written(
    send: "Callable[..., Answer]", media_type: str
) -> None:
    """The media type is accepted in any letter case (RFC 9110, 8.3.1)."""
    assert send(json.dumps(NUMBERS), headers={"Content-Type": [media_type]}).status == 204


@pytest.mark.guards("json-only")
@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json-patch+json",
        "text/json",
        "",
    ],
)
def test_other_types_are_refused(send: "Callable[..., Answer]", media_type: str) -> None:
    """Only JSON is accepted: a form of another site could send the other types."""
    for headers in ({"Content-Type": [media_type]}, {}):
        answer = send(json.dumps(NUMBERS), headers=headers)
        assert (answer.status, slug_of(answer)) == (415, "unsupported-media-type")


@pytest.mark.parametrize(("name", "method", "path"), WRITING)
@pytest.mark.parametrize("body", [None, ""])
def test_an_empty_body_is_an_empty_object(
    gateway: "Gateway",
    event: "Callable[..., dict[str, Any]]",
    name: str,
    method: str,
    path: str,
    body: str | None,
) -> None:
    """An empty body counts as {}, with or without a type: its fields are missing."""
    for headers in (JSON, {}):
        answer = gateway.send(name, event(method, path, body, headers=headers))
        if (method, path) in BODILESS:
            assert answer.status == BODILESS[method, path]
        else:
            assert (answer.status, slug_of(answer)) == (422, "invalid-request")
            assert {error["code"] for error in answer.json["errors"]} == {"required"}


def test_who_is_not_logged_in_learns_that_first(
    gateway: "Gateway", event: "Callable[..., dict[str, Any]]"
) -> None:
    """Without a session, the answer is 401 before fields or query are checked."""
    for name, method, path in ROUTES:
        if path.startswith("/api/me"):
            body = None if method == "DELETE" else '{"unknown": 1}'
            answer = gateway.send(name, event(method, path, body, headers=JSON))
            assert (answer.status, slug_of(answer)) == (401, "unauthenticated"), (method, path)
    answer = gateway.ask("activity", "GET", "/api/me/activity", query={"limit": ["0"]})
    assert (answer.status, slug_of(answer)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/octet-stream", "text/plain;charset=UTF-8"]
)
def test_the_type_of_an_empty_body_is_ignored(gateway: "Gateway", media_type: str) -> None:
    """An empty body of another type than JSON is no error of ours."""
    sent = {"Content-Type": [media_type]}
    answer = gateway.ask("logout", "POST", "/api/logout", headers=sent)
    assert answer.status in {204, 415}


@pytest.mark.guards("utf-8-only")
@pytest.mark.parametrize(
    "media_type",
    [
        "application/json; charset=utf-16",
        "application/json;charset=iso-8859-1",
        'application/json; version=1; Charset="windows-1252"',
        "application/json; charset=utf-8; charset=utf-16",
        "application/json; charset=utf-8, text/plain",
        "application/json; charset*=utf-8''utf-16",
        "application/json; charset",
        "application/json; charset=",
    ],
)
def test_another_encoding_is_refused(send: "Callable[..., Answer]", media_type: str) -> None:
    """A body that is announced in another encoding is never read as UTF-8."""
    for text in (json.dumps(NUMBERS), "{", '"é"'):
        answer = send(text, headers={"Content-Type": [media_type]})
        assert (answer.status, slug_of(answer)) == (415, "unsupported-media-type")
    two = send(json.dumps(NUMBERS), headers={"Content-Type": ["application/json", media_type]})
    assert two.status == 415


@pytest.mark.parametrize(
    "other", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_two_types_are_not_two_readings(send: "Callable[..., Answer]", other: str) -> None:
    """A repeated Content-Type is not checked as JSON and then read as another type."""
    for types in (["application/json", other], [other, "application/json"]):
        answer = send(json.dumps(NUMBERS), headers={"Content-Type": types})
        assert answer.status in {204, 400, 415}


@pytest.mark.guards("sixteen-kib")
@pytest.mark.parametrize(
    ("size", "status"), [(16 * 1024, 422), (16 * 1024 + 1, 413), (10_000_000, 413)]
)
@pytest.mark.parametrize("is_base64", [False, True])
def test_bodies_end_at_16_kib(
    send: "Callable[..., Answer]",
    size: int,
    status: int,
    is_base64: bool,  # noqa: FBT001 - as the gateway says it
) -> None:
    """A body of 16 KiB is read and one byte more is refused, in clear or base64."""
    body = '{"siret": "' + "1" * (size - 13) + '"}'
    text = base64.b64encode(body.encode()).decode() if is_base64 else body
    answer = send(text, isBase64Encoded=is_base64)
    assert answer.status == status
    assert slug_of(answer) == ("too-large" if status == 413 else "invalid-request")


def test_size_is_counted_in_bytes(send: "Callable[..., Answer]") -> None:
    """A body's size is counted in bytes: 8,192 letters of two bytes are 16 KiB."""
    assert send('"' + "é" * 8191 + '"').status == 422
    assert send('"' + "é" * 8192 + '"').status == 413


@pytest.mark.parametrize("character", ["é", "€", "🌻", "<", "/", "\u00a0"])
@pytest.mark.parametrize("escape", ["none", "json", "all"])
def test_escapes_do_not_count(send: "Callable[..., Answer]", character: str, escape: str) -> None:
    """The same text is as long escaped as in UTF-8: up to 16 KiB, however it is written."""
    half = character.encode("utf-16-be")
    units = [half[n : n + 2].hex() for n in range(0, len(half), 2)]
    written = {
        "none": character,
        "json": json.dumps(character)[1:-1] if character != "/" else "\\/",
        "all": "".join(f"\\u{unit}" for unit in units),
    }[escape]
    size = len(character.encode())
    most = (16 * 1024 - len('{"siret": ""}')) // size
    assert send(f'{{"siret": "{written * most}"}}').status == 422
    assert send(f'{{"siret": "{written * (most + 1)}"}}').status == 413


@pytest.mark.parametrize("sign", ['\\"', "\\\\", "\\n", "\\u0000", "\\u001f", "\\u0022", "\\u005c"])
def test_escapes_that_json_needs_count(send: "Callable[..., Answer]", sign: str) -> None:
    """What JSON escapes in any writing counts as it is sent."""
    most = (16 * 1024 - len('{"siret": ""}')) // len(sign)
    assert send(f'{{"siret": "{sign * most}"}}').status == 422
    assert send(f'{{"siret": "{sign * (most + 1)}"}}').status == 413


def test_base64_bodies_are_read(send: "Callable[..., Answer]") -> None:
    """A body in base64, as the gateway sends it for binary types, is read the same."""
    encoded = base64.b64encode(json.dumps(NUMBERS).encode()).decode()
    assert send(encoded, isBase64Encoded=True).status == 204


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "nothing",
        "{'siret': 1}",
        '{"siret": 1,}',
        '{"siret": 1} {}',
        "\ufeff{}",
        "[" * 8000,
        "[" * 16384,
        '{"a":' * 3000,
        "9" * 5000,
        '{"siret": NaN}',
        "-Infinity",
        '"\ud800"',
        "\0",
        '"\n"',
        "//",
    ],
)
def test_malformed_json_is_refused(send: "Callable[..., Answer]", body: str) -> None:
    """JSON that is invalid, too deep or has too long a number is a malformed request."""
    answer = send(body)
    assert (answer.status, slug_of(answer)) == (400, "malformed-json")


@pytest.mark.parametrize("raw", [b"\xff", b'{"siret": "\xe9"}', b"\xed\xa0\x80", b"\xc0\x80"])
def test_invalid_utf8_is_malformed(send: "Callable[..., Answer]", raw: bytes) -> None:
    """A body that is not UTF-8 is a malformed request."""
    answer = send(base64.b64encode(raw).decode(), isBase64Encoded=True)
    assert (answer.status, slug_of(answer)) == (400, "malformed-json")


@pytest.mark.parametrize("text", ["A", "é", "A==="])
def test_invalid_base64_is_malformed(send: "Callable[..., Answer]", text: str) -> None:
    """A body announced as base64 that is not base64 is a malformed request."""
    answer = send(text, isBase64Encoded=True)
    assert (answer.status, slug_of(answer)) == (400, "malformed-json")


@pytest.mark.guards("objects-only")
@pytest.mark.parametrize(
    "body",
    [
        "null",
        "true",
        "0",
        '""',
        '"text"',
        "[]",
        "[{}]",
        json.dumps([{"siret": None, "nir": None, "nir_key": None}]),
        "1e999",
        "9" * 4000,
        "[" * 500 + "]" * 500,
        '{"siret": 1.5, "nir": 1e999, "nir_key": -1e999}',
        '{"siret": {"a": [1]}, "nir": [], "nir_key": false}',
        '{"siret": "\\ud800", "nir": "\\u0000", "nir_key": "\\udfff"}',
        '{"\\ud800": 1}',
        '{"": 1}',
    ],
)
def test_other_json_is_an_invalid_request(send: "Callable[..., Answer]", body: str) -> None:
    """JSON other than the expected object is refused field by field."""
    answer = send(body)
    assert (answer.status, slug_of(answer)) == (422, "invalid-request")
    assert answer.json["errors"]


@pytest.mark.guards("fields-once")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"siret": null, "siret": 3, "nir": null, "nir_key": null}', "siret"),
        ('{"siret": null, "nir": null, "nir_key": null, "nir_key": null}', "nir_key"),
        ('{"siret": null, "nir": null, "nir_key": null, "\\u0073iret": null}', "siret"),
        ('{"siret": {"a": 1, "a": 1}, "nir": null, "nir_key": null}', "a"),
        ('{"2940375120005": 1, "2940375120005": 1}', ""),
        ('{"\\ud800": 1, "\\ud800": 1}', ""),
    ],
)
def test_a_field_sent_twice_is_refused(
    send: "Callable[..., Answer]", body: str, field: str
) -> None:
    """A field that appears twice is refused by name: two readers could read two values."""
    answer = send(body)
    assert (answer.status, slug_of(answer)) == (422, "invalid-request")
    assert [(e["field"], e["code"]) for e in answer.json["errors"]] == [(field, "repeated")]


@pytest.mark.guards("closed-models")
def test_unknown_fields_are_refused(send: "Callable[..., Answer]") -> None:
    """An unknown field is an error and is not ignored."""
    answer = send(json.dumps(NUMBERS | {"is_admin": True}))
    assert answer.status == 422
    assert [(e["field"], e["code"]) for e in answer.json["errors"]] == [
        ("is_admin", "unknown-field")
    ]


@pytest.mark.guards("no-echo")
@pytest.mark.parametrize(
    "name", ["2940375120005", "Michèle", "a@example.fr", "x" * 33, "siret.nir", "", "\ud800", "A"]
)
def test_the_name_of_an_unknown_field_is_not_echoed(
    send: "Callable[..., Answer]", name: str
) -> None:
    """An unknown field's name may be a personal value, so it is not repeated."""
    answer = send(json.dumps(NUMBERS | {name: None}))
    assert answer.status == 422
    assert [error["field"] for error in answer.json["errors"]] == [""]


def test_all_wrong_fields_are_named_at_once(world: "World", gateway: "Gateway") -> None:
    """One answer has an error in French for each refused field, without what was typed."""
    assert world
    typed = {
        "last_name": "Dupont<script>",
        "first_name": "http://evil.example",
        "mobile_phone": "01 99 00 11 22",
        "email": "not-an-address-7341",
        "email_confirmation": "not-an-address-7341",
        "nir": "2940375120006",
        "nir_key": "91",
        "siret": "35600000000049",
        "is_agent": "maybe-7341",
    }
    answer = gateway.ask("signup", "POST", "/api/signup", typed)
    assert (answer.status, slug_of(answer)) == (422, "invalid-request")
    wrong = {error["field"] for error in answer.json["errors"]}
    assert wrong >= set(typed) - {"nir", "nir_key"}
    assert wrong & {"nir", "nir_key"}
    for value in typed.values():
        assert value not in answer.text
    assert "7341" not in answer.text


def test_the_confirmation_of_the_address(world: "World", gateway: "Gateway") -> None:
    """Two different addresses are refused beside all other errors; two spellings are accepted."""
    other = gateway.ask("signup", "POST", "/api/signup", PERSON | {"email_confirmation": "a@b.fr"})
    assert [(e["field"], e["code"]) for e in other.json["errors"]] == [
        ("email_confirmation", "confirmation-differs")
    ]
    more = PERSON | {"email_confirmation": "a@b.fr", "last_name": "R2D2", "nir_key": "00"}
    all_at_once = gateway.ask("signup", "POST", "/api/signup", more)
    assert {each["field"] for each in all_at_once.json["errors"]} == {
        "email_confirmation",
        "last_name",
        "nir_key",
    }
    assert not world.items("REGISTRATION#")
    same = gateway.ask(
        "signup", "POST", "/api/signup", PERSON | {"email_confirmation": EMAIL.upper()}
    )
    assert (same.status, same.json["email_masked"]) == (202, "m••••••t@example.fr")


def test_an_unknown_path_is_a_problem(gateway: "Gateway") -> None:
    """An unknown path gets a problem with status 404."""
    for method, path in (("POST", "/api/login/x"), ("GET", "/api/login"), ("POST", "/")):
        answer = gateway.ask("login", method, path, {} if method == "POST" else None)
        assert (answer.status, slug_of(answer)) == (404, "not-found")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (None, 200),
        ({}, 200),
        ({"limit": ["1"]}, 200),
        ({"limit": ["50"]}, 200),
        ({"limit": ["0"]}, 422),
        ({"limit": ["51"]}, 422),
        ({"limit": ["-1"]}, 422),
        ({"limit": ["x7341"]}, 422),
        ({"limit": [""]}, 422),
        ({"limit": ["9" * 5000]}, 422),
        ({"limit": ["1.5"]}, 422),
        ({"limit": ["NaN"]}, 422),
        ({"cursor": ["x7341"]}, 422),
        ({"cursor": [""]}, 422),
        ({"cursor": ["\ud800" * 32]}, 422),
        ({"cursor": ["é" * 32]}, 422),
        ({"cursor": ["7341" * 100]}, 422),
        ({"cursor": ["0" * 32]}, 200),
        ({"cursor": ["\0" * 32]}, 200),
    ],
)
def test_the_query_of_the_feed(
    world: "World", gateway: "Gateway", query: dict[str, list[str]] | None, status: int
) -> None:
    """The feed's limit and cursor are checked like fields and never repeated."""
    world.open_account()
    cookie = world.log_in(EMAIL).cookie
    answer = gateway.ask(
        "activity",
        "GET",
        "/api/me/activity",
        headers={"Cookie": [f"__Host-session={cookie}"]},
        query=query,
    )
    assert answer.status == status
    if status == 422:
        assert slug_of(answer) == "invalid-request"
        assert [error["field"] for error in answer.json["errors"]] == [next(iter(query or {}))]
        assert "7341" not in answer.text


# Nothing that a client can send gives a 5xx

texts = st.text(max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
fields = st.sampled_from(
    [
        *PERSON,
        *("token", "password", "confirmation", "identifier", "limit", "cursor"),
        *("reason", "message", "deletion_at"),
    ]
)
bodies = st.one_of(
    st.none(),
    st.text(max_size=200),
    st.dictionaries(fields, values, max_size=9).map(json.dumps),
    values.map(json.dumps),
    st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode()),
)
headers_sent = st.dictionaries(
    st.sampled_from(
        ["Content-Type", "content-type", "Origin", "Cookie", "Sec-Fetch-Site", "Accept", "X-Other"]
    ),
    st.lists(
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(
                ["application/json", "text/plain", ORIGIN, "same-origin", "__Host-session=x"]
            ),
        ),
        min_size=1,
        max_size=3,
    ),
    max_size=4,
)
queries = st.none() | st.dictionaries(
    st.sampled_from(["limit", "cursor", "other"]), st.lists(texts, min_size=1, max_size=2)
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    route=st.sampled_from(ROUTES),
    body=bodies,
    is_base64=st.booleans(),
    headers=headers_sent,
    query=queries,
    form=st.sampled_from(["both", "single", "multiple"]),
    context=st.sampled_from(["whole", "empty", "none", "missing"]),
)
def test_no_request_gives_a_5xx(
    gateway: "Gateway",
    event: "Callable[..., dict[str, Any]]",
    *,
    route: tuple[str, str, str],
    body: str | None,
    is_base64: bool,
    headers: dict[str, list[str]],
    query: dict[str, list[str]] | None,
    form: str,
    context: str,
) -> None:
    """Any request gets a well-formed answer that is not a 5xx."""
    name, method, path = route
    request = event(
        method, path, body, headers=headers, query=query, isBase64Encoded=is_base64, now=NOW
    )
    if form == "single":
        request |= {"multiValueHeaders": None, "multiValueQueryStringParameters": None}
    if form == "multiple":
        request |= {"headers": None, "queryStringParameters": None}
    if context == "missing":
        del request["requestContext"]
    elif context != "whole":
        request["requestContext"] = {} if context == "empty" else None
    answer = gateway.send(name, request)
    assert answer.status < 500
    if answer.status >= 400:
        slug_of(answer)


# Failures of ours

FAILURES: list[Exception] = [
    ClientError({"Error": {"Code": "InternalServerError", "Message": "marked-7341"}}, "UpdateItem"),
    ClientError(
        {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "marked-7341"}},
        "UpdateItem",
    ),
    EndpointConnectionError(endpoint_url="https://marked-7341.invalid"),
    ReadTimeoutError(endpoint_url="https://marked-7341.invalid"),
]


@pytest.mark.guards("always-an-answer")
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_service_that_is_down_is_503(
    world: "World", gateway: "Gateway", log: "Callable[[], str]", failure: Exception
) -> None:
    """While AWS fails, the answer is « unavailable » with a time to retry, and quotes nothing."""
    with world.failing(aws.dynamodb(), "UpdateItem", failure):
        answer = gateway.ask(
            "login", "POST", "/api/login", {"identifier": EMAIL, "password": PASSWORD}
        )
    assert (answer.status, slug_of(answer)) == (503, "unavailable")
    assert answer.headers["Retry-After"] == ["5"]
    assert "7341" not in answer.text
    written = log()
    assert "backing service failed" in written
    for secret in ("7341", EMAIL, PASSWORD):
        assert secret not in written


def test_the_log_of_a_failure_says_where(
    world: "World", gateway: "Gateway", log: "Callable[[], str]"
) -> None:
    """The log of a failure has its operation, code and place."""
    with world.failing(aws.dynamodb(), "UpdateItem", FAILURES[0]):
        gateway.ask("login", "POST", "/api/login", {"identifier": EMAIL, "password": PASSWORD})
    line = next(json.loads(each) for each in log().splitlines() if "backing" in each)
    assert (line["operation"], line["code"]) == ("UpdateItem", "InternalServerError")
    assert any("table.py" in each for each in line["where"])


@pytest.mark.parametrize("client", ["secrets_manager", "kms"])
def test_any_service_may_be_down(world: "World", gateway: "Gateway", client: str) -> None:
    """Secrets and keys that cannot be read are « unavailable » too."""
    failure = ClientError({"Error": {"Code": "ThrottlingException"}}, "Any")
    with world.failing(getattr(aws, client)(), "*", failure):
        answer = gateway.ask("signup", "POST", "/api/signup", PERSON)
    assert (answer.status, slug_of(answer)) == (503, "unavailable")
    assert not world.items("REGISTRATION#")


@pytest.mark.guards("errors-without-text")
def test_an_unexpected_failure_is_500(
    world: "World", gateway: "Gateway", log: "Callable[[], str]"
) -> None:
    """An unexpected error is a problem 500; its text is neither answered nor logged."""
    with world.failing(aws.dynamodb(), "UpdateItem", RuntimeError("marked-7341")):
        answer = gateway.ask(
            "login", "POST", "/api/login", {"identifier": EMAIL, "password": PASSWORD}
        )
    assert (answer.status, slug_of(answer)) == (500, "internal-error")
    assert "7341" not in answer.text
    written = log()
    assert "RuntimeError" in written
    for secret in ("7341", EMAIL, PASSWORD, "Traceback"):
        assert secret not in written


@pytest.mark.guards("logs-without-content")
def test_a_request_is_logged_without_its_content(
    world: "World", gateway: "Gateway", log: "Callable[[], str]"
) -> None:
    """A request's log and metrics have its route and outcome, and no value, address or token."""
    world.sign_up()
    (mail,) = world.deliver()
    gateway.ask("signup", "POST", "/api/signup", PERSON, now=NOW + 100)
    gateway.ask("validate_email", "POST", "/api/email-validation", {"token": mail.token})
    gateway.ask(
        "set_password",
        "PUT",
        "/api/password",
        {"token": mail.token, "password": PASSWORD, "confirmation": PASSWORD},
    )
    gateway.ask("login", "POST", "/api/login", {"identifier": EMAIL, "password": PASSWORD})
    gateway.ask("login", "POST", "/api/login", {"identifier": EMAIL, "password": PASSWORD + "x"})
    lines = [json.loads(each) for each in log().splitlines() if '"request"' in each]
    assert [(line["route"], line["status"], line["outcome"]) for line in lines] == [
        ("POST /api/signup", 202, "ok"),
        ("POST /api/email-validation", 200, "ok"),
        ("PUT /api/password", 204, "ok"),
        ("POST /api/login", 200, "ok"),
        ("POST /api/login", 401, "invalid-credentials"),
    ]
    for line in lines:
        (counted,) = line["_aws"]["CloudWatchMetrics"]
        assert counted["Namespace"] == "Portail"
        assert counted["Dimensions"] == [["route", "outcome", "service"]]
        assert line["Answers"] == [1.0]
    assert [bool(line.get("account_id")) for line in lines] == [False, False, False, True, False]
    assert all(line["request_id"] and line["milliseconds"] >= 0 for line in lines)
    personal = (
        EMAIL, "Dupont", "Michèle", "612345678", "2940375120005", "35600000000048",
        mail.token, PASSWORD, "203.0.113",
    )  # fmt: skip
    for secret in personal:
        assert secret not in log()


# Limits and round trips


@pytest.mark.guards("limit-of-contact", "limit-of-estimates")
@pytest.mark.parametrize(
    ("name", "method", "path", "body"),
    [
        ("signup", "POST", "/api/signup", PERSON),
        ("signup", "POST", "/api/signup/resend", {"email": EMAIL}),
        ("signup", "POST", "/api/signup/delivery", {"registration": "r" * 42 + "w"}),
        ("validate_email", "POST", "/api/email-validation", {"token": "A" * 96}),
        (
            "set_password",
            "PUT",
            "/api/password",
            {"token": "A" * 96, "password": PASSWORD, "confirmation": PASSWORD},
        ),
        ("login", "POST", "/api/login", {"identifier": "x", "password": PASSWORD}),
        ("recover_password", "POST", "/api/password-recovery", {"identifier": EMAIL}),
        ("account", "POST", "/api/email-undo", {"token": "A" * 96}),
        (
            "contact",
            "POST",
            "/api/contact",
            {
                "reason": "signup-impossible",
                "last_name": "Dupont",
                "first_name": "Michèle",
                "email": EMAIL,
                "message": "Bonjour",
            },
        ),
        ("estimate", "POST", "/api/estimates", ESTIMATED),
    ],
)
def test_each_endpoint_without_login_is_limited(
    world: "World", gateway: "Gateway", name: str, method: str, path: str, body: dict[str, Any]
) -> None:
    """The sixty-first request of a minute from one address is refused and does nothing else."""
    assert gateway.ask(name, method, path, body, now=NOW).status != 429
    (counter,) = world.items("RATE#")
    aws.dynamodb().put_item(
        TableName=world.settings.table_name, Item=counter | {"hits": {"N": "60"}}
    )
    with world.calls.counted() as made:
        answer = gateway.ask(name, method, path, body, now=NOW)
    assert made == ["UpdateItem"]
    assert (answer.status, slug_of(answer)) == (429, "throttled")
    assert answer.headers["Retry-After"] == [str(60 - NOW % 60)]
    assert gateway.ask(name, method, path, body, now=NOW + 60).status != 429


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/me/password", {"password": "Other-Horse-8", "confirmation": "Other-Horse-8"}),
        ("PUT", "/api/me/email", {"email": "other@example.fr"}),
        ("POST", "/api/me/email/confirmation", {"token": "A" * 96}),
        ("DELETE", "/api/me", None),
    ],
)
def test_what_an_account_has_mailed_is_limited(
    world: "World", gateway: "Gateway", method: str, path: str, body: object
) -> None:
    """The sixty-first request of a minute is also refused to who is logged in."""
    world.open_account(NOW - 60)
    sent = {
        "Content-Type": ["application/json"],
        "Cookie": [f"__Host-session={world.log_in(EMAIL, now=NOW - 30).cookie}"],
    }
    endpoint = {"/api/me": "deletion"}.get(path, path.removeprefix("/api/me/").replace("/", "-"))
    for _ in range(60):
        limit_requests(
            world.table, keys.lookup_keys(), world.limits, f"me-{endpoint}", "203.0.113.7", NOW
        )
    before = world.items("ACCOUNT#") + world.items("OUTBOX#")
    answer = gateway.ask("account", method, path, body, headers=sent, now=NOW)
    assert (answer.status, slug_of(answer)) == (429, "throttled")
    assert world.items("ACCOUNT#") + world.items("OUTBOX#") == before
    answer = gateway.ask("account", method, path, body, headers=sent, now=NOW + 60)
    assert answer.status in {202, 204, 404}


def test_a_login_must_wait(world: "World", gateway: "Gateway") -> None:
    """A delayed login gives the seconds to wait in Retry-After."""
    assert world
    body = {"identifier": "nobody@example.fr", "password": PASSWORD}
    for _ in range(5):
        answer = gateway.ask("login", "POST", "/api/login", body)
        assert (answer.status, slug_of(answer)) == (401, "invalid-credentials")
    answer = gateway.ask("login", "POST", "/api/login", body)
    assert (answer.status, slug_of(answer)) == (429, "throttled")
    assert answer.headers["Retry-After"] == ["1"]


def test_requests_are_judged_by_their_arrival(world: "World", gateway: "Gateway") -> None:
    """A request counts at the time when the gateway received it."""
    world.sign_up()
    (mail,) = world.deliver()
    for second, status in ((3599, 200), (3600, 410), (3599, 200)):
        answer = gateway.ask(
            "validate_email",
            "POST",
            "/api/email-validation",
            {"token": mail.token},
            now=NOW + second,
        )
        assert answer.status == status


def test_the_answer_of_a_good_link(world: "World", gateway: "Gateway") -> None:
    """A valid link answers the first name, the masked address and numbers, and its end."""
    world.sign_up()
    (mail,) = world.deliver()
    body = {"token": mail.token}
    answer = gateway.ask("validate_email", "POST", "/api/email-validation", body)
    assert (answer.status, answer.json) == (
        200,
        {
            "first_name": "Michèle",
            "email_masked": "m••••••t@example.fr",
            "nir_masked": "2\u00a0••\u00a0••\u00a0••\u00a0•••\u00a0•05",
            "siret_masked": "356\u00a0•••\u00a0•••\u00a0••048",
            "expires_at": "2026-09-21T15:13:20.000Z",
        },
    )
    late = gateway.ask("validate_email", "POST", "/api/email-validation", body, now=NOW + 3600)
    assert (late.status, slug_of(late)) == (410, "link-expired")
    assert late.json["email_masked"] == "m••••••t@example.fr"


def test_round_trips(world: "World", gateway: "Gateway") -> None:
    """Each request makes no more calls to DynamoDB than its budget."""
    figures: dict[str, int] = {}

    def cost(what: str, *request: Any, **options: Any) -> "Answer":
        with world.calls.counted() as made:
            answer = gateway.ask(*request, **options)
        assert answer.status < 500
        figures[what] = len(made)
        return answer

    login = ("login", "POST", "/api/login")
    cost("identifiers", "signup", "POST", IDENTIFIERS, NUMBERS)
    cost("sign-up", "signup", "POST", "/api/signup", PERSON)
    cost("sign-up, mail limited", "signup", "POST", "/api/signup", PERSON)
    cost("resend", "signup", "POST", "/api/signup/resend", {"email": EMAIL}, now=NOW + 60)
    mail = world.deliver(NOW)[-1]
    cost("validation", "validate_email", "POST", "/api/email-validation", {"token": mail.token})
    cost(
        "validation, late",
        "validate_email",
        "POST",
        "/api/email-validation",
        {"token": mail.token},
        now=NOW + 3600,
    )
    new = {"token": mail.token, "password": PASSWORD, "confirmation": PASSWORD}
    cost("password", "set_password", "PUT", "/api/password", new)
    good = {"identifier": EMAIL, "password": PASSWORD}
    cookie = cost("login", *login, good).headers["Set-Cookie"][0].partition(";")[0]
    cost("login, wrong", *login, good | {"password": "Wrong-Horse-77"})
    cost("login, unknown", *login, good | {"identifier": "nobody@example.fr"})
    sent = {"Cookie": [cookie]}
    cost("feed", "activity", "GET", "/api/me/activity", headers=sent)
    cost("feed, touched", "activity", "GET", "/api/me/activity", headers=sent, now=NOW + 60)
    cost("feed, no session", "activity", "GET", "/api/me/activity", headers={})
    cost("logout", "logout", "POST", "/api/logout", headers=JSON | sent)
    assert figures == {
        "identifiers": 0,
        "sign-up": 2,
        "sign-up, mail limited": 3,
        "resend": 2,
        "validation": 3,
        "validation, late": 4,
        "password": 3,
        "login": 4,
        "login, wrong": 3,
        "login, unknown": 3,
        "feed": 2,
        "feed, touched": 3,
        "feed, no session": 0,
        "logout": 1,
    }


# The catalogue of problems

CATALOGUE = [
    each
    for module in (problems, identity_problems)
    for each in vars(module).values()
    if isinstance(each, ProblemType)
]


def test_slugs_are_stable_codes() -> None:
    """A slug always has one error status and French sentences."""
    statuses = {(each.slug, each.status) for each in CATALOGUE}
    assert len(statuses) == len({each.slug for each in CATALOGUE}) >= 15
    for each in CATALOGUE:
        assert each.slug.replace("-", "").isalpha()
        assert each.slug == each.slug.lower()
        assert 400 <= each.status < 600
        assert each.detail.endswith(".")
        # Typography: no straight apostrophe, a no-break space before high punctuation.
        assert "'" not in each.title + each.detail
        assert " :" not in each.detail
        assert " ;" not in each.detail


def test_a_problem_is_described() -> None:
    """A problem has the members of RFC 9457, its extensions, its errors and its headers."""
    problem = Problem(
        problems.INVALID_REQUEST,
        errors=[FieldError("email", "required", "Indiquez votre adresse.")],
        retry_after=7,
        allow="GET",
        email_masked="m••••••t@example.fr",
    )
    refusal = describe(problem, base_url=ORIGIN, instance="request-1")
    assert refusal.status == 422
    assert refusal.headers == {"Retry-After": "7", "Allow": "GET"}
    assert refusal.body == {
        "type": f"{ORIGIN}/problems/invalid-request",
        "title": problems.INVALID_REQUEST.title,
        "status": 422,
        "detail": problems.INVALID_REQUEST.detail,
        "instance": "request-1",
        "email_masked": "m••••••t@example.fr",
        "errors": [{"field": "email", "code": "required", "detail": "Indiquez votre adresse."}],
    }
    bare = describe(Problem(problems.NOT_FOUND), base_url="", instance="x")
    assert (bare.headers, "errors" in bare.body) == ({}, False)


def test_a_problem_ends_as_its_slug() -> None:
    """A problem in a traceback shows its slug and nothing that was typed."""
    assert (
        str(Problem(identity_problems.LINK_EXPIRED, email_masked="m@example.fr")) == "link-expired"
    )
