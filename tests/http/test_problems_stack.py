"""Refusals: each is a problem document in French that repeats nothing typed."""

import json
import re
from typing import Any

import pytest

from tests.world.client import Answer, Client
from tests.world.people import new_nir, new_person

pytestmark = pytest.mark.stack

POSTS = (
    "/api/signup/identifiers",
    "/api/signup",
    "/api/signup/resend",
    "/api/signup/delivery",
    "/api/email-validation",
    "/api/login",
    "/api/logout",
    "/api/password-recovery",
    "/api/email-undo",
    "/api/contact",
    "/api/me/email/confirmation",
)
ENDPOINTS = [
    *(("POST", path) for path in POSTS),
    ("PUT", "/api/password"),
    ("PUT", "/api/me/password"),
    ("PUT", "/api/me/email"),
]
MARK = "Zébulon<42>"


def signed_in(path: str) -> bool:
    """Return whether a path needs a session, which is checked before fields."""
    return path.startswith("/api/me")


def assert_problem(answer: Answer, status: int, slug: str, port: int) -> None:
    """Check that an answer is a problem document (RFC 9457) of this kind."""
    assert (answer.status, answer.slug) == (status, slug), answer.text
    assert answer.header("content-type") == "application/problem+json"
    assert answer.header("cache-control") == "no-store"
    problem = answer.json
    assert problem["type"] == f"http://portail.localhost:{port}/problems/{slug}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert re.fullmatch(r"[0-9a-f-]{36}", problem["instance"])


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("last_name", "", "required"),
        ("last_name", "   ", "required"),
        ("last_name", "R2D2", "invalid-characters"),
        ("last_name", "http://x.example", "invalid-characters"),
        ("last_name", "a\r\nBcc: x", "invalid-characters"),
        ("last_name", "na\u202eme", "invalid-characters"),
        ("last_name", "a" * 81, "invalid-length"),
        ("last_name", "a" * 321, "too-long"),
        ("last_name", None, "invalid-type"),
        ("first_name", "<b>", "invalid-characters"),
        ("first_name", "-", "no-letter"),
        ("first_name", 3, "invalid-type"),
        ("mobile_phone", "01 23 45 67 89", "not-mobile"),
        ("mobile_phone", "", "required"),
        ("mobile_phone", None, "invalid-type"),
        ("email", "personne", "invalid-email"),
        ("email", "", "required"),
        ("email", "é@example.fr", "invalid-characters"),
        ("email", f"{'a' * 250}@example.fr", "invalid-length"),
        ("email_confirmation", "autre@example.fr", "confirmation-differs"),
        ("nir", "2940375120", "invalid-length"),
        ("nir", "9940375120005", "invalid-number"),
        ("nir_key", "00", "invalid-checksum"),
        ("nir_key", "9", "invalid-key"),
        ("nir_key", None, "key-required"),
        ("siret", "00000000000000", "invalid-number"),
        ("siret", "12345678901234", "invalid-checksum"),
        ("siret", "1234", "invalid-length"),
        ("siret", 12345678901234, "invalid-type"),
        ("is_agent", "true", "invalid-type"),
        ("is_agent", None, "invalid-type"),
        ("is_admin", True, "unknown-field"),
    ],
)
def test_each_field(client: Client, field: str, value: object, code: str) -> None:
    """A sign-up with one wrong field names it with a stable code."""
    answer = client.sign_up(new_person(), **{field: value})
    assert_problem(answer, 422, "invalid-request", client.port)
    assert (field, code) in answer.errors
    assert {each for each, _ in answer.errors} <= {field, "email_confirmation"}


def test_missing_fields(client: Client) -> None:
    """A form without its fields gets an error for each of them at once."""
    answer = client.post("/api/signup", {})
    assert_problem(answer, 422, "invalid-request", client.port)
    assert answer.errors == {(field, "required") for field in new_person().form()}


def test_nothing_typed_comes_back(client: Client) -> None:
    """No refusal repeats what was typed, for any field and function."""
    nir = new_nir()
    form = dict.fromkeys(new_person().form(), MARK)
    answers = [
        client.post("/api/signup", form),
        client.post("/api/signup", new_person().form() | {"nir": nir, "nir_key": "99"}),
        client.post("/api/signup/identifiers", {"siret": MARK, "nir": nir, "nir_key": MARK}),
        client.post("/api/signup/resend", {"email": MARK}),
        client.post("/api/signup/delivery", {"registration": MARK}),
        client.validate(MARK),
        client.call("PUT", "/api/password", {"token": 3, "password": MARK, "confirmation": MARK}),
        client.post("/api/login", {"identifier": MARK, "password": MARK, "autre": MARK}),
        client.post("/api/login", {"identifier": f"{MARK}\0", "password": "x"}),
        client.post("/api/logout", {"autre": MARK}),
        client.post("/api/login", MARK),
        client.post("/api/login", [MARK]),
    ]
    for answer in answers:
        assert 400 <= answer.status < 500
        assert MARK not in answer.text
        assert nir not in answer.text


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_malformed(client: Client, method: str, path: str) -> None:
    """Every function refuses alike what is not JSON, has another type or is too long."""
    for body in (b"{", b"\xff\xfe", b"{} {}", b" ", b"[" * 9000, b"\xef\xbb\xbf{}", b"9" * 5000):
        assert_problem(client.call(method, path, body), 400, "malformed-json", client.port)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json"):
        answer = client.call(method, path, b"{}", headers={"Content-Type": kind})
        assert_problem(answer, 415, "unsupported-media-type", client.port)
    large = json.dumps({"identifier": "x" * 16 * 1024}).encode()
    assert_problem(client.call(method, path, large), 413, "too-large", client.port)
    largest = b'{"x":"' + b"x" * (16 * 1024 - 8) + b'"}'
    assert client.call(method, path, largest).status == (401 if signed_in(path) else 422)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize("body", [[], "x", None, 1, True, {"\ud800": 1}])
def test_json_of_another_shape(client: Client, method: str, path: str, body: object) -> None:
    """JSON that is no object, or has an invalid field name, is an invalid request."""
    answer = client.call(method, path, json.dumps(body).encode())
    if isinstance(body, dict) and signed_in(path):
        assert_problem(answer, 401, "unauthenticated", client.port)
    else:
        assert_problem(answer, 422, "invalid-request", client.port)


@pytest.mark.parametrize(
    "value",
    ["\ud800", "\0", "a" * 16000, 10**300, float("inf"), float("nan"), -0.0, [], {}, True, None,
     [[[]]], {"$ne": ""}, "%00", "${7*7}", "\u202e", "\ufdfa" * 50, "e\u0301" * 100],
)  # fmt: skip
def test_hostile_values(client: Client, value: Any) -> None:
    """No value in any field gives a 5xx."""
    form = new_person().form()
    requests: list[tuple[str, str, dict[str, Any]]] = [
        *(("POST", "/api/signup", form | {field: value}) for field in form),
        ("POST", "/api/signup/identifiers", dict.fromkeys(("siret", "nir", "nir_key"), value)),
        ("POST", "/api/signup/resend", {"email": value}),
        ("POST", "/api/signup/delivery", {"registration": value}),
        ("POST", "/api/email-validation", {"token": value}),
        ("PUT", "/api/password", dict.fromkeys(("token", "password", "confirmation"), value)),
        ("POST", "/api/login", {"identifier": value, "password": "x"}),
        ("POST", "/api/login", {"identifier": "x@example.fr", "password": value}),
        ("POST", "/api/login", {"identifier": f"{value}@{value}", "password": f"{value}"}),
    ]
    for method, path, body in requests:
        status = client.call(method, path, json.dumps(body).encode()).status
        assert 200 <= status < 500, (path, body)


@pytest.mark.parametrize(
    "query",
    ["?limit=0", "?limit=51", "?limit=x", "?limit=", "?cursor=x", f"?cursor={'%00' * 32}",
     f"?cursor={'%C3%A9' * 32}", "?cursor=%ED%A0%80", "?limit=1&limit=x", "?limit=%FF", "?x=%zz"],
)  # fmt: skip
def test_hostile_queries(client: Client, query: str) -> None:
    """No query gives a 5xx, without a session or with a made-up one."""
    assert client.activity(query).status in {401, 422}
    for session in ("x", "A" * 66, "_" * 66, "é", "A" * 5000):
        cookie = f"__Host-session={session}".encode().decode("latin-1")
        answer = client.call("GET", f"/api/me/activity{query}", headers={"Cookie": cookie})
        assert answer.status in {401, 422}


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/x", "/api/login/x", "/api//login"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_unknown_paths(client: Client, method: str, path: str) -> None:
    """An unknown path of the API is a problem « not found », for any method."""
    answer = client.call(method, path, {} if method != "GET" else None)
    assert_problem(answer, 404, "not-found", client.port)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in POSTS),
        ("DELETE", "/api/login"),
        ("PUT", "/api/signup"),
        ("POST", "/api/password"),
        ("GET", "/api/password"),
        ("POST", "/api/me/activity"),
        ("POST", "/api/openapi.json"),
    ],
)
def test_wrong_methods(client: Client, method: str, path: str) -> None:
    """A path called with another method is answered as such."""
    answer = client.call(method, path, {} if method != "GET" else None)
    assert_problem(answer, 405, "method-not-allowed", client.port)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_other_sites(client: Client, method: str, path: str) -> None:
    """A state change from another site is refused before anything else."""
    for headers in (
        {"Origin": "https://other.example"},
        {"Origin": "null"},
        {"Origin": f"https://portail.localhost:{client.port}"},
        {"Origin": f"http://portail.localhost:{client.port}.other.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        answer = client.call(method, path, {}, headers=headers)
        assert_problem(answer, 403, "cross-origin", client.port)
    ours = {"Origin": f"http://portail.localhost:{client.port}", "Sec-Fetch-Site": "same-origin"}
    assert client.call(method, path, {}, headers=ours).status in {204, 401, 422}


def test_logout_without_a_body(client: Client) -> None:
    """A logout needs neither a body nor a session."""
    for body in (None, b"", {}):
        assert client.call("POST", "/api/logout", body).status == 204


@pytest.mark.guards("two-years-of-https", "no-store")
def test_headers_of_every_answer(client: Client) -> None:
    """Successes and refusals have the same security headers."""
    for answer in (
        client.post("/api/logout", {}),
        client.post("/api/login", {}),
        client.post("/api/login", b"{"),
        client.activity(),
        client.call("GET", "/api/x"),
    ):
        assert answer.header("cache-control") == "no-store"
        assert answer.header("x-content-type-options") == "nosniff"
        assert answer.header("referrer-policy") == "no-referrer"
        assert answer.header("strict-transport-security").startswith("max-age=63072000")
        assert "default-src 'none'" in answer.header("content-security-policy")
        assert answer.header("cross-origin-opener-policy") == "same-origin"
