"""The bytes of an image, read in place: nothing is copied whole, nothing read beyond the end."""

import hashlib
from struct import Struct
from typing import Any, Final, final

from .image_problem import ImageHeaderError, ImageProblem


@final
class ImageContent:
    """Bytes with an end that is minded."""

    __slots__ = ("_view", "size_bytes")

    def __init__(self, view: memoryview) -> None:
        """Read `view`, which is one of single bytes; it stays its owner's to release."""
        self._view: Final = view
        self.size_bytes: Final = len(view)

    def bytes_at(self, start: int, end: int) -> bytes:
        """Return a copy of a few bytes; raise `ImageHeaderError` where they are not there."""
        self.need(end)
        return bytes(self._view[start:end])

    def fields_at(self, start: int, fields: Struct) -> tuple[Any, ...]:
        """Return the numbers and bytes of a structure."""
        self.need(start + fields.size)
        return fields.unpack_from(self._view, start)

    def starts_with(self, beginning: bytes) -> bool:
        """Tell whether these are the first bytes."""
        return bytes(self._view[: len(beginning)]) == beginning

    def ends_with(self, ending: bytes) -> bool:
        """Tell whether these are the last bytes."""
        return bytes(self._view[-len(ending) :]) == ending

    def digest(self, algorithm: str, end: int) -> bytes:
        """Return the hash of all bytes up to `end`, which has been needed before."""
        # A slice left to the garbage collector would keep a memory map from being closed.
        with self._view[:end] as part:
            return hashlib.new(algorithm, part, usedforsecurity=True).digest()

    def need(self, end: int) -> None:
        """Raise `ImageHeaderError` unless there are as many bytes."""
        if end > self.size_bytes:
            raise ImageHeaderError(
                ImageProblem.TRUNCATED, needed_bytes=str(end), size_bytes=str(self.size_bytes)
            )
