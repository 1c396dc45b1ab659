"""How long the event loop was kept busy in one go, garbage collections apart."""

import asyncio
import gc
import heapq
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

_KEPT: Final = 8


@dataclass(slots=True)
class Collecting:
    """What garbage collections have cost, in seconds of CPU time."""

    seconds: float = 0.0


@dataclass(slots=True)
class Blocks:
    """The longest steps of a loop, in seconds of its thread's CPU time.

    CPU time, as other processes must not be counted: ours do not read files in the loop.
    """

    collecting: Collecting
    longest: list[tuple[float, str]] = field(default_factory=list)

    @property
    def longest_ms(self) -> float:
        """Return the longest one."""
        return max((seconds for seconds, _ in self.longest), default=0.0) * 1000

    def longest_of_ours_ms(self) -> float:
        """Return the longest one that ours began."""
        ours = [seconds for seconds, name in self.longest if "flownexus" in name]
        return max(ours, default=0.0) * 1000

    def as_json(self) -> list[dict[str, Any]]:
        """Return the longest ones, with who began them."""
        ordered = sorted(self.longest, reverse=True)
        return [{"ms": round(seconds * 1000, 1), "step": name} for seconds, name in ordered]

    def note(self, seconds: float, handle: asyncio.Handle) -> None:
        """Keep one of the longest."""
        if len(self.longest) < _KEPT:
            heapq.heappush(self.longest, (seconds, _name(handle)))
        elif seconds > self.longest[0][0]:
            heapq.heapreplace(self.longest, (seconds, _name(handle)))


@contextmanager
def watch_collecting() -> Generator[Collecting]:
    """Time every garbage collection of this process."""
    collecting = Collecting()
    begun_s = 0.0

    def on_collection(phase: str, _: dict[str, int]) -> None:
        nonlocal begun_s
        if phase == "start":
            begun_s = time.thread_time()
        else:
            collecting.seconds += time.thread_time() - begun_s

    gc.callbacks.append(on_collection)
    try:
        yield collecting
    finally:
        gc.callbacks.remove(on_collection)


@contextmanager
def watch_blocks() -> Generator[Blocks]:
    """Time every step of every loop of this process."""
    original = asyncio.Handle._run
    with watch_collecting() as collecting:
        blocks = Blocks(collecting)

        def run(handle: asyncio.Handle) -> None:
            collecting_s, started_s = collecting.seconds, time.thread_time()
            original(handle)
            spent_s = time.thread_time() - started_s - (collecting.seconds - collecting_s)
            if spent_s > 0.001:
                blocks.note(spent_s, handle)

        asyncio.Handle._run = run  # type: ignore[method-assign,assignment]
        try:
            yield blocks
        finally:
            asyncio.Handle._run = original  # type: ignore[method-assign]


def _name(handle: asyncio.Handle) -> str:
    callback: Any = handle._callback  # type: ignore[attr-defined]
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        coroutine: Any = owner.get_coro()
        return f"{owner.get_name()} ({getattr(coroutine, '__qualname__', '')})"
    module = getattr(callback, "__module__", None) or type(owner).__module__
    return f"{module}.{getattr(callback, '__qualname__', repr(callback))}"
