"""What an MCUboot image says about itself, whatever its layout."""

from dataclasses import dataclass
from enum import IntFlag, StrEnum


class McubootFlag(IntFlag):
    """Flags of layout 2."""

    PIC = 0x1
    ENCRYPTED_AES128 = 0x4
    ENCRYPTED_AES256 = 0x8
    NON_BOOTABLE = 0x10
    RAM_LOAD = 0x20
    ROM_FIXED = 0x100
    COMPRESSED_LZMA1 = 0x200
    COMPRESSED_LZMA2 = 0x400
    ARM_THUMB = 0x800


class HashKind(StrEnum):
    """How an image is hashed; also `hashlib`'s name."""

    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class SignatureKind(StrEnum):
    """How an image is signed."""

    NONE = "none"
    ECDSA_P224 = "ecdsa-p224"
    ECDSA_P256 = "ecdsa-p256"
    ECDSA_P384 = "ecdsa-p384"
    ED25519 = "ed25519"
    RSA_2048 = "rsa-2048"
    RSA_2048_PKCS1 = "rsa-2048-pkcs1"
    """Of layout 1 alone; the others are PSS."""
    RSA_3072 = "rsa-3072"


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """One signature of an image."""

    kind: SignatureKind
    value: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependency:
    """Another image of the same device, and the lowest version of it that this image needs."""

    image_id: int
    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class McubootHeader:
    """What an MCUboot image says about itself."""

    layout: int
    """2, or 1 of before 2017."""
    version: str
    """`x.y.z`, or `x.y.z+build` where the build number is not 0."""
    flags: int
    """Raw; for layout 2 see `McubootFlag`."""
    hash_kind: HashKind | None
    """`None` only where the signature is over the bytes themselves."""
    digest: bytes
    """As the image states it; empty without a hash."""
    is_hash_verified: bool
    """Whether the bytes have that hash; `False` only where they cannot be hashed: encrypted."""
    hashed_size_bytes: int
    """Header, body and protected records: what hash and signature are over."""
    signatures: tuple[Signature, ...] = ()
    key_hashes: tuple[bytes, ...] = ()
    """Of the keys that signed."""
    is_signature_pure: bool = False
    """Whether the signature is over the bytes, not over their hash."""
    security_counter: int | None = None
    dependencies: tuple[Dependency, ...] = ()
    is_encrypted: bool = False
    is_padded: bool = False
    """Whether it fills a whole slot, trailer included, and is thus for a programmer, not for OTA"""

    @property
    def signature(self) -> SignatureKind:
        """Return how the image is signed; the first way, if there are several."""
        return self.signatures[0].kind if self.signatures else SignatureKind.NONE
