"""Stored passwords. The hashes here are real and slow, so there are few."""

import base64
import unicodedata

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from portal.core.keyring import PepperKeys
from portal.identity import passwords
from portal.identity.passwords import hash_password, needs_rehash, verify_password
from tests.world.world import PASSWORD

PEPPER = PepperKeys({1: b"p" * 64})
RECORD = hash_password(PEPPER, PASSWORD)


@pytest.mark.guards("memory-cost", "passes")
def test_parameters_are_pinned() -> None:
    """Hashes are argon2id, 19456 KiB, 2 passes, 1 lane, 16-byte salt, 32-byte tag (OWASP)."""
    number, _, encoded = RECORD.partition("$")
    found = extract_parameters(f"${encoded}")
    assert number == "1"
    assert (found.type, found.version) == (Type.ID, 19)
    assert (found.memory_cost, found.time_cost, found.parallelism) == (19456, 2, 1)
    assert (found.salt_len, found.hash_len) == (16, 32)


@pytest.mark.guards("parameters-for-nobody")
def test_an_unknown_identifier_costs_a_real_hash() -> None:
    """The hash for an unknown identifier has the parameters of real ones."""
    assert extract_parameters(passwords._NOBODY) == extract_parameters(RECORD.removeprefix("1"))
    assert not passwords._hasher.check_needs_rehash(passwords._NOBODY)


def test_the_right_password_alone_is_accepted() -> None:
    """A record accepts only its own password. Without a record, no password is accepted."""
    assert verify_password(PEPPER, RECORD, PASSWORD)
    assert not verify_password(PEPPER, RECORD, PASSWORD + " ")
    assert not verify_password(PEPPER, RECORD, PASSWORD.lower())
    assert not verify_password(PEPPER, None, PASSWORD)


def test_records_of_one_password_differ() -> None:
    """Two people with the same password have different records."""
    assert hash_password(PEPPER, PASSWORD) != RECORD


@pytest.mark.guards("pepper")
def test_the_pepper_is_needed() -> None:
    """Without the pepper, a stolen table allows no guesses: the right password fails."""
    encoded = RECORD.removeprefix("1")
    assert not verify_password(PepperKeys({1: b"q" * 64}), RECORD, PASSWORD)
    without = base64.b64encode(PASSWORD.encode()).decode()
    for guess in (PASSWORD, without):
        assert not verify_password(PEPPER, "1" + PasswordHasher().hash(guess), PASSWORD)
    assert encoded.startswith("$argon2id$")


def test_unicode_forms_are_one_password() -> None:
    """The same characters typed on two systems are one password (NFKC)."""
    composed = "Éléphant-Rosé-7"
    record = hash_password(PEPPER, composed)
    assert verify_password(PEPPER, record, unicodedata.normalize("NFD", composed))
    assert verify_password(PEPPER, record, composed.replace("7", "７"))


def test_no_character_is_cut() -> None:
    """The full password counts, whatever its length: nothing is cut at 72 bytes."""
    record = hash_password(PEPPER, "€" * 49 + "A")
    assert not verify_password(PEPPER, record, "€" * 49 + "B")


def test_an_older_pepper_is_accepted_and_renewed() -> None:
    """After a rotation old records are still accepted, and must be hashed again."""
    both = PepperKeys({1: b"p" * 64, 2: b"q" * 64})
    assert verify_password(both, RECORD, PASSWORD)
    assert needs_rehash(both, RECORD)
    renewed = hash_password(both, PASSWORD)
    assert renewed.startswith("2$argon2id$")
    assert not needs_rehash(both, renewed)
    assert not needs_rehash(PEPPER, RECORD)


def test_older_parameters_are_renewed() -> None:
    """A record made with weaker parameters is accepted, and must be hashed again."""
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=32, salt_len=16)
    record = "1" + weak.hash(passwords._peppered(PEPPER, 1, PASSWORD))
    assert verify_password(PEPPER, record, PASSWORD)
    assert needs_rehash(PEPPER, record)


def test_a_removed_pepper_is_an_error() -> None:
    """A record whose pepper was removed raises an error, and is not a wrong password."""
    with pytest.raises(KeyError):
        verify_password(PepperKeys({2: b"q" * 64}), RECORD, PASSWORD)
