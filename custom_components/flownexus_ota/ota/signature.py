"""Public keys, and whether an MCUboot image was signed with one of theirs."""

import re
from collections.abc import Buffer, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, assert_never

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from .image_header import ImageHeader
from .mcuboot_header import HashKind, McubootHeader, Signature, SignatureKind

KEYS_LENGTH_LIMIT: Final = 64 * 1024
"""Characters; some dozens of the longest keys."""

_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----")
_DASHES: Final = "-----"
_CURVES: Final = {
    "secp256r1": SignatureKind.ECDSA_P256,
    "secp384r1": SignatureKind.ECDSA_P384,
}
_RSA_SIZES: Final = {2048: SignatureKind.RSA_2048, 3072: SignatureKind.RSA_3072}
_HASHES: Final[Mapping[HashKind, hashes.HashAlgorithm]] = {
    HashKind.SHA256: hashes.SHA256(),
    HashKind.SHA384: hashes.SHA384(),
    HashKind.SHA512: hashes.SHA512(),
}
# MCUboot allows no other (`bootutil/src/image_rsa.c`).
_RSA_SALT_BYTES: Final = 32


class PublicKeyProblem(StrEnum):
    """Why a text holds no public keys for images; each is a translation key. Then: placeholders."""

    NOT_PEM = "key_not_pem"
    TOO_LONG = "keys_too_long"  # limit
    PRIVATE_KEY = "key_private"
    WRONG_BLOCK = "key_wrong_block"  # block
    UNREADABLE = "key_unreadable"
    UNSUPPORTED_CURVE = "key_unsupported_curve"  # curve
    UNSUPPORTED_SIZE = "key_unsupported_size"  # bits
    UNSUPPORTED_KIND = "key_unsupported_kind"


class PublicKeyError(Exception):
    """A text holds something else than public keys for images."""

    def __init__(self, problem: PublicKeyProblem, **placeholders: str) -> None:
        """Keep the problem and what its text needs."""
        super().__init__(problem)
        self.problem: Final = problem
        self.placeholders: Final[Mapping[str, str]] = placeholders


type _Key = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicKey:
    """A key that an image may be signed with; equal to any that is the same key."""

    kind: SignatureKind
    fingerprint: str
    """SHA-256 of the key's DER, in hexadecimal digits."""
    key: _Key = field(compare=False, repr=False)


def parse_public_keys(pem: str) -> tuple[PublicKey, ...]:
    """Return the keys of a PEM text, each once; raise `PublicKeyError` at its first problem.

    A blank text holds none. Lines around the blocks are comments.
    """
    if len(pem) > KEYS_LENGTH_LIMIT:
        raise PublicKeyError(PublicKeyProblem.TOO_LONG, limit=str(KEYS_LENGTH_LIMIT))
    blocks = list(_BLOCK.finditer(pem))
    # A block that is cut short would be passed over as a comment, and its key be missed.
    if _DASHES in _BLOCK.sub("", pem) or (pem.strip() and not blocks):
        raise PublicKeyError(PublicKeyProblem.NOT_PEM)
    return tuple(dict.fromkeys(_public_key(block[1], block[0]) for block in blocks))


def is_signed_by(content: Buffer, header: ImageHeader, keys: Iterable[PublicKey]) -> bool:
    """Tell whether one of `keys` signed the image that `header` was read from.

    Never true of an encrypted image: its signature is over what only the device can decrypt.
    """
    details = header.mcuboot
    if details is None:
        return False
    return any(
        signature.kind is key.kind and _is_valid(content, details, signature, key.key)
        for key in keys
        for signature in details.signatures
    )


def _public_key(label: str, block: str) -> PublicKey:
    if label.endswith("PRIVATE KEY"):
        raise PublicKeyError(PublicKeyProblem.PRIVATE_KEY)
    if not label.endswith("PUBLIC KEY"):
        raise PublicKeyError(PublicKeyProblem.WRONG_BLOCK, block=label)
    try:
        key = load_pem_public_key(block.encode())
    except UnsupportedAlgorithm as err:
        raise PublicKeyError(PublicKeyProblem.UNSUPPORTED_KIND) from err
    except ValueError as err:
        raise PublicKeyError(PublicKeyProblem.UNREADABLE) from err
    return _named(key)


def _named(key: PublicKeyTypes) -> PublicKey:
    """Return the key with what it signs."""
    match key:
        case EllipticCurvePublicKey():
            kind = _CURVES.get(key.curve.name)
            if kind is None:
                raise PublicKeyError(PublicKeyProblem.UNSUPPORTED_CURVE, curve=key.curve.name)
        case RSAPublicKey():
            kind = _RSA_SIZES.get(key.key_size)
            if kind is None:
                raise PublicKeyError(PublicKeyProblem.UNSUPPORTED_SIZE, bits=str(key.key_size))
        case Ed25519PublicKey():
            kind = SignatureKind.ED25519
        case _:
            raise PublicKeyError(PublicKeyProblem.UNSUPPORTED_KIND)
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    return PublicKey(kind=kind, fingerprint=digest.finalize().hex(), key=key)


def _is_valid(content: Buffer, header: McubootHeader, signature: Signature, key: _Key) -> bool:
    try:
        if header.is_signature_pure:
            return _verify_pure(content, header, signature, key)
        # Whoever signs a hash signs the image only if the image has that hash.
        if header.hash_kind is None or not header.is_hash_verified:
            return False
        _verify_digest(header.digest, _HASHES[header.hash_kind], signature.value, key)
    except InvalidSignature:
        return False
    return True


def _verify_pure(content: Buffer, header: McubootHeader, signature: Signature, key: _Key) -> bool:
    # MCUboot defines it for this kind of key alone.
    if not isinstance(key, Ed25519PublicKey) or header.is_encrypted:
        return False
    with (
        memoryview(content) as raw,
        raw.cast("B") as view,
        view[: header.hashed_size_bytes] as part,
    ):
        key.verify(signature.value, part)
    return True


def _verify_digest(
    digest: bytes, algorithm: hashes.HashAlgorithm, signature: bytes, key: _Key
) -> None:
    """Raise `InvalidSignature` unless `key` signed `digest`."""
    match key:
        case EllipticCurvePublicKey():
            # `imgtool sign --pad-sig` puts up to two bytes behind it; DER says its own length.
            der = signature[: signature[1] + 2] if len(signature) > 1 else signature
            key.verify(der, digest, ECDSA(Prehashed(algorithm)))
        case RSAPublicKey():
            padding = PSS(mgf=MGF1(hashes.SHA256()), salt_length=_RSA_SALT_BYTES)
            key.verify(signature, digest, padding, Prehashed(algorithm))
        case Ed25519PublicKey():
            key.verify(signature, digest)
        case _:
            assert_never(key)
