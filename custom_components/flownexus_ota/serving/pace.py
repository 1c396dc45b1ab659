"""How fast bytes may leave: a rate for each device, and one for all devices of a server."""

import asyncio
from collections.abc import Callable
from typing import Final, final

BURST_SECONDS: Final = 0.25
"""What was not used for that long may be made up for; a pause between two ranges costs nothing."""

PORTIONS_PER_SECOND: Final = 8
SMALLEST_PORTION_BYTES: Final = 512
"""Less would be mostly headers on the way to the device."""


@final
class Pace:
    """A token bucket that is owed to: whoever takes bytes waits until they are paid for.

    Those who share one take turns in the order in which they ask, a portion each.
    """

    def __init__(self, rate_bytes_per_second: int, *, clock: Callable[[], float]) -> None:
        """Begin with a full bucket; a rate of 0 is none, and it may be changed at any time."""
        self.rate_bytes_per_second = rate_bytes_per_second
        self._clock: Final = clock
        self._paid_at = float("-inf")

    def reserve(self, count: int) -> float:
        """Take `count` bytes; return for how many seconds they have to wait."""
        if not self.rate_bytes_per_second:
            return 0.0
        now = self._clock()
        begins_at = max(self._paid_at, now - BURST_SECONDS)
        self._paid_at = begins_at + count / self.rate_bytes_per_second
        return max(0.0, begins_at - now)


@final
class Throttle:
    """What one transfer has to keep to."""

    def __init__(self, *paces: Pace) -> None:
        """Keep to all of them."""
        self._paces: Final = paces

    @property
    def is_on(self) -> bool:
        """Tell whether there is anything to keep to; a rate may be set at any time."""
        return any(pace.rate_bytes_per_second for pace in self._paces)

    def portion(self, wanted: int) -> int:
        """Return how many of the wanted bytes are sent at once."""
        rates = [rate for pace in self._paces if (rate := pace.rate_bytes_per_second)]
        if not rates:
            return wanted
        return min(wanted, max(min(rates) // PORTIONS_PER_SECOND, SMALLEST_PORTION_BYTES))

    async def wait_for(self, count: int) -> None:
        """Wait until `count` bytes may leave."""
        for pace in self._paces:
            if seconds := pace.reserve(count):
                await asyncio.sleep(seconds)


UNTHROTTLED: Final = Throttle()
