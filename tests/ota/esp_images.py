"""ESP-IDF applications, made by hand after the documented layout."""

import hashlib
import struct


def esp_image(
    version: bytes = b"2.1.0",
    project_name: bytes = b"blinky",
    *,
    security_counter: int = 0,
    has_hash: bool = True,
    magic: int = 0xABCD5432,
    more_bytes: int = 0,
) -> bytes:
    """Return an application of two segments; `more_bytes` lengthens the second."""
    descriptor = struct.pack("<II8x32s32s176x", magic, security_counter, version, project_name)
    segments = (descriptor, b"\x55" * (40 + more_bytes))
    header = struct.pack("<BB21x?", 0xE9, len(segments), has_hash)
    content = header + b"".join(
        struct.pack("<II", 0x3F400020, len(segment)) + segment for segment in segments
    )
    content += bytes(16 - len(content) % 16)
    return content + hashlib.sha256(content).digest() if has_hash else content
