"""How identifiers are stored: looked up by a keyed hash, kept encrypted or masked."""

import base64
from contextlib import suppress
from ipaddress import IPv6Network
from typing import TYPE_CHECKING

from portal.core.keyring import LookupKeys
from portal.rules.email import domain_key, email_key, mailbox_key
from portal.rules.nir import find_nir

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


def _mac(lookup: LookupKeys, kind: str, value: str) -> str:
    digest = lookup.mac(f"{kind}\0{value}".encode("utf-8", "surrogatepass"))
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def email_mac(lookup: LookupKeys, email: str) -> str:
    """Return the lookup hash of an e-mail address, whatever its case."""
    return _mac(lookup, "email", email_key(email))


def mailbox_mac(lookup: LookupKeys, email: str) -> str:
    """Return the hash under which mails to an address's mailbox are counted."""
    return _mac(lookup, "mailbox", mailbox_key(email))


def domain_mac(lookup: LookupKeys, email: str) -> str | None:
    """Return the hash under which mails to a domain are counted; ``None`` for a large provider."""
    domain = domain_key(email)
    return domain and _mac(lookup, "domain", domain)


def nir_mac(lookup: LookupKeys, nir: str) -> str:
    """Return the lookup hash of a NIR (13 characters)."""
    return _mac(lookup, "nir", nir)


def siret_mac(lookup: LookupKeys, siret: str) -> str:
    """Return the lookup hash of a Siret (14 digits)."""
    return _mac(lookup, "siret", siret)


def iban_mac(lookup: LookupKeys, iban: str) -> str:
    """Return the hash by which a bank account is recognised."""
    return _mac(lookup, "iban", iban)


def order_mac(lookup: LookupKeys, account_id: str, key: str) -> str:
    """Return the hash of the key with which an account orders a payment."""
    return _mac(lookup, "order", f"{account_id}\0{key}")


def account_mac(lookup: LookupKeys, account_id: str) -> str:
    """Return the hash under which attempts at an account's second step of a login are counted."""
    return _mac(lookup, "account", account_id)


def identity_mac(lookup: LookupKeys, issuer: str, subject: str) -> str:
    """Return the lookup hash of a person's identity at a provider."""
    # guard: subject-of-its-issuer: {issuer}\0{subject} => {subject}
    return _mac(lookup, "identity", f"{issuer}\0{subject}")


def ip_mac(lookup: LookupKeys, address: str) -> str:
    """Return the hash under which requests of an IP address are counted.

    Only the first 64 bits of an IPv6 address count: one visitor controls all the others.
    """
    with suppress(ValueError):
        # guard: limit-by-network: /64 => /128
        address = str(IPv6Network(f"{address}/64", strict=False))
    return _mac(lookup, "ip", address)


def login_mac(lookup: LookupKeys, identifier: str) -> str:
    """Return the lookup hash of an identifier as it was typed: an e-mail address or a NIR.

    Any text is accepted and hashed: attempts on an unknown identifier are counted like any other.
    """
    if "@" in identifier:
        return email_mac(lookup, identifier)
    return nir_mac(lookup, find_nir(identifier) or identifier)


def encrypt_for_account(kms: "KMSClient", key_id: str, text: str, account_id: str) -> bytes:
    """Return a text encrypted with the data key; only this account's id decrypts it."""
    answer = kms.encrypt(
        KeyId=key_id,
        Plaintext=text.encode(),
        EncryptionContext={"account_id": account_id},
    )
    return answer["CiphertextBlob"]


def decrypt_for_account(kms: "KMSClient", key_id: str, encrypted: bytes, account_id: str) -> str:
    """Return the text that was encrypted for an account; KMS refuses that of another account."""
    answer = kms.decrypt(
        KeyId=key_id, CiphertextBlob=encrypted, EncryptionContext={"account_id": account_id}
    )
    return answer["Plaintext"].decode()
