"""Secret keys, and the identifiers hashed with them."""

import hashlib
import hmac
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import aws, identifiers, keys
from portal.core.keyring import Keyring, LookupKeys, PepperKeys, TokenKeys

if TYPE_CHECKING:
    from tests.world.world import World

OLD, NEW = b"o" * 64, b"n" * 64


def test_the_highest_number_signs() -> None:
    """The key with the highest number signs, compared as a number and in any order."""
    keyring = Keyring.parse('{"9": "nine", "10": "ten", "1": "one"}', age=600, settled=600)
    assert keyring.current == 10
    assert keyring.mac(b"message") == hmac.digest(b"ten", b"message", hashlib.sha256)
    assert keyring.mac(b"message", 9) == hmac.digest(b"nine", b"message", hashlib.sha256)


def test_an_unknown_number_is_an_error() -> None:
    """A key number that the secret does not have is an error."""
    with pytest.raises(KeyError):
        Keyring({1: OLD}).mac(b"message", 2)


@pytest.mark.parametrize("text", ["{}", "nothing", '{"one": "key"}', ""])
def test_a_secret_without_numbered_keys_is_refused(text: str) -> None:
    """A secret without a usable key stops the function: it does not sign with nothing."""
    with pytest.raises(ValueError, match=r"."):
        Keyring.parse(text, age=600, settled=600)


def test_a_new_key_waits_until_every_function_knows_it() -> None:
    """A key just written is accepted at once, but signs only later."""
    both = '{"1": "old", "2": "new"}'
    early, late = (
        Keyring.parse(both, age=599, settled=600),
        Keyring.parse(both, age=600, settled=600),
    )
    assert (early.current, late.current) == (1, 2)
    assert early.keys == late.keys
    assert Keyring.parse('{"2": "new"}', age=0, settled=600).current == 2


def test_keys_are_not_shown() -> None:
    """The repr of a keyring, as in a log or a traceback, shows no key."""
    for kind in (Keyring, TokenKeys, LookupKeys, PepperKeys):
        assert "ooo" not in repr(kind({1: OLD}))


def test_secrets_are_read_once(world: "World") -> None:
    """Warm functions do not ask Secrets Manager at each request."""
    with world.calls.counted("Secrets Manager") as asked:
        assert keys.token_keys() == keys.token_keys()
    assert asked == ["GetSecretValue"]


def test_a_rotation_is_seen_after_five_minutes(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret is read again after five minutes, not before."""
    secret = world.settings.pepper_secret
    clock = SimpleNamespace(monotonic=lambda: 1000.0, time=time.time)
    monkeypatch.setattr(keys, "time", clock)
    assert keys.pepper_keys().keys.keys() == {1}
    aws.secrets_manager().put_secret_value(SecretId=secret, SecretString='{"1": "a", "2": "b"}')
    assert keys.pepper_keys().keys.keys() == {1}
    clock.monotonic = lambda: 1299.9
    assert keys.pepper_keys().keys.keys() == {1}
    clock.monotonic = lambda: 1300.0
    assert keys.pepper_keys().keys.keys() == {1, 2}
    assert keys.pepper_keys().current == 1


@pytest.mark.guards("key-of-256-bits")
def test_each_use_has_its_own_secret(world: "World") -> None:
    """Links, identifiers and passwords have different keys, each of over 256 bits."""
    rings = [keys.token_keys(), keys.lookup_keys(), keys.pepper_keys()]
    assert len({ring.keys[1] for ring in rings}) == 3
    assert [type(ring) for ring in rings] == [TokenKeys, LookupKeys, PepperKeys]
    recipes = [
        resource["Properties"]["GenerateSecretString"]
        for resource in world.template["Resources"].values()
        if resource["Type"] == "AWS::SecretsManager::Secret"
    ]
    assert len(recipes) == 4, "and that of a login provider, which is replaced"
    # 64 letters and digits, drawn by AWS: 381 bits.
    assert all(recipe["PasswordLength"] >= 64 for recipe in recipes)


@given(st.text(), st.text())
def test_a_hash_is_bound_to_its_kind(value: str, other: str) -> None:
    """The same text as NIR, Siret or IP address gives three different hashes."""
    lookup = LookupKeys({1: OLD})
    hashes = [
        identifiers.nir_mac(lookup, value),
        identifiers.siret_mac(lookup, value),
        identifiers.ip_mac(lookup, value),
    ]
    assert len(set(hashes)) == 3
    assert (identifiers.nir_mac(lookup, value) == identifiers.nir_mac(lookup, other)) == (
        value == other
    )


def test_a_new_lookup_key_changes_no_stored_hash() -> None:
    """Identifiers are always hashed with the oldest key: a stored hash cannot be recomputed."""
    before = identifiers.email_mac(LookupKeys({1: OLD}), "a@example.fr")
    assert identifiers.email_mac(LookupKeys({1: OLD, 2: NEW}), "a@example.fr") == before
    assert identifiers.email_mac(LookupKeys({1: NEW}), "a@example.fr") != before
    both = '{"1": "old", "2": "new"}'
    for age in (0, 600):
        assert LookupKeys.parse(both, age=age, settled=600).current == 1


@pytest.mark.guards("one-count-for-all-spellings")
@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("Michele.Dupont@Example.FR", "michele.dupont@example.fr"),
        (" michele.dupont@example.fr ", "michele.dupont@example.fr"),
        ("m@exämple.fr", "m@xn--exmple-cua.fr"),
        ("2 94 03 75 120 005", "2940375120005"),
        ("294037512000591", "2940375120005"),
        ("2 94 03 2a 120 005", "294032A120005"),
        ("2\u00a094\u00a003\u00a075\u00a0120\u00a0005\u00a091", "2940375120005"),
    ],
)
def test_an_identifier_is_found_however_it_is_typed(typed: str, same: str) -> None:
    """Capitals, spaces, a NIR's key and an accented domain do not change the hash."""
    lookup = LookupKeys({1: OLD})
    assert identifiers.login_mac(lookup, typed) == identifiers.login_mac(lookup, same)


@given(st.text(max_size=254))
def test_any_identifier_has_a_hash(identifier: str) -> None:
    """Any text as an identifier has a hash and is never an error."""
    assert len(identifiers.login_mac(LookupKeys({1: OLD}), identifier)) == 43


def test_a_nir_is_encrypted_for_its_account(world: "World") -> None:
    """A stored NIR can only be decrypted for the account that it was encrypted for."""
    sealed = identifiers.encrypt_for_account(
        aws.kms(), world.settings.data_key, "2940375120005", "account-1"
    )
    assert b"2940375120005" not in sealed
    opened = aws.kms().decrypt(CiphertextBlob=sealed, EncryptionContext={"account_id": "account-1"})
    assert opened["Plaintext"] == b"2940375120005"
    with pytest.raises(aws.kms().exceptions.InvalidCiphertextException):
        aws.kms().decrypt(CiphertextBlob=sealed, EncryptionContext={"account_id": "account-2"})


@pytest.mark.guards("limit-by-network")
def test_a_network_of_ipv6_addresses_counts_as_one() -> None:
    """Requests are counted per /64 network of IPv6, and per IPv4 address."""
    lookup = LookupKeys({1: b"k"})
    same, other = "2001:db8:1:2::1", "2001:db8:1:3::1"
    assert identifiers.ip_mac(lookup, same) == identifiers.ip_mac(lookup, "2001:db8:1:2:ffff::9")
    assert identifiers.ip_mac(lookup, same) != identifiers.ip_mac(lookup, other)
    assert identifiers.ip_mac(lookup, "203.0.113.1") != identifiers.ip_mac(lookup, "203.0.113.2")
