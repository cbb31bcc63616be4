"""What WebAuthn asks of a browser's answers, by the library ``webauthn``. No table, no clock.

The browser's answers are the JSON of WebAuthn level 3. Whatever is wrong with one, it is refused in
the same way.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from msgspec import Struct
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    options_to_json_dict,
    parse_client_data_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal.core.confidential import Confidential

if TYPE_CHECKING:
    from portal.identity.passkey_records import Passkey
    from portal.identity.records import Account

type Json = Mapping[str, Any]

NAME = "Espace auto-entrepreneur (démonstration)"
"""Name under which browsers list the passkeys of the portal."""
ALGORITHMS = (
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)
"""Those that the options offer: between them every authenticator has one."""
_LONGEST_ID = 1023
"""Bytes of a credential's id (WebAuthn level 3, 7.1)."""
_RSA_BITS = range(2048, 4097)


class RefusedPasskeyError(Exception):
    """An answer of a browser is malformed, or is not what was asked for."""


class RelyingParty(Struct, frozen=True):
    """For whom passkeys are made: the portal's host name, and its origin."""

    id: str
    origin: str


class Created(Confidential, frozen=True):
    """A credential that a browser made: what is stored of it."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    can_be_copied: bool
    copied: bool
    transports: Sequence[str]


class Used(Struct, frozen=True):
    """A use of a passkey: what its authenticator counts, and whether it has copies."""

    sign_count: int
    copied: bool


def relying_party(public_url: str) -> RelyingParty:
    """Return for whom passkeys are made, given the origin of the portal."""
    return RelyingParty(urlsplit(public_url).hostname or "", public_url)


def creation_options(
    party: RelyingParty, account: "Account", challenge: str, known: "Sequence[Passkey]"
) -> Json:
    """Return what a browser makes a passkey from: the JSON of its creation options.

    The account's id, which says nothing of its holder, is the handle that a login gives back.
    """
    return options_to_json_dict(
        generate_registration_options(
            rp_id=party.id,
            rp_name=NAME,
            user_id=UUID(account.id).bytes,
            user_name=account.email,
            user_display_name=f"{account.first_name} {account.last_name}",
            challenge=base64url_to_bytes(challenge),
            timeout=_TIMEOUT,
            attestation=AttestationConveyancePreference.NONE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(known),
            supported_pub_key_algs=list(ALGORITHMS),
        )
    )


def login_options(party: RelyingParty, challenge: str, of: "Sequence[Passkey]" = ()) -> Json:
    """Return what a browser signs with a passkey, of any account or one of ``of``."""
    return options_to_json_dict(
        generate_authentication_options(
            rp_id=party.id,
            challenge=base64url_to_bytes(challenge),
            timeout=_TIMEOUT,
            allow_credentials=_descriptors(of),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def challenge_of(credential: Json) -> str:
    """Return the challenge that an answer says it is for; raises ``RefusedPasskeyError``."""
    with _refusing():
        text: object = credential["response"]["clientDataJSON"]
        data = parse_client_data_json(base64url_to_bytes(str(text)))
        # guard: no-passkey-in-a-frame: if data.cross_origin => if False
        if data.cross_origin:
            raise RefusedPasskeyError
        return bytes_to_base64url(data.challenge)


def named_in(credential: Json) -> tuple[str, bytes]:
    """Return the account and the credential that a login names; raises ``RefusedPasskeyError``."""
    with _refusing():
        handle = base64url_to_bytes(credential["response"]["userHandle"])
        return str(UUID(bytes=handle)), base64url_to_bytes(credential["id"])


def verify_creation(party: RelyingParty, challenge: str, credential: Json) -> Created:
    """Return the credential of an answer to creation options; raises ``RefusedPasskeyError``.

    Checked: challenge, origin, relying party, that the person was present and verified, the
    algorithm, and that the key is one of it.
    """
    with _refusing():
        verified = verify_registration_response(
            credential=dict(credential),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            # guard: verified-at-creation: True => False
            require_user_verification=True,
            # guard: algorithms-offered: list(ALGORITHMS) => list(COSEAlgorithmIdentifier)
            supported_pub_key_algs=list(ALGORITHMS),
        )
        _require_sound_key(verified.credential_public_key)
        if len(verified.credential_id) > _LONGEST_ID:
            raise RefusedPasskeyError
        return Created(
            verified.credential_id,
            verified.credential_public_key,
            verified.sign_count,
            verified.credential_device_type == CredentialDeviceType.MULTI_DEVICE,
            verified.credential_backed_up,
            _transports(credential),
        )


def verify_login(
    party: RelyingParty, challenge: str, credential: Json, passkey: "Passkey", of: str | None
) -> Used:
    """Return the use of a passkey, of the account ``of`` if one was asked for, that is proved.

    Checked: challenge, origin, relying party, that the person was present and verified, the
    signature, and that the passkey is as it was about copies. Not its count: the caller compares
    it. Raises ``RefusedPasskeyError``.
    """
    with _refusing():
        verified = verify_authentication_response(
            credential=dict(credential),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # compared by the caller, once the signature is right
            # guard: verified-at-login: True => False
            require_user_verification=True,
        )
        # guard: confirmed-by-the-same-account: of not in => False and of not in
        if of not in {None, passkey.account_id}:
            raise RefusedPasskeyError
        can_be_copied = verified.credential_device_type == CredentialDeviceType.MULTI_DEVICE
        # guard: copies-as-at-creation: can_be_copied != passkey.can_be_copied => False
        if can_be_copied != passkey.can_be_copied:
            raise RefusedPasskeyError
        return Used(verified.new_sign_count, verified.credential_backed_up)


_TIMEOUT = 300_000
"""Milliseconds that a person has: those of the challenge."""


@contextmanager
def _refusing() -> Generator[None]:
    """Refuse whatever an answer makes the library raise: it parses what a client sent."""
    try:
        yield
    except Exception:  # noqa: BLE001 - malformed bytes raise nearly anything
        raise RefusedPasskeyError from None


def _require_sound_key(public_key: bytes) -> None:
    """Raise ``RefusedPasskeyError`` unless a key is of the kind that its algorithm is for."""
    decoded = decode_credential_public_key(public_key)
    key = decoded_public_key_to_cryptography(decoded)
    match COSEAlgorithmIdentifier(decoded.alg):
        case COSEAlgorithmIdentifier.ECDSA_SHA_256:
            sound = isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
        case COSEAlgorithmIdentifier.EDDSA:
            sound = isinstance(key, Ed25519PublicKey)
        case _:
            sound = isinstance(key, RSAPublicKey) and key.key_size in _RSA_BITS
    # guard: key-of-its-algorithm: not sound => False
    if not sound:
        raise RefusedPasskeyError


def _transports(credential: Json) -> Sequence[str]:
    """Return the known transports that a browser names, each once."""
    named: Sequence[object] = credential["response"].get("transports") or ()
    return sorted({each.value for each in AuthenticatorTransport}.intersection(map(str, named)))


def _descriptors(passkeys: "Sequence[Passkey]") -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=each.credential_id,
            transports=[AuthenticatorTransport(name) for name in each.transports],
        )
        for each in passkeys
    ]
