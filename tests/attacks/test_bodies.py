"""Bodies that are not JSON, not the expected JSON, or too long."""

import json
from typing import Any

import pytest

from tests.world.client import SESSION_COOKIE, Client
from tests.world.cloud import read_template
from tests.world.journey import logged_in, signed_up
from tests.world.mailbox import Mailbox
from tests.world.people import PASSWORD, contact_form, new_person
from tests.world.wire import CHANGES, JSON, send

pytestmark = pytest.mark.stack

MALFORMED = [
    b"{",
    b"{}}",
    b"{'a': 1}",
    b'{"a": 1,}',
    b'{"a": \x00}',
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"a": "\xc3("}',
    b'{"a": "\xed\xa0\x80"}',
    b'{"a": "\xc0\xaf"}',
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00C\xbf\xa6\xa3\x02\x00\x00\x00",
    b"[" * 16000,
    b'{"a":' * 3000,
    b"9" * 8000,
    b'{"a": NaN}',
    b'{"a": "\n"}',
    b"e30=",
]


def test_malformed(client: Client, mailbox: Mailbox) -> None:
    """Every function refuses what is not JSON in UTF-8 as a malformed body."""
    logged_in(client, mailbox)
    headers = [JSON, ("Cookie", f"{SESSION_COOKIE}={client.session}")]
    for method, path in CHANGES:
        for body in MALFORMED:
            answer = send(client, method, path, headers, body)
            assert answer.status == 400, (path, body[:20])
            assert answer.slug == "malformed-json"
        for body in (b"[" * 8000 + b"]" * 8000, b'{"a":' * 2500 + b"1" + b"}" * 2500):
            if method != "DELETE":  # which reads no body
                refusal = send(client, method, path, headers, body)
                assert refusal.status in {400, 422}, path
        large = b'{"a":"' + b"a" * 16 * 1024 + b'"}'
        answer = send(client, method, path, headers, large)
        assert (answer.status, answer.slug) == (413, "too-large"), path
    answer = send(client, "POST", "/api/login", headers, b" " * (5 << 20))
    assert (answer.status, answer.slug) == (413, "too-large")
    assert client.me().json["deletion_at"] is None


def test_in_pieces(client: Client) -> None:
    """A body sent in pieces is treated as the same body sent at once."""
    good = b'{"identifier":"nobody@example.fr","password":"x"}'
    for pieces, status in (
        ([good[:7], good[7:]], 401),
        ([good[n : n + 1] for n in range(len(good))], 401),
        ([good, b"}"], 400),
        ([b'{"a":"', *[b"a" * 1024] * 17, b'"}'], 413),
        ([], 422),
    ):
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in pieces) + b"0\r\n\r\n"
        headers = [JSON, ("Transfer-Encoding", "chunked")]
        answer = send(client, "POST", "/api/login", headers, chunks)
        assert answer.status == status, pieces[:2]


@pytest.mark.guards("fields-once")
def test_names_twice(client: Client, mailbox: Mailbox) -> None:
    """A field that appears twice is refused, so that no two checks read two values."""
    person = logged_in(client, mailbox)
    for one, other in (("x", PASSWORD), (PASSWORD, "x"), (PASSWORD, PASSWORD)):
        twice = f'{{"identifier":"{person.email}","password":"{one}","password":"{other}"}}'
        answer = client.another().call("POST", "/api/login", twice.encode())
        assert (answer.status, answer.errors) == (422, {("password", "repeated")})
        assert PASSWORD not in answer.text
    hidden = b'{"deletion_at":null,"mobile_phone":"0699999996","mobile_phone":"<b>"}'
    assert client.call("PATCH", "/api/me", hidden).status == 422
    assert client.me().json["mobile_phone"] != "+33699999996"


@pytest.mark.guards("utf-8-only")
def test_encodings(client: Client) -> None:
    """A body in another encoding than UTF-8, or announced as such, is refused and not read."""
    form = '{"identifier":"nobody@example.fr","password":"é"}'
    for charset in ("utf-16", "utf-32", "iso-8859-1", "windows-1252", "us-ascii"):
        sent = {"Content-Type": f"application/json; charset={charset}"}
        for raw in (form.encode(), form.encode(charset, "replace")):
            answer = client.call("POST", "/api/login", raw, headers=sent)
            assert (answer.status, answer.slug) == (415, "unsupported-media-type"), charset
    for charset in ("utf-8", "UTF-8", '"utf-8"'):
        sent = {"Content-Type": f"application/json; charset={charset}"}
        assert client.call("POST", "/api/login", form.encode(), headers=sent).status == 401
    for raw in (form.encode("utf-16"), form.encode("utf-16-le"), form.encode("latin-1")):
        assert client.call("POST", "/api/login", raw).status == 400


def test_long_messages_in_any_writing(client: Client) -> None:
    """A message of 4,000 characters passes escaped as it does in UTF-8; one more never does."""
    person = new_person()
    for character in ("é", "€", "ﷺ", "🌻"):
        for escaped in (False, True):
            for length, status in ((3000, 202), (4000, 202), (4001, 422)):
                form = contact_form(person, character * length)
                raw = json.dumps(form, ensure_ascii=escaped).encode()
                answer = client.call("POST", "/api/contact", raw)
                assert answer.status == status, (character, escaped, length)


COUNTED = {
    "SizeRestrictions_BODY": ("Grand-Message-1!", "€" * 4000),
    "CrossSiteScripting_BODY": ("<script>alert('Aa1!')</script>",) * 2,
    "GenericLFI_BODY": ("../../../../etc/passwd-Aa1!",) * 2,
    "GenericRFI_BODY": ("http://10.0.0.1/shell.php?Aa=1!",) * 2,
    "EC2MetaDataSSRF_BODY": ("http://169.254.169.254/latest/Aa1!",) * 2,
}
"""By rule of the firewall that only counts: a password and a message that it would block."""


def test_each_counted_rule_has_a_sample() -> None:
    """The rules that the firewall only counts are those whose samples are sent below."""
    (common,) = (
        rule["Statement"]["ManagedRuleGroupStatement"]
        for rule in read_template()["Resources"]["Firewall"]["Properties"]["Rules"]
        if rule["Name"] == "common"
    )
    counted = {each["Name"]: each["ActionToUse"] for each in common["RuleActionOverrides"]}
    assert counted == {rule: {"Count": {}} for rule in COUNTED}


@pytest.mark.parametrize("rule", COUNTED)
def test_what_the_firewall_only_counts(client: Client, mailbox: Mailbox, rule: str) -> None:
    """What a counted rule looks for is a good password, and does no harm in a message."""
    password, message = COUNTED[rule]
    person, token = signed_up(client, mailbox)
    assert client.set_password(token, password).status == 204
    assert client.log_in(person.email, password).status == 200
    answer = client.post("/api/contact", contact_form(person, message))
    assert answer.status == 202, answer.text
    assert message not in answer.text
    ticket = answer.json["ticket"]
    mailbox.settle()
    (received,) = [each for each in mailbox.of("assistance@portail.example") if ticket in each.text]
    assert "<script" not in received.html
    assert f'href="{message}' not in received.html


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "1e999", "-1e-999", "1" * 4000, "-0", "1.5", "[]", "{}",
     "[[[[[[]]]]]]", '{"$ne": null}', '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"\\u202e"',
     '"\\ufeff"', '""', '" "', "true", "null", '["a@example.fr"]', '"a\\r\\nBcc: b@example.fr"',
     f'"{"a" * 15000}"', f'"{"\\u0301" * 2000}"', f'"{"\\ufdfa" * 100}"'],
)  # fmt: skip
def test_hostile_values(client: Client, mailbox: Mailbox, value: str) -> None:
    """No JSON value in any field of the account's requests gives a 5xx."""
    if not _session:
        logged_in(client, mailbox)
        _session.append(client.session)
    client.session = _session[0]
    good: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/api/password-recovery", {"identifier": "a"}),
        ("POST", "/api/contact", contact_form(new_person())),
        ("POST", "/api/email-undo", {"token": "a"}),
        ("POST", "/api/second-factor-keep", {"token": "a"}),
        ("PATCH", "/api/me", {"mobile_phone": "a", "deletion_at": None}),
        ("PUT", "/api/me/password", {"password": "a", "confirmation": "a"}),
        ("PUT", "/api/me/email", {"email": "a", "email_confirmation": "a"}),
        ("POST", "/api/me/email/confirmation", {"token": "a"}),
    ]
    for method, path, form in good:
        for field in form:
            written = json.dumps(form | {field: "@@"}).replace('"@@"', value)
            answer = client.call(method, path, written.encode())
            assert 200 <= answer.status < 500, (path, field)
            assert answer.status != 204, (path, field)
        twice = json.dumps(form)[:-1] + f', "{next(iter(form))}": {value}}}'
        assert client.call(method, path, twice.encode()).status < 500, path
    path = f"/api/me/sessions/{value.strip('"')[:200].replace(' ', '%20')}"
    if path.isascii() and path.isprintable():
        assert client.end_session(path.rpartition("/")[2] or "x").status in {404, 405}


_session: list[str] = []


@pytest.mark.parametrize(
    "session_id",
    ["x", "0" * 16, "..%2f..", "%00", "%F0%9F%92%A9", "a" * 1500, "%ED%A0%80", "1'--", "*", "%25"],
)
def test_hostile_session_ids(client: Client, mailbox: Mailbox, session_id: str) -> None:
    """No session id in a path gives a 5xx, and none ends another session."""
    if not _session:
        logged_in(client, mailbox)
        _session.append(client.session)
    client.session = _session[0]
    answer = client.end_session(session_id)
    assert (answer.status, answer.slug) == (404, "not-found")
    assert client.me().status == 200
