"""How much of an image has left, however often and in whatever pieces it was sent. Pure."""

from bisect import bisect_left, bisect_right
from typing import final


@final
class Coverage:
    """A set of byte positions, kept as sorted intervals that do not touch."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.covered_bytes = 0

    def add(self, start: int, end: int) -> None:
        """Add the bytes from `start` up to, without, `end`; those known already count once."""
        if start >= end:
            return
        # All intervals that overlap or touch the new one become one with it.
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        merged_start = min([start, *self._starts[first:last]])
        merged_end = max([end, *self._ends[first:last]])
        known = sum(self._ends[first:last]) - sum(self._starts[first:last])
        self._starts[first:last] = [merged_start]
        self._ends[first:last] = [merged_end]
        self.covered_bytes += merged_end - merged_start - known
