"""Files that people upload instead of an image, told by their first bytes."""

import re
from typing import Final

from .image_content import ImageContent
from .image_problem import ImageProblem

# Zigbee: "OTA upgrade file identifier" 0x0BEEF11E, little-endian. Zip: a first member, an empty
# archive, a spanned one; nRF Connect SDK's dfu_application.zip is an ordinary one.
_BEGINNINGS: Final[tuple[tuple[bytes, ImageProblem], ...]] = (
    (b"\x1e\xf1\xee\x0b", ImageProblem.ZIGBEE_OTA),
    (b"PK\x03\x04", ImageProblem.ZIP),
    (b"PK\x05\x06", ImageProblem.ZIP),
    (b"PK\x07\x08", ImageProblem.ZIP),
    (b"\x7fELF", ImageProblem.ELF),
    (b"\x1f\x8b\x08", ImageProblem.GZIP),
)
# A record: length, address, type 00 to 05, data, checksum; the first is at most 255 bytes of data.
_INTEL_HEX_RECORD: Final = re.compile(rb"\s*:([0-9A-Fa-f]{2})[0-9A-Fa-f]{4}0[0-5]([0-9A-Fa-f]*)\s")
_INTEL_HEX_RECORD_LENGTH_LIMIT: Final = 1024
_CHECKSUM_DIGITS: Final = 2


def foreign_format(content: ImageContent) -> ImageProblem | None:
    """Return which format that no device flashes the bytes are in, or `None`."""
    for beginning, problem in _BEGINNINGS:
        if content.starts_with(beginning):
            return problem
    return ImageProblem.INTEL_HEX if _is_intel_hex(content) else None


def _is_intel_hex(content: ImageContent) -> bool:
    beginning = content.bytes_at(0, min(content.size_bytes, _INTEL_HEX_RECORD_LENGTH_LIMIT))
    record = _INTEL_HEX_RECORD.match(beginning)
    if record is None:
        return False
    return len(record[2]) == 2 * int(record[1], 16) + _CHECKSUM_DIGITS
