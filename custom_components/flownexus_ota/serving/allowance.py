"""What one token is good for in all: far more than any sound download needs. Pure."""

from typing import Final, final

SIZES_IN_ALL: Final = 3
"""Bytes, as a multiple of the image: an update that needs more of them never ends by itself."""

SMALLEST_RANGE_BYTES: Final = 256
"""A device that asks for ranges as small as this is served; Nordic's client asks for 1 KiB."""

SPARE_REQUESTS: Final = 1_000
"""For a small image, and for requests that carry no bytes."""


@final
class Allowance:
    """Requests and bytes that a token may still ask for."""

    def __init__(self, size_bytes: int) -> None:
        """Allow what an image of `size_bytes` may need."""
        self._bytes_left = SIZES_IN_ALL * max(size_bytes, 1)
        self._requests_left = SPARE_REQUESTS + self._bytes_left // SMALLEST_RANGE_BYTES

    @property
    def is_spent(self) -> bool:
        """Tell whether nothing may begin any more."""
        return self._bytes_left <= 0 or self._requests_left <= 0

    @property
    def is_overdrawn(self) -> bool:
        """Tell whether more has left than was allowed: what runs has to end."""
        return self._bytes_left < 0

    def take_request(self) -> bool:
        """Count a request, unless nothing is left; tell whether it was."""
        if self.is_spent:
            return False
        self._requests_left -= 1
        return True

    def take_bytes(self, count: int) -> None:
        """Count bytes that have left, those sent again too."""
        self._bytes_left -= count
