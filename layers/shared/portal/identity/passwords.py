"""Passwords: checked when chosen, stored as argon2id of a peppered digest.

Parameters follow OWASP's minimum for argon2id (19 MiB, 2 passes, 1 lane) and are pinned here, not
taken from the library's defaults. The pepper is an HMAC key in Secrets Manager, so a stolen table
alone allows no guessing. A record is ``<pepper number>$argon2id$…``.
"""

import base64

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from portal.core import identifiers
from portal.core.keyring import LookupKeys, PepperKeys
from portal.core.problems import INVALID_REQUEST, FieldError, Problem
from portal.identity.records import Account, Registration
from portal.rules.password import check_password, normalize_password

_hasher = PasswordHasher(
    # guard: passes: 2 => 1
    time_cost=2,
    # guard: memory-cost: 19456 => 19455
    memory_cost=19456,
    parallelism=1,
    hash_len=32,
    salt_len=16,
    encoding="ascii",
)

# A hash that no password has. Checking it takes as long as a real check, so an unknown identifier
# is answered in the same time as a known one.
_NOBODY = (
    # guard: parameters-for-nobody: m=19456,t=2 => m=1024,t=1
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCAhIQ"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


def check(
    lookup: LookupKeys, person: Registration | Account, password: str, confirmation: str
) -> None:
    """Raise ``Problem(INVALID_REQUEST)`` with one error for each rule that a password breaks."""
    broken = check_password(
        password,
        names=(person.first_name, person.last_name),
        email=person.email,
        siret=person.siret,
        is_own_nir=lambda nir: identifiers.nir_mac(lookup, nir) == person.nir_mac,
    )
    errors = [FieldError("password", rule.code, rule.detail) for rule in broken]
    if normalize_password(password) != normalize_password(confirmation):
        detail = "Les deux mots de passe sont différents."
        errors.append(FieldError("confirmation", "confirmation-differs", detail))
    if errors:
        raise Problem(INVALID_REQUEST, errors=errors)


def _peppered(pepper: PepperKeys, number: int, password: str) -> str:
    # guard: pepper: pepper.mac => (lambda typed, _: typed)
    digest = pepper.mac(normalize_password(password).encode(), number)
    return base64.b64encode(digest).decode()


def hash_password(pepper: PepperKeys, password: str) -> str:
    """Return the record to store for ``password``."""
    number = pepper.current
    return f"{number}{_hasher.hash(_peppered(pepper, number, password))}"


def verify_password(pepper: PepperKeys, record: str | None, password: str) -> bool:
    """Return whether ``password`` is that of ``record``; always computes one hash.

    The record of an unknown identifier is ``None``. Raises ``KeyError`` when the record's pepper
    has been removed from the secret.
    """
    number, _, encoded = (record or f"{pepper.current}{_NOBODY}").partition("$")
    try:
        return _hasher.verify(f"${encoded}", _peppered(pepper, int(number), password))
    except VerifyMismatchError:
        return False


def needs_rehash(pepper: PepperKeys, record: str) -> bool:
    """Return whether ``record`` was made with other parameters or another pepper than today's."""
    number, _, encoded = record.partition("$")
    return int(number) != pepper.current or _hasher.check_needs_rehash(f"${encoded}")
