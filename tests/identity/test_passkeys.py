"""Passkeys: added, listed, renamed, removed, and what a browser's answer must be to add one."""

from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core import keys
from portal.core.acting import Acting
from portal.core.held import Reading, export
from portal.core.problems import INVALID_REQUEST, UNAUTHENTICATED
from portal.core.session import end_sessions
from portal.identity import passkeys
from portal.identity.held import HELD
from portal.identity.passkey_checks import (
    NAME,
    RefusedPasskeyError,
    challenge_of,
    named_in,
    relying_party,
    verify_creation,
)
from portal.identity.passkey_records import Passkey
from portal.identity.problems import PASSKEY_KNOWN, PASSKEY_UNKNOWN, TOO_MANY_PASSKEYS
from tests.world.authenticator import (
    COPIED,
    COPYABLE,
    GOOD,
    PRESENT,
    VERIFIED,
    Authenticator,
    raw,
    text,
)
from tests.world.refusals import overtaken, refused
from tests.world.use_cases import EMAIL, OTHER
from tests.world.world import FEED, NOW, World

MINUTES = 300


@pytest.fixture
def acting(world: World) -> Acting:
    """Return the holder of an account, acting in a stored session."""
    return world.with_session(world.open_account())


def ask(world: World, acting: Acting) -> Any:
    """Ask for creation options."""
    party = relying_party(world.settings.public_url)
    return passkeys.start(world.table, keys.token_keys(), party, acting).options


def answer(world: World, acting: Acting, credential: Any, name: str = "") -> Passkey:
    """Send a browser's answer."""
    party, tokens = relying_party(world.settings.public_url), keys.token_keys()
    return passkeys.add(world.table, tokens, party, acting, credential, name, "Firefox 140, Linux")


def listed(world: World, acting: Acting) -> list[str]:
    """Return the names of an account's passkeys."""
    return [each.label for each in passkeys.list_passkeys(world.table, acting.account_id)]


def invalid(world: World, acting: Acting, credential: Any) -> None:
    """Check that an answer is refused, and stores nothing."""
    problem = refused(INVALID_REQUEST, lambda: answer(world, acting, credential))
    assert [(each.field, each.code) for each in problem.errors] == [
        ("credential", "invalid-passkey")
    ]
    assert not world.items("PASSKEYS#")


def test_what_is_asked_for(world: World, acting: Acting) -> None:
    """A passkey that finds the account by itself and verifies the person; no maker is asked."""
    options = ask(world, acting)
    assert options["rp"] == {"id": "portail.example", "name": NAME}
    assert options["user"]["name"] == EMAIL
    assert len(raw(options["user"]["id"])) == 16
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert [each["alg"] for each in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert options["timeout"] == MINUTES * 1000
    assert len(raw(options["challenge"])) == 72
    assert options["challenge"] not in str(world.items()), "its signature is not stored"


@pytest.mark.guards("new-passkey-is-told")
def test_adding(world: World, acting: Acting) -> None:
    """A passkey is stored with the name of its device, counted, and told by feed and mail."""
    made = world.add_passkey(acting, Authenticator(flags=GOOD | COPYABLE | COPIED))
    assert (made.label, made.created_at, made.last_used_at) == ("Firefox 140, Linux", NOW, None)
    assert (made.can_be_copied, made.copied, made.transports) == (
        True,
        True,
        ["hybrid", "internal"],
    )
    assert world.credentials(EMAIL).passkeys == 1
    assert world.kinds(acting.account_id) == ["passkey-added"]
    assert "Une clé d’accès a été ajoutée à votre compte" in [
        mail.subject for mail in world.deliver()
    ]
    world.add_passkey(world.with_session(acting.account_id, NOW + 1), Authenticator(), "Téléphone")
    assert listed(world, acting) == ["Téléphone", "Firefox 140, Linux"]
    assert world.credentials(EMAIL).passkeys == 2


@pytest.mark.guards("each-passkey-once", "ten-passkeys")
def test_ten_at_most_and_each_once(world: World, acting: Acting) -> None:
    """The browser is told which passkeys there are; one of them is refused, and an eleventh."""
    first = Authenticator()
    world.add_passkey(acting, first)
    (excluded,) = ask(world, acting)["excludeCredentials"]
    assert excluded["id"] == text(first.credential_id)
    refused(PASSKEY_KNOWN, lambda: world.add_passkey(acting, first))
    for _ in range(8):
        world.add_passkey(acting, Authenticator())
    late = ask(world, acting)
    world.add_passkey(acting, Authenticator())
    refused(TOO_MANY_PASSKEYS, lambda: answer(world, acting, Authenticator().create(late)))
    refused(TOO_MANY_PASSKEYS, lambda: ask(world, acting))
    assert len(listed(world, acting)) == 10


@pytest.mark.guards("five-minutes-to-create", "challenge-ends", "creation-used-once")
def test_a_challenge_is_short_and_used_once(world: World, acting: Acting) -> None:
    """An answer is good for five minutes, once."""
    options = ask(world, acting)
    late = Acting.in_session(acting.session, NOW + MINUTES)
    invalid(world, late, Authenticator().create(options))
    in_time = Acting.in_session(acting.session, NOW + MINUTES - 1)
    answer(world, in_time, Authenticator().create(options))
    refused(INVALID_REQUEST, lambda: answer(world, in_time, Authenticator().create(options)))
    again = ask(world, acting)
    made = [Authenticator().create(again) for _ in range(2)]
    refused(
        INVALID_REQUEST,
        lambda: overtaken(
            lambda: answer(world, acting, made[0]), lambda: answer(world, acting, made[1])
        ),
    )
    assert len(listed(world, acting)) == 2


@pytest.mark.guards("challenge-of-its-account", "challenge-of-its-session")
def test_a_challenge_is_of_one_session(world: World, acting: Acting) -> None:
    """Options of another account or session, or of a login, add no passkey here."""
    other = world.with_session(world.open_account(email=OTHER, nir=None, siret=None))
    made = Authenticator().create(ask(world, other))
    invalid(world, acting, made)
    same = Acting(acting.account_id, acting.actor_id, other.session, NOW)
    invalid(world, same, made)
    elsewhere = world.authenticate(world.log_in(EMAIL).cookie)
    invalid(world, Acting.in_session(elsewhere, NOW), Authenticator().create(ask(world, acting)))
    login = {**ask(world, acting), "challenge": world.passkey_options()["challenge"]}
    invalid(world, acting, Authenticator().create(login))


@pytest.mark.guards("no-passkey-of-an-ended-session")
def test_not_after_the_session_ended(world: World, acting: Acting) -> None:
    """What ends the sessions while a passkey is made ends its making."""
    made = Authenticator().create(ask(world, acting))
    refused(
        UNAUTHENTICATED,
        lambda: overtaken(
            lambda: world.table.transact(*end_sessions(acting.account_id)),
            lambda: answer(world, acting, made),
        ),
    )


def test_a_place_taken_meanwhile(world: World, acting: Acting) -> None:
    """Two passkeys that are added at once are both stored."""
    first, second = (Authenticator().create(ask(world, acting)) for _ in range(2))
    overtaken(lambda: answer(world, acting, first, "A"), lambda: answer(world, acting, second, "B"))
    assert sorted(listed(world, acting)) == ["A", "B"]


WRONG: dict[str, dict[str, Any]] = {
    "another origin": {"client_origin": "https://portail.example.attack"},
    "the origin without TLS": {"client_origin": "http://portail.example"},
    "another relying party": {"party": "attack.example"},
    "the answer of a login": {"client_type": "webauthn.get"},
    "a frame of another site": {"client_crossOrigin": True},
    "no challenge of ours": {"client_challenge": text(bytes(72))},
    "no challenge": {"client_challenge": ""},
    "a person who is not verified": {"flags": PRESENT},
    "a person who is not there": {"flags": VERIFIED},
    "a copy of what cannot be copied": {"flags": GOOD | COPIED},
    "no CBOR": {"attestation": b"\xff" * 12},
    "CBOR that claims too much": {"attestation": b"\x5b\x7f" + b"\xff" * 7},
    "deep CBOR": {"attestation": b"\x81" * 5000 + b"\x00"},
    "an empty map": {"attestation": b"\xa0"},
    "no authenticator data": {"attestation": cbor2.dumps({"fmt": "none", "authData": b""})},
    "an unknown format": {"attestation": cbor2.dumps({"fmt": 1, "authData": bytes(37)})},
}


@pytest.mark.guards("verified-at-creation", "no-passkey-in-a-frame")
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_as_asked(world: World, acting: Acting, wrong: str) -> None:
    """Whatever differs from what was asked for is refused, and a right answer is not."""
    options = ask(world, acting)
    invalid(world, acting, Authenticator().create(options, **WRONG[wrong]))
    answer(world, acting, Authenticator().create(options))


def cose_of(key: Any) -> bytes:
    """Return a public key as COSE."""
    numbers = key.public_numbers()
    return cbor2.dumps(
        {1: 3, 3: -257, -1: numbers.n.to_bytes(key.key_size // 8), -2: numbers.e.to_bytes(3)}
    )


def ed25519_key() -> bytes:
    """Return a public key of Ed25519."""
    return ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()


def point(curve: ec.EllipticCurve) -> dict[int, bytes]:
    """Return the coordinates of a point of a curve."""
    numbers = ec.generate_private_key(curve).public_key().public_numbers()
    size = (curve.key_size + 7) // 8
    return {-2: numbers.x.to_bytes(size), -3: numbers.y.to_bytes(size)}


@pytest.mark.guards("algorithms-offered", "key-of-its-algorithm")
def test_which_keys_are_accepted(world: World, acting: Acting) -> None:
    """Keys of the three algorithms that were offered, each of its own kind and strong enough."""
    p256, p384 = point(ec.SECP256R1()), point(ec.SECP384R1())
    good = {
        "EdDSA": cbor2.dumps({1: 1, 3: -8, -1: 6, -2: ed25519_key()}),
        "RS256": cose_of(rsa.generate_private_key(65537, 2048).public_key()),
    }
    for public_key in good.values():
        answer(world, acting, Authenticator().create(ask(world, acting), public_key=public_key))
    bad = {
        "ES512 was not offered": cbor2.dumps({1: 2, 3: -36, -1: 1, **p256}),
        "RS1 was not offered": cbor2.dumps(cbor2.loads(good["RS256"]) | {3: -65535}),
        "ES256 with P-384": cbor2.dumps({1: 2, 3: -7, -1: 2, **p384}),
        "EdDSA with P-256": cbor2.dumps({1: 2, 3: -8, -1: 1, **p256}),
        "RS256 with P-256": cbor2.dumps({1: 2, 3: -257, -1: 1, **p256}),
        "ES256 with RSA": cbor2.dumps({1: 3, 3: -7, -1: b"\1" * 256, -2: b"\1\0\1"}),
        "a point of no curve": cbor2.dumps({1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)}),
        "a weak RSA key": cose_of(rsa.generate_private_key(65537, 1024).public_key()),  # noqa: S505,
        "no key": b"\xa0",
    }
    for public_key in bad.values():
        made = Authenticator().create(ask(world, acting), public_key=public_key)
        refused(INVALID_REQUEST, lambda made=made: answer(world, acting, made))
    assert len(listed(world, acting)) == 2


def test_an_id_that_is_too_long(world: World, acting: Acting) -> None:
    """The id of a credential has at most 1,023 bytes."""
    options = ask(world, acting)
    invalid(world, acting, Authenticator(credential_id=bytes(1024)).create(options))
    answer(world, acting, Authenticator(credential_id=bytes(1023)).create(options))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150)
@given(st.data())
def test_any_answer_is_refused_in_one_way(data: st.DataObject) -> None:
    """Whatever a browser sends in place of any part, the refusal is ours, and no other error."""
    party = relying_party("https://portail.example")
    names = ("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle")
    part = st.binary(max_size=200).map(text) | _JSON
    answers = st.fixed_dictionaries(
        {},
        optional={
            "id": part,
            "rawId": part,
            "type": st.just("public-key") | _JSON,
            "response": st.fixed_dictionaries({}, optional=dict.fromkeys(names, part)) | _JSON,
        },
    )
    credential: Any = data.draw(answers)
    with pytest.raises(RefusedPasskeyError):
        verify_creation(party, text(bytes(72)), credential)
    for read in (challenge_of, named_in):
        try:
            read(credential)
        except RefusedPasskeyError:
            continue


@settings(max_examples=150)
@given(cut=st.integers(0, 400), put=st.binary(max_size=40))
def test_any_bytes_are_refused_in_one_way(cut: int, put: bytes) -> None:
    """An attestation object of which any bytes were replaced is refused, or says the same."""
    party = relying_party("https://portail.example")
    options = {
        "challenge": text(bytes(72)),
        "rp": {"id": party.id},
        "user": {"id": text(bytes(16))},
    }
    good = raw(Authenticator().create(options)["response"]["attestationObject"])
    bad = good[:cut] + put + good[cut + len(put) :]
    credential = Authenticator().create(options, attestation=bad)
    try:
        verify_creation(party, options["challenge"], credential)
    except RefusedPasskeyError:
        return


def test_renaming(world: World, acting: Acting) -> None:
    """A passkey gets another name, told in the feed only; one that nobody has is not found."""
    passkey = world.add_passkey(acting, Authenticator())
    world.deliver()
    passkeys.rename(world.table, acting, passkey.id, "Clé bleue")
    assert listed(world, acting) == ["Clé bleue"]
    assert "passkey-renamed" in world.kinds(acting.account_id)
    assert world.deliver() == []
    refused(PASSKEY_UNKNOWN, lambda: passkeys.rename(world.table, acting, "0" * 16, "A"))
    refused(
        PASSKEY_UNKNOWN,
        lambda: overtaken(
            lambda: passkeys.remove(world.table, acting, passkey.id, ""),
            lambda: passkeys.rename(world.table, acting, passkey.id, "A"),
        ),
    )


@pytest.mark.guards("removed-passkey-is-told", "removed-passkey-ends-sessions")
def test_removing(world: World, acting: Acting) -> None:
    """A removed passkey is gone, its place is free, other sessions end, and that is told."""
    passkey = world.add_passkey(acting, Authenticator())
    other = world.log_in(EMAIL)
    world.deliver()
    passkeys.remove(world.table, acting, passkey.id, "Firefox 140, Linux")
    assert not world.items("PASSKEYS#")
    assert world.credentials(EMAIL).passkeys == 0
    refused(UNAUTHENTICATED, lambda: world.authenticate(other.cookie))
    assert "passkey-removed" in world.kinds(acting.account_id)
    assert [each.subject for each in world.deliver()] == [
        "Une clé d’accès a été retirée de votre compte"
    ]
    refused(PASSKEY_UNKNOWN, lambda: passkeys.remove(world.table, acting, passkey.id, ""))


def test_only_one_s_own(world: World, acting: Acting) -> None:
    """Nobody renames or removes a passkey of another account."""
    passkey = world.add_passkey(acting, Authenticator())
    world.deliver()
    other = world.with_session(world.open_account(email=OTHER, nir=None, siret=None))
    refused(PASSKEY_UNKNOWN, lambda: passkeys.rename(world.table, other, passkey.id, "A"))
    refused(PASSKEY_UNKNOWN, lambda: passkeys.remove(world.table, other, passkey.id, ""))


def test_what_is_exported(world: World, acting: Acting) -> None:
    """The export lists the passkeys, without their keys."""
    passkey = world.add_passkey(acting, Authenticator(), "Clé bleue")
    reading = Reading(world.table, lambda _, __: "", FEED, NOW)
    found = export(HELD, reading, world.account(acting.account_id))["passkeys"]
    assert found == [
        {
            "id": passkey.id,
            "name": "Clé bleue",
            "created_at": "2026-09-21T14:13:20.000Z",
            "last_used_at": None,
            "copied": False,
        }
    ]
