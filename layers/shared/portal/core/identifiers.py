"""How the identifiers of a person are stored: found by a keyed hash, kept encrypted or masked."""

import base64
from contextlib import suppress
from ipaddress import IPv6Network
from typing import TYPE_CHECKING

from portal.core.keyring import LookupKeys
from portal.rules.email import email_key
from portal.rules.nir import find_nir

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


def _mac(lookup: LookupKeys, kind: str, value: str) -> str:
    digest = lookup.mac(f"{kind}\0{value}".encode("utf-8", "surrogatepass"))
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def email_mac(lookup: LookupKeys, email: str) -> str:
    """Return the hash that finds an e-mail address, whatever its capitals."""
    return _mac(lookup, "email", email_key(email))


def nir_mac(lookup: LookupKeys, nir: str) -> str:
    """Return the hash that finds a NIR (13 characters)."""
    return _mac(lookup, "nir", nir)


def siret_mac(lookup: LookupKeys, siret: str) -> str:
    """Return the hash that finds a Siret (14 digits)."""
    return _mac(lookup, "siret", siret)


def ip_mac(lookup: LookupKeys, address: str) -> str:
    """Return the hash under which requests of an IP address are counted.

    Of an IPv6 address only the first 64 bits count: one visitor has all the others.
    """
    with suppress(ValueError):
        # guard: limit-by-network: /64 => /128
        address = str(IPv6Network(f"{address}/64", strict=False))
    return _mac(lookup, "ip", address)


def login_mac(lookup: LookupKeys, identifier: str) -> str:
    """Return the hash that finds a login by what a person typed: an e-mail address or a NIR.

    Anything is accepted and hashed: an identifier that nobody has is counted like any other.
    """
    if "@" in identifier:
        return email_mac(lookup, identifier)
    return nir_mac(lookup, find_nir(identifier) or identifier)


def encrypt_nir(kms: "KMSClient", key_id: str, nir: str, account_id: str) -> bytes:
    """Return a NIR encrypted by the data key, readable for this account only."""
    answer = kms.encrypt(
        KeyId=key_id,
        Plaintext=nir.encode(),
        EncryptionContext={"account_id": account_id},
    )
    return answer["CiphertextBlob"]


def decrypt_nir(kms: "KMSClient", key_id: str, encrypted: bytes, account_id: str) -> str:
    """Return the NIR of an account; KMS refuses one that was encrypted for another."""
    answer = kms.decrypt(
        KeyId=key_id, CiphertextBlob=encrypted, EncryptionContext={"account_id": account_id}
    )
    return answer["Plaintext"].decode()
