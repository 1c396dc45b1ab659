"""What a device lived through, for whoever compares it with what a server believes."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from simulator.link import Ids, Value

ENTRIES_LIMIT: Final = 10_000


class Kind(Enum):
    """What an entry is about."""

    BOOTED = "booted"
    REGISTERED = "registered"
    RENEWED = "renewed"
    REFUSED = "refused"
    DEREGISTERED = "deregistered"
    ASKED = "asked"
    STATE = "state"
    RESULT = "result"
    DOWNLOADING = "downloading"
    DOWNLOADED = "downloaded"
    INSTALLED = "installed"
    FELL_ASLEEP = "fell asleep"
    WOKE = "woke"
    REBOOTING = "rebooting"
    GONE = "gone"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One thing that happened; `number` has no gaps, `at` is the loop's time in seconds."""

    number: int
    at: float
    kind: Kind
    operation: str | None = None
    path: Ids | None = None
    value: Value | None = None
    code: int | None = None
    """The answer's code; `None` where nothing was answered."""


type Listener = Callable[[Entry], None]


class DeviceRecord:
    """The life of one device over all its boots: the last entries, and counts of all."""

    def __init__(self, version: str) -> None:
        """Begin with a device that runs `version`."""
        self.running_version = version
        self.entries: deque[Entry] = deque(maxlen=ENTRIES_LIMIT)
        self.counts: Counter[Kind] = Counter()
        self._listeners: list[Listener] = []
        self._next_number = 0

    def add(
        self,
        kind: Kind,
        *,
        operation: str | None = None,
        path: Ids | None = None,
        value: Value | None = None,
        code: int | None = None,
    ) -> None:
        """Write down what happened just now and tell the listeners."""
        at = asyncio.get_running_loop().time()
        entry = Entry(
            number=self._next_number,
            at=at,
            kind=kind,
            operation=operation,
            path=path,
            value=value,
            code=code,
        )
        self._next_number += 1
        self.counts[kind] += 1
        self.entries.append(entry)
        for listener in tuple(self._listeners):
            listener(entry)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every entry from now on; return what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def values(self, kind: Kind) -> list[Value | None]:
        """Return the values of the kept entries of one kind, in order."""
        return [entry.value for entry in self.entries if entry.kind is kind]

    def asked(self, path: Ids | None = None) -> list[Entry]:
        """Return the kept requests, all of them or those for one path."""
        return [
            entry
            for entry in self.entries
            if entry.kind is Kind.ASKED and path in (None, entry.path)
        ]

    async def wait_for(
        self, kind: Kind, value: Value | None = None, *, times: int = 1, limit_seconds: float = 60.0
    ) -> None:
        """Return once `times` entries of `kind` (and `value`) are kept; raise TimeoutError."""

        def is_reached() -> bool:
            values = self.values(kind)
            return (len(values) if value is None else values.count(value)) >= times

        await self.wait_until(is_reached, limit_seconds=limit_seconds)

    async def wait_until(
        self, condition: Callable[[], bool], *, limit_seconds: float = 60.0
    ) -> None:
        """Return once `condition` holds, looked at after each entry; raise TimeoutError."""
        reached = asyncio.Event()

        def look(_: Entry) -> None:
            if condition():
                reached.set()

        if condition():
            return
        stop_listening = self.listen(look)
        try:
            async with asyncio.timeout(limit_seconds):
                await reached.wait()
        finally:
            stop_listening()
