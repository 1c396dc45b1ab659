"""What can be wrong with the bytes of an image, and of what kind they are."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class ImageKind(StrEnum):
    """What an image tells about itself."""

    PLAIN = "plain"
    """Nothing: bytes without a header that we know."""
    MCUBOOT = "mcuboot"
    ESP = "esp"


class ImageProblem(StrEnum):
    """Why bytes cannot be an image for a device; each is a translation key. Then: placeholders."""

    EMPTY = "empty"
    TRUNCATED = "image_truncated"  # needed_bytes, size_bytes
    MALFORMED = "image_malformed"  # part
    DAMAGED = "image_damaged"  # hash
    NO_HASH = "image_without_hash"
    ZIGBEE_OTA = "format_zigbee_ota"
    ZIP = "format_zip"
    ELF = "format_elf"
    INTEL_HEX = "format_intel_hex"
    GZIP = "format_gzip"


class ImageHeaderError(Exception):
    """Bytes cannot be an image."""

    def __init__(self, problem: ImageProblem, **placeholders: str) -> None:
        """Keep the problem and what its text needs."""
        super().__init__(f"{problem}: {placeholders}" if placeholders else problem)
        self.problem: Final = problem
        self.placeholders: Final[Mapping[str, str]] = placeholders
