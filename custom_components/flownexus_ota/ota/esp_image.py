"""ESP-IDF applications: segments, a descriptor at the start of the first, a hash at the end.

The layout is `esp_image_format.h` and `esp_app_desc.h` of ESP-IDF; all numbers are little-endian.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final

from .image_content import ImageContent
from .image_problem import ImageHeaderError, ImageProblem

_MAGIC: Final = b"\xe9"
# Magic, count of segments, 21 bytes about the chip, whether a hash is appended.
_HEADER: Final = Struct("<BB21x?")
_SEGMENT: Final = Struct("<4xI")
# Magic, lowest secure version, reserved, version, project name.
_DESCRIPTOR: Final = Struct("<II8x32s32s")
_DESCRIPTOR_START: Final = _HEADER.size + _SEGMENT.size
_DESCRIPTOR_MAGIC: Final = 0xABCD5432
# The checksum is the last byte of a block of 16; the hash follows.
_BLOCK_BYTES: Final = 16
_DIGEST_BYTES: Final = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class EspHeader:
    """What an ESP-IDF application says about itself."""

    version: str | None
    """Any text of at most 32 bytes; `None` when blank or no printable text."""
    project_name: str | None
    """The same."""
    security_counter: int
    """`secure_version`: the bootloader refuses less than what is burnt into the chip."""
    is_hash_verified: bool
    """Whether the bytes have the hash that is appended; `False` when none is."""


def is_esp(content: ImageContent) -> bool:
    """Tell whether these bytes begin an application; others of ESP have no descriptor."""
    return (
        content.starts_with(_MAGIC)
        and content.size_bytes >= _DESCRIPTOR_START + _DESCRIPTOR.size
        and content.fields_at(_DESCRIPTOR_START, _DESCRIPTOR)[0] == _DESCRIPTOR_MAGIC
    )


def parse_esp(content: ImageContent) -> EspHeader:
    """Return the header of an application; raise `ImageHeaderError` if it is damaged."""
    _, security_counter, version, project_name = content.fields_at(_DESCRIPTOR_START, _DESCRIPTOR)
    return EspHeader(
        version=_text(version),
        project_name=_text(project_name),
        security_counter=security_counter,
        is_hash_verified=_is_hash_verified(content),
    )


def _is_hash_verified(content: ImageContent) -> bool:
    _, segment_count, has_hash = content.fields_at(0, _HEADER)
    end = _HEADER.size
    for _ in range(segment_count):
        (size_bytes,) = content.fields_at(end, _SEGMENT)
        end += _SEGMENT.size + size_bytes
    end += _BLOCK_BYTES - end % _BLOCK_BYTES
    content.need(end)
    if not has_hash:
        return False
    if content.bytes_at(end, end + _DIGEST_BYTES) != content.digest("sha256", end):
        raise ImageHeaderError(ImageProblem.DAMAGED, hash="sha256")
    return True


def _text(field: bytes) -> str | None:
    try:
        text = field.partition(b"\0")[0].decode().strip()
    except UnicodeDecodeError:
        return None
    return text if text and text.isprintable() else None
