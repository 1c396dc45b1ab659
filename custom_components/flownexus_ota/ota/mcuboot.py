"""MCUboot images: header, body, and records of type, length and value (TLV) behind it.

Layout 2 is `boot/bootutil/include/bootutil/image.h`; layout 1, of before 2017, is `image/v1.go` of
Apache Mynewt's newt. All numbers are little-endian.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from struct import Struct
from typing import Final

from .image_content import ImageContent
from .image_problem import ImageHeaderError, ImageProblem
from .mcuboot_header import (
    Dependency,
    HashKind,
    McubootFlag,
    McubootHeader,
    Signature,
    SignatureKind,
)

_MAGIC: Final = bytes.fromhex("3db8f396")
_MAGIC_OF_LAYOUT_1: Final = bytes.fromhex("3cb8f396")

# What `imgtool sign --pad` puts at the end of the slot; with a larger --max-align, the first two
# bytes are that alignment.
_TRAILER_MAGIC: Final = bytes.fromhex("77c295f360d2ef7f3552500f2cb67980")
_ALIGNED_TRAILER_MAGIC: Final = bytes.fromhex("2de15d29410b8d77679c110f1f8a")

# Magic, two fields that the layouts use differently, header size, protected TLVs, body size, flags.
_HEADER: Final = Struct("<4s2sBxHHIIBBHI4x")
_AREA: Final = Struct("<HH")
_RECORD: Final = Struct("<HH")
_RECORD_OF_LAYOUT_1: Final = Struct("<BxH")
_DEPENDENCY: Final = Struct("<B3xBBHI")
_SECURITY_COUNTER: Final = Struct("<I")

_AREA_MAGIC: Final = 0x6907
_PROTECTED_AREA_MAGIC: Final = 0x6908


_ENCRYPTED: Final = McubootFlag.ENCRYPTED_AES128 | McubootFlag.ENCRYPTED_AES256


class _FlagOfLayout1(IntFlag):
    RSA_PSS = 0x40


class _Record(IntEnum):
    """Types of record in layout 2."""

    KEY_HASH = 0x01
    SIG_PURE = 0x25
    DEPENDENCY = 0x40
    SECURITY_COUNTER = 0x50


_HASHES: Final = {0x10: HashKind.SHA256, 0x11: HashKind.SHA384, 0x12: HashKind.SHA512}
_DIGEST_BYTES: Final = {HashKind.SHA256: 32, HashKind.SHA384: 48, HashKind.SHA512: 64}
_SIGNATURES: Final = {
    0x20: SignatureKind.RSA_2048,
    0x21: SignatureKind.ECDSA_P224,
    0x22: SignatureKind.ECDSA_P256,
    0x23: SignatureKind.RSA_3072,
    0x24: SignatureKind.ED25519,
}
# The content's key, encrypted: RSA, AES key wrap, ECIES P-256, X25519, X25519 with SHA-512.
_ENCRYPTION_KEYS: Final = frozenset({0x30, 0x31, 0x32, 0x33, 0x34})
_HASH_OF_LAYOUT_1: Final = 1
_SIGNATURES_OF_LAYOUT_1: Final = {
    2: SignatureKind.RSA_2048,
    3: SignatureKind.ECDSA_P224,
    4: SignatureKind.ECDSA_P256,
}


type _Records = tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Prologue:
    """The 32 bytes that both layouts begin with."""

    records_size_bytes: int
    """Of layout 1: of all records."""
    header_size_bytes: int
    protected_size_bytes: int
    body_size_bytes: int
    flags: int
    version: str

    @property
    def body_end(self) -> int:
        return self.header_size_bytes + self.body_size_bytes


def is_mcuboot(content: ImageContent) -> bool:
    """Tell whether these bytes begin an MCUboot image."""
    return content.starts_with(_MAGIC) or content.starts_with(_MAGIC_OF_LAYOUT_1)


def parse_mcuboot(content: ImageContent) -> McubootHeader:
    """Return the header of an MCUboot image; raise `ImageHeaderError` if it is damaged."""
    prologue = _prologue(content)
    if content.starts_with(_MAGIC):
        return _layout_2(content, prologue)
    return _layout_1(content, prologue)


def _prologue(content: ImageContent) -> _Prologue:
    _, low, _, header_size, protected_size, body_size, flags, *numbers = content.fields_at(
        0, _HEADER
    )
    if header_size < _HEADER.size:
        raise _malformed("header size")
    prologue = _Prologue(
        records_size_bytes=int.from_bytes(low, "little"),
        header_size_bytes=header_size,
        protected_size_bytes=protected_size,
        body_size_bytes=body_size,
        flags=flags,
        version=_version(*numbers),
    )
    content.need(prologue.body_end)
    return prologue


def _version(major: int, minor: int, revision: int, build: int) -> str:
    plain = f"{major}.{minor}.{revision}"
    return f"{plain}+{build}" if build else plain


def _layout_2(content: ImageContent, prologue: _Prologue) -> McubootHeader:
    hashed_end = prologue.body_end
    protected: _Records = ()
    if prologue.protected_size_bytes:
        protected, hashed_end = _area(content, hashed_end, _PROTECTED_AREA_MAGIC)
        if hashed_end - prologue.body_end != prologue.protected_size_bytes:
            raise _malformed("protected TLV area")
    records, end = _area(content, hashed_end, _AREA_MAGIC)
    is_pure = (_Record.SIG_PURE, b"\x01") in records
    is_encrypted = bool(prologue.flags & _ENCRYPTED) and any(
        kind in _ENCRYPTION_KEYS for kind, _ in records
    )
    hash_kind, digest = _hash(records, is_optional=is_pure)
    is_verified = hash_kind is not None and content.digest(hash_kind, hashed_end) == digest
    # The hash is over the plain text, which only the device knows.
    if hash_kind is not None and not is_verified and not is_encrypted:
        raise ImageHeaderError(ImageProblem.DAMAGED, hash=hash_kind)
    return McubootHeader(
        layout=2,
        version=prologue.version,
        flags=prologue.flags,
        hash_kind=hash_kind,
        digest=digest,
        is_hash_verified=is_verified,
        hashed_size_bytes=hashed_end,
        signatures=tuple(_signatures(records, hash_kind)),
        key_hashes=tuple(value for kind, value in records if kind == _Record.KEY_HASH),
        is_signature_pure=is_pure,
        # MCUboot looks for both in the protected area alone.
        security_counter=_security_counter(protected),
        dependencies=tuple(_dependencies(protected)),
        is_encrypted=is_encrypted,
        is_padded=_is_padded(content, end),
    )


def _layout_1(content: ImageContent, prologue: _Prologue) -> McubootHeader:
    end = prologue.body_end + prologue.records_size_bytes
    content.need(end)
    records = tuple(_records(content, prologue.body_end, end, _RECORD_OF_LAYOUT_1))
    digests = [value for kind, value in records if kind == _HASH_OF_LAYOUT_1]
    digest = _only(digests, HashKind.SHA256)
    if digest is None:
        raise ImageHeaderError(ImageProblem.NO_HASH)
    if content.digest(HashKind.SHA256, prologue.body_end) != digest:
        raise ImageHeaderError(ImageProblem.DAMAGED, hash=HashKind.SHA256)
    return McubootHeader(
        layout=1,
        version=prologue.version,
        flags=prologue.flags,
        hash_kind=HashKind.SHA256,
        digest=digest,
        is_hash_verified=True,
        hashed_size_bytes=prologue.body_end,
        signatures=tuple(_signatures_of_layout_1(records, prologue.flags)),
        is_padded=_is_padded(content, end),
    )


def _area(content: ImageContent, start: int, magic: int) -> tuple[_Records, int]:
    """Return the records of an area, and where it ends."""
    found, size_bytes = content.fields_at(start, _AREA)
    if found != magic or size_bytes < _AREA.size:
        raise _malformed("TLV area")
    end = start + size_bytes
    content.need(end)
    return tuple(_records(content, start + _AREA.size, end, _RECORD)), end


def _records(
    content: ImageContent, start: int, end: int, head: Struct
) -> Iterator[tuple[int, bytes]]:
    while start < end:
        value_start = start + head.size
        if value_start > end:
            raise _malformed("TLV")
        kind, size_bytes = content.fields_at(start, head)
        start = value_start + size_bytes
        if start > end:
            raise _malformed("TLV")
        yield kind, content.bytes_at(value_start, start)


def _hash(records: _Records, *, is_optional: bool) -> tuple[HashKind | None, bytes]:
    found = [(_HASHES[kind], value) for kind, value in records if kind in _HASHES]
    if not found and is_optional:
        return None, b""
    if not found:
        raise ImageHeaderError(ImageProblem.NO_HASH)
    hash_kind = found[0][0]
    _only([value for _, value in found], hash_kind)
    return found[0]


def _only(digests: list[bytes], hash_kind: HashKind) -> bytes | None:
    """Return the one digest; several would let somebody choose."""
    if not digests:
        return None
    if len(digests) > 1 or len(digests[0]) != _DIGEST_BYTES[hash_kind]:
        raise _malformed("hash")
    return digests[0]


def _signatures(records: _Records, hash_kind: HashKind | None) -> Iterator[Signature]:
    for number, value in records:
        kind = _SIGNATURES.get(number)
        if kind is SignatureKind.ECDSA_P256 and hash_kind is HashKind.SHA384:
            # One type for both curves since MCUboot 2.0; each has its hash.
            kind = SignatureKind.ECDSA_P384
        if kind is not None:
            yield Signature(kind=kind, value=value)


def _signatures_of_layout_1(records: _Records, flags: int) -> Iterator[Signature]:
    for number, value in records:
        kind = _SIGNATURES_OF_LAYOUT_1.get(number)
        if kind is SignatureKind.RSA_2048 and not flags & _FlagOfLayout1.RSA_PSS:
            kind = SignatureKind.RSA_2048_PKCS1
        if kind is not None:
            yield Signature(kind=kind, value=value)


def _security_counter(protected: _Records) -> int | None:
    for kind, value in protected:
        if kind == _Record.SECURITY_COUNTER:
            if len(value) != _SECURITY_COUNTER.size:
                raise _malformed("security counter")
            return int.from_bytes(value, "little")
    return None


def _dependencies(protected: _Records) -> Iterator[Dependency]:
    for kind, value in protected:
        if kind == _Record.DEPENDENCY:
            if len(value) != _DEPENDENCY.size:
                raise _malformed("dependency")
            image_id, *numbers = _DEPENDENCY.unpack(value)
            yield Dependency(image_id=image_id, version=_version(*numbers))


def _is_padded(content: ImageContent, end: int) -> bool:
    if content.size_bytes < end + len(_TRAILER_MAGIC):
        return False
    return content.ends_with(_TRAILER_MAGIC) or content.ends_with(_ALIGNED_TRAILER_MAGIC)


def _malformed(part: str) -> ImageHeaderError:
    return ImageHeaderError(ImageProblem.MALFORMED, part=part)
