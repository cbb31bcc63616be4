"""A software authenticator, with the browser around it: makes passkeys and signs with them.

What the tests need of WebAuthn level 3, with a wrong value wherever one is asked for.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, COPYABLE, COPIED = 0x01, 0x04, 0x08, 0x10
_WITH_CREDENTIAL = 0x40
GOOD = PRESENT | VERIFIED


def text(raw: bytes) -> str:
    """Return bytes in base64url."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def raw(text: str) -> bytes:
    """Return the bytes of base64url."""
    return base64.urlsafe_b64decode(f"{text}===")


@dataclass(slots=True)
class Authenticator:
    """One passkey of an authenticator."""

    flags: int = GOOD
    """What it says of the person and of its copies."""
    count: int = 0
    """How many signatures it made; stays 0 unless ``counts``."""
    counts: bool = False
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    handle: bytes = b""
    """Whose it is."""
    origin: str = "https://portail.example"
    """The page that the browser shows."""

    def public_key(self, **changes: Any) -> bytes:
        """Return its COSE key."""
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        return cbor2.dumps(cose | {int(name): each for name, each in changes.items()})

    def create(self, options: Any, **changes: Any) -> dict[str, Any]:
        """Return a browser's answer to creation options; ``changes`` make it wrong."""
        self.handle = raw(options["user"]["id"])
        public_key = changes.pop("public_key", None) or self.public_key()
        attested = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + public_key
        party = changes.pop("party", options["rp"]["id"])
        data = self._data(party, changes.pop("flags", self.flags) | _WITH_CREDENTIAL) + attested
        made = {"fmt": "none", "attStmt": {}, "authData": data}
        answer = {
            "clientDataJSON": self._client("create", options["challenge"], changes),
            "attestationObject": text(changes.pop("attestation", None) or cbor2.dumps(made)),
            "transports": ["internal", "hybrid", "invented"],
        }
        return self._credential(answer | changes)

    def sign(self, options: Any, **changes: Any) -> dict[str, Any]:
        """Return a browser's answer to login options; ``changes`` make it wrong."""
        self.count += self.counts
        party = changes.pop("party", options["rpId"])
        data = self._data(party, changes.pop("flags", self.flags))
        client = self._client("get", options["challenge"], changes)
        signature = self.key.sign(data + hashlib.sha256(raw(client)).digest(), ec.ECDSA(SHA256()))
        answer = {
            "clientDataJSON": client,
            "authenticatorData": text(data),
            "signature": text(signature),
            "userHandle": text(self.handle),
        }
        return self._credential(answer | changes)

    def _data(self, party: str, flags: int) -> bytes:
        return hashlib.sha256(party.encode()).digest() + bytes((flags,)) + self.count.to_bytes(4)

    def _client(self, action: str, challenge: str, changes: dict[str, Any]) -> str:
        """Return what the browser says: of ``changes``, what begins with « client_ »."""
        said = {
            "type": f"webauthn.{action}",
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": False,
        }
        for name in [each for each in changes if each.startswith("client_")]:
            said[name.removeprefix("client_")] = changes.pop(name)
        return text(json.dumps(said).encode())

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        identity = text(self.credential_id)
        return {
            "id": identity,
            "rawId": identity,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
