"""The firmware format of the simulated devices: a header, then the body.

The header, 80 bytes, big endian: magic (8), format (1), padding (3), version (32, UTF-8, padded
with NUL), length of the body (4), SHA-256 of the body (32).
"""

import argparse
import hashlib
import random
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAGIC: Final = b"FXSIMIMG"
FORMAT: Final = 1
_HEADER: Final = struct.Struct(">8sB3x32sI32s")
HEADER_SIZE_BYTES: Final = _HEADER.size
VERSION_LIMIT_BYTES: Final = 32


class ImageError(ValueError):
    """What arrived is not an image that a device can install."""


class ForeignImageError(ImageError):
    """It is something else, for another kind of device: result 6."""


class CorruptImageError(ImageError):
    """It is ours but damaged, cut short or too long: result 5."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageHeader:
    """What an image says about itself."""

    version: str
    body_size_bytes: int
    body_sha256: bytes


def make_image(version: str, size_bytes: int, seed: int = 0) -> bytes:
    """Return a valid image of `size_bytes`, at least the header; same arguments, same bytes."""
    encoded = version.encode()
    if not 0 < len(encoded) <= VERSION_LIMIT_BYTES or b"\0" in encoded:
        message = f"a version has 1 to {VERSION_LIMIT_BYTES} bytes and no NUL"
        raise ValueError(message)
    body = random.Random(seed).randbytes(max(0, size_bytes - HEADER_SIZE_BYTES))
    return _HEADER.pack(MAGIC, FORMAT, encoded, len(body), hashlib.sha256(body).digest()) + body


def parse_header(data: bytes) -> ImageHeader:
    """Read an image's first bytes; raise ForeignImageError or CorruptImageError."""
    if not data.startswith(MAGIC):
        raise ForeignImageError("unknown magic")
    if len(data) < HEADER_SIZE_BYTES:
        raise CorruptImageError("the header is cut short")
    _, image_format, version, body_size_bytes, body_sha256 = _HEADER.unpack_from(data)
    if image_format != FORMAT:
        raise ForeignImageError("unknown format number")
    try:
        text = version.rstrip(b"\0").decode()
    except UnicodeDecodeError as err:
        raise CorruptImageError("the version is not UTF-8") from err
    if not text:
        raise CorruptImageError("the version is empty")
    return ImageHeader(version=text, body_size_bytes=body_size_bytes, body_sha256=body_sha256)


class ImageReader:
    """An image as it arrives, in pieces of any size; the body is digested, not kept."""

    def __init__(self) -> None:
        """Start with nothing received."""
        self._head = b""
        self._digest = hashlib.sha256()
        self.received_bytes = 0

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        self.received_bytes += len(data)
        missing = HEADER_SIZE_BYTES - len(self._head)
        self._head += data[:missing]
        self._digest.update(data[missing:])

    def finish(self) -> ImageHeader:
        """Check the whole image; raise ForeignImageError or CorruptImageError."""
        header = parse_header(self._head)
        if self.received_bytes - HEADER_SIZE_BYTES != header.body_size_bytes:
            raise CorruptImageError("the body has another length than the header says")
        if self._digest.digest() != header.body_sha256:
            raise CorruptImageError("the body has another SHA-256 than the header says")
        return header


def verify(data: bytes) -> ImageHeader:
    """Check a whole image at once."""
    reader = ImageReader()
    reader.feed(data)
    return reader.finish()


def main() -> None:
    """Write an image to a file: `python -m simulator.image 1.1.0 sensor-1.1.0.bin`."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator.image", description="Make an image for the simulated devices."
    )
    parser.add_argument("version")
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--size",
        type=int,
        default=200_000,
        metavar="BYTES",
        help="size of the file (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="what the body is made of (default: %(default)s)"
    )
    arguments = parser.parse_args()
    arguments.file.write_bytes(make_image(arguments.version, arguments.size, arguments.seed))


if __name__ == "__main__":
    main()
