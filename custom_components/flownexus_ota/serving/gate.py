"""Who may download at once from one server, and who has to make room.

A place belongs to a session, not to a request: a device that fetches its image in hundreds of
ranges keeps it in between.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol, final

from .pace import Pace, Throttle

LINGER_SECONDS: Final = 15.0
"""For so long a place is kept for a device that asks for nothing: it may be writing its flash."""

MINIMUM_BYTES_PER_SECOND: Final = 100
"""A place is lost below this if somebody else waits for it. NB-IoT in bad coverage carries a few
hundred bytes a second (3GPP TS 45.820 wants 160 bit/s at its very edge, which installs nothing)."""

WINDOW_SECONDS: Final = 60.0
"""Over which the speed is measured: radio links come and go by seconds."""

WAIT_SECONDS: Final = 10.0
"""For so long a request waits for a place, as few devices know what 503 means; clients give a
silent server up after 30 s or so."""

MAX_WAITING: Final = 1_000

RETRY_AFTER_SECONDS: Final = 10

MAX_TRANSFERS: Final = 4
"""Of one session at once. A device that lost its connection asks anew, while we cannot know."""

_SAMPLE_SECONDS: Final = 10.0
_LOOK_AGAIN_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadLimits:
    """What the devices of one server may do together; a rate of 0 is no limit."""

    max_parallel: int = 32
    device_bytes_per_second: int = 0
    total_bytes_per_second: int = 0


class Cuttable(Protocol):
    """A transfer, which can be ended."""

    def cut(self) -> None:
        """End the connection at once."""


@final
class DownloadGate:
    """The places of one server; used from the event loop only."""

    def __init__(
        self,
        limits: DownloadLimits | None = None,
        *,
        wait_seconds: float = WAIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with all places free; `clock` tells seconds."""
        self._limits = DownloadLimits() if limits is None else limits
        self._clock: Final = clock
        self._pace: Final = Pace(self._limits.total_bytes_per_second, clock=clock)
        self._places: Final[dict[str, Place]] = {}
        self._wait_seconds: Final = wait_seconds
        self._waiting: Final[deque[asyncio.Event]] = deque()
        """Requests in the order in which they came; set when a place is free."""

    def set_limits(self, limits: DownloadLimits) -> None:
        """Go by these from now on; who downloads already goes on, at the new rates."""
        self._limits = limits
        self._pace.rate_bytes_per_second = limits.total_bytes_per_second
        for place in self._places.values():
            place.pace.rate_bytes_per_second = limits.device_bytes_per_second

    def admit(self, session_id: str) -> bool:
        """Tell whether the session has a place; it gets one that is free if nobody waits."""
        return session_id in self._places or (not self._waiting and self._take(session_id))

    async def wait(self, session_id: str) -> bool:
        """Wait a little for a place, behind those who wait already; tell whether there is one."""
        if len(self._waiting) >= MAX_WAITING:
            return False
        turn = asyncio.Event()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self._wait_seconds):
                while self._waiting[0] is not turn or not self._take(session_id):
                    turn.clear()
                    # Places also become free by time alone: idle ones, and slow ones.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
                            await turn.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting.remove(turn)
            self._call_next()
        return True

    def place(self, session_id: str) -> Place:
        """Return the place of an admitted session."""
        place = self._places.get(session_id)
        if place is None:
            pace = Pace(self._limits.device_bytes_per_second, clock=self._clock)
            place = Place(pace, Throttle(pace, self._pace), self._clock)
            self._places[session_id] = place
        return place

    def leave(self, session_id: str) -> None:
        """Free the session's place; safe to repeat."""
        self._places.pop(session_id, None)
        self._call_next()

    def _take(self, session_id: str) -> bool:
        if session_id in self._places:
            return True
        # More than one has to go only after the limit was lowered.
        while len(self._places) >= self._limits.max_parallel:
            if not self._make_room():
                return False
        self.place(session_id)
        return True

    def _call_next(self) -> None:
        if self._waiting:
            self._waiting[0].set()

    def _make_room(self) -> bool:
        """Free the place that is used least, if one is used too little; tell whether."""
        now = self._clock()
        minimum = self._minimum_bytes_per_second()
        idle = [(now - each.idle_since, session_id) for session_id, each in self._idle()]
        slow = [
            (each.bytes_per_second(now), session_id)
            for session_id, each in self._places.items()
            if now - each.since >= WINDOW_SECONDS
        ]
        if idle and max(idle)[0] >= LINGER_SECONDS:
            session_id = max(idle)[1]
        elif slow and min(slow)[0] < minimum:
            session_id = min(slow)[1]
        else:
            return False
        self._places.pop(session_id).cut()
        return True

    def _idle(self) -> list[tuple[str, Place]]:
        return [(session_id, each) for session_id, each in self._places.items() if each.is_idle]

    def _minimum_bytes_per_second(self) -> float:
        """Blame nobody for our own rate: half of a fair share of it is enough."""
        total = self._limits.total_bytes_per_second
        share = total / len(self._places) / 2
        return min(MINIMUM_BYTES_PER_SECOND, share) if total else MINIMUM_BYTES_PER_SECOND


@final
class Place:
    """What one session does with its place."""

    def __init__(self, pace: Pace, throttle: Throttle, clock: Callable[[], float]) -> None:
        """Be taken from now on; made by the gate."""
        self.pace: Final = pace
        self.throttle: Final = throttle
        self.since: Final = clock()
        self.idle_since = self.since
        self._clock: Final = clock
        self._transfers: Final[list[Cuttable]] = []
        self._moved_bytes = 0
        self._samples = deque([(self.since, 0)])

    @property
    def is_idle(self) -> bool:
        """Tell whether no transfer runs."""
        return not self._transfers

    def begin(self, transfer: Cuttable) -> None:
        """Know a transfer; of too many, the oldest go: nobody listens to them any more."""
        self._transfers.append(transfer)
        for stale in self._transfers[:-MAX_TRANSFERS]:
            stale.cut()

    def end(self, transfer: Cuttable) -> None:
        """Forget a transfer."""
        self._transfers.remove(transfer)
        self.idle_since = self._clock()

    def cut(self) -> None:
        """End whatever runs."""
        for transfer in tuple(self._transfers):
            transfer.cut()

    def moved(self, count: int) -> None:
        """Count bytes that have left."""
        self._moved_bytes += count
        now = self._clock()
        if now - self._samples[-1][0] >= _SAMPLE_SECONDS:
            self._samples.append((now, self._moved_bytes))
            self._forget_samples(now)

    def bytes_per_second(self, now: float) -> float:
        """Return the speed over the last window, or a little more; for a place as old as that."""
        self._forget_samples(now)
        sampled_at, sampled_bytes = self._samples[0]
        return (self._moved_bytes - sampled_bytes) / (now - sampled_at)

    def _forget_samples(self, now: float) -> None:
        while len(self._samples) > 1 and self._samples[1][0] <= now - WINDOW_SECONDS:
            self._samples.popleft()
