"""The tokens of links: which are accepted and which are refused."""

import ast
import base64
import inspect
import re
import string
from types import ModuleType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.core import links, session
from portal.core.keyring import TokenKeys
from portal.core.links import Link, Purpose, Token, new_id, seal, unseal
from portal.core.problems import LINK_UNKNOWN, Problem
from portal.identity import devices, purposes

RING = TokenKeys({1: b"a" * 64})
TOKEN = Token(purposes.EMAIL_VALIDATION, base64.urlsafe_b64encode(bytes(32)).decode()[:43], 1)
TEXT = seal(RING, TOKEN)


def refused(
    text: str, ring: TokenKeys = RING, purpose: Purpose = purposes.EMAIL_VALIDATION
) -> bool:
    """Return whether a text is answered « unknown link »."""
    try:
        unseal(ring, text, purpose)
    except Problem as problem:
        return problem.kind is LINK_UNKNOWN
    return False


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**40 - 1))
def test_a_token_is_unsealed_as_it_was_sealed(raw_id: bytes, issued_at: int) -> None:
    """A token is unsealed as it was sealed, and has 96 characters valid in a URL."""
    token_id = base64.urlsafe_b64encode(raw_id).decode().rstrip("=")
    token = Token(purposes.EMAIL_VALIDATION, token_id, issued_at)
    text = seal(RING, token)
    assert len(text) == 96
    assert text.isascii()
    assert text.replace("-", "a").replace("_", "a").isalnum()
    assert unseal(RING, text, purposes.EMAIL_VALIDATION) == token


@pytest.mark.guards("end-that-survives")
def test_a_token_ends_in_a_letter_or_digit() -> None:
    """No token ends in « - » or « _ », which programs that find links in text leave out."""
    for number in range(300):
        token = Token(purposes.PASSWORD_RECOVERY, TOKEN.id, number)
        text = seal(RING, token)
        assert text[-1].isalnum(), number
        assert unseal(RING, text, purposes.PASSWORD_RECOVERY) == token


def test_a_token_without_salt_is_still_read() -> None:
    """A token of an earlier version, whatever its end, is read."""
    ends: set[str] = set()
    for number in range(300):
        raw_id = base64.urlsafe_b64decode(TOKEN.id + "=")
        signed = bytes((1, purposes.EMAIL_UNDO.number)) + raw_id + number.to_bytes(6)
        mac = RING.mac(b"portal link token v1\0" + signed, 1)
        text = base64.urlsafe_b64encode(signed + mac).decode()
        assert unseal(RING, text, purposes.EMAIL_UNDO).issued_at == number
        ends.add(text[-1])
    assert ends & set("-_")


@pytest.mark.guards("signature")
def test_every_flipped_bit_is_refused() -> None:
    """A token with any of its 576 bits changed is refused, the id's and the time's included."""
    raw = base64.urlsafe_b64decode(TEXT)
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        assert refused(base64.urlsafe_b64encode(changed).decode()), bit


def test_every_other_character_is_refused() -> None:
    """A token with any character changed is refused: its text has one form only."""
    alphabet = string.ascii_letters + string.digits + "-_"
    for place, character in enumerate(TEXT):
        for other in set(alphabet + "+/=. \n") - {character}:
            assert refused(TEXT[:place] + other + TEXT[place + 1 :]), (place, other)


@pytest.mark.guards("one-writing")
@given(st.text(max_size=200))
@example("")
@example(TEXT[:-1])
@example(TEXT + "A")
@example(TEXT + "=")
@example(TEXT + "\n")
@example(" " + TEXT)
@example(TEXT * 2)
@example("é" * 96)
@example("\ud800" * 96)
@example("０" * 96)
@example("A" * 96)
def test_any_other_text_is_unknown(text: str) -> None:
    """A cut, extended or made-up text is an unknown link, never an error."""
    assert refused(text)


@given(st.binary(min_size=72, max_size=72))
def test_a_made_up_token_is_refused(raw: bytes) -> None:
    """A text of the right form with a false signature is an unknown link."""
    assert refused(base64.urlsafe_b64encode(b"\1\1" + raw[2:]).decode())


def test_another_key_is_refused() -> None:
    """A token sealed with a key that is not ours is unknown, even under a known number."""
    assert refused(seal(TokenKeys({1: b"b" * 64}), TOKEN))
    assert refused(seal(TokenKeys({2: b"a" * 64}), TOKEN))


@pytest.mark.guards("one-purpose")
def test_another_purpose_is_refused() -> None:
    """A token of one purpose opens no other, and is recognised where several are accepted."""
    for purpose in purposes.PURPOSES:
        token = Token(purpose, TOKEN.id, TOKEN.issued_at)
        text = seal(RING, token)
        for other in purposes.PURPOSES:
            assert refused(text, purpose=other) == (other is not purpose)
        assert unseal(RING, text, *purposes.PURPOSES) == token


def test_an_old_key_is_accepted_while_present() -> None:
    """After a rotation the new key signs; sent links work until the old key is removed."""
    both = TokenKeys({1: b"a" * 64, 2: b"b" * 64})
    assert unseal(both, TEXT, purposes.EMAIL_VALIDATION) == TOKEN
    renewed = seal(both, TOKEN)
    assert renewed != TEXT
    assert unseal(TokenKeys({2: b"b" * 64}), renewed, purposes.EMAIL_VALIDATION) == TOKEN
    assert refused(TEXT, TokenKeys({2: b"b" * 64}))


def test_the_lifetimes_of_links() -> None:
    """Seconds: a validation 3600, a recovery 1800, a change of address 3600; an undo 7 days."""
    lifetimes = {
        purposes.EMAIL_VALIDATION: 3600,
        purposes.PASSWORD_RECOVERY: 1800,
        purposes.EMAIL_CHANGE: 3600,
        purposes.EMAIL_UNDO: 604_800,
        purposes.SECOND_STEP: 300,
        purposes.SSO_STATE: 600,
        purposes.UNLINKED_IDENTITY: 600,
        purposes.PASSKEY_CREATION: 300,
        purposes.PASSKEY_LOGIN: 300,
        purposes.REMOVAL_CANCEL: 3 * 86400,
    }
    assert lifetimes.keys() == set(purposes.PURPOSES)
    for purpose, lifetime in lifetimes.items():
        token = Token(purpose, TOKEN.id, 1000)
        assert token.expires_at == Link.of(token).expires_at == 1000 + lifetime


def test_purposes_have_numbers_of_their_own() -> None:
    """No two purposes share a number: a token has nothing else of its purpose."""
    named = [each for each in vars(purposes).values() if isinstance(each, Purpose)]
    assert set(named) == set(purposes.PURPOSES)
    # As in the links that were sent: a changed number makes them invalid.
    assert [each.number for each in purposes.PURPOSES] == [1, 2, 3, 4, 5, 6, 7, 16, 17, 8]


@pytest.mark.guards("id-of-256-bits")
def test_identifiers_are_256_bits() -> None:
    """Ids have 256 bits each, come from a CSPRNG, and do not repeat."""
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {len(base64.urlsafe_b64decode(each + "=")) for each in ids} == {32}


def test_the_row_of_a_link_has_no_secret() -> None:
    """The row of a link does not give its token: it has no MAC."""
    stored = repr(Link.of(TOKEN).to_item())
    mac = base64.urlsafe_b64decode(TEXT)[40:]
    assert TEXT not in stored
    assert repr(mac)[2:-1] not in stored
    assert set(Link.of(TOKEN).to_item()) == {
        "pk", "sk", "id", "purpose", "issued_at", "expires_at", "about",
    }  # fmt: skip


def test_what_a_link_gives_is_not_in_its_key() -> None:
    """A row has its account and its value; its key is only found with the token."""
    row = Link.of(TOKEN, "account", email="m@example.fr", email_mac="mac")
    assert (row.account_id, row.about) == ("account", {"email": "m@example.fr", "email_mac": "mac"})
    assert row.key() == Link.of(TOKEN).key()


@pytest.mark.parametrize("number", [0, 1, 255])
def test_key_numbers_fit_in_a_token(number: int) -> None:
    """Key numbers go up to 255, more rotations than the portal will have."""
    ring = TokenKeys({number: b"k" * 64})
    assert unseal(ring, seal(ring, TOKEN), purposes.EMAIL_VALIDATION) == TOKEN


@pytest.mark.guards("constant-time")
@pytest.mark.parametrize("module", [links, session, devices])
def test_secrets_are_compared_in_constant_time(module: ModuleType) -> None:
    """Signatures and secrets are not compared by an operator, which stops at a difference."""
    compared = [
        ast.unparse(each)
        for each in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(each, ast.Compare) and isinstance(each.ops[0], (ast.Eq, ast.NotEq))
    ]
    assert not [each for each in compared if re.search("mac|secret|tag|expected", each)]
    assert "compare_digest" in inspect.getsource(module)
