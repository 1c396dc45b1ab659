"""Remembering devices: what changes often, or of many at once, is stored in one go."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import batched
from typing import Final

from ..lwm2m.events import Endpoint
from ..storage.history import HistoryDb
from ..storage.records import KnownDevice
from .chronicle import Chronicle
from .device_book import DeviceRecord

# What is lost with a power cut in this time is read from the devices again.
PAUSE_SECONDS: Final = 1.0
# Ten thousand devices that come back in one commit would hold up the sessions' own.
DEVICES_PER_COMMIT: Final = 100
# A time alone is little: a thousand take some 20 ms.
TIMES_PER_COMMIT: Final = 1000


class FactsKeeper:
    """Stores the facts of devices soon after they changed, each as it is by then."""

    def __init__(
        self, server_id: str, chronicle: Chronicle, *, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        """Take where to store; nothing is scheduled before the first change."""
        self._server_id = server_id
        self._chronicle = chronicle
        self._pause_seconds = pause_seconds
        self._changed: dict[Endpoint, DeviceRecord] = {}
        self._timer: asyncio.TimerHandle | None = None

    def changed(self, record: DeviceRecord) -> None:
        """Store a device soon."""
        self._changed[record.endpoint] = record
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._pause_seconds, self.flush)

    def forget(self, endpoint: Endpoint) -> None:
        """Remove a device, also one that was about to be stored."""
        self._changed.pop(endpoint, None)
        server_id = self._server_id
        self._chronicle.tell_later(lambda history: history.remove_device(server_id, endpoint))

    def seen(self, records: Iterable[DeviceRecord]) -> None:
        """Store when devices were last seen; otherwise only changed facts bring that with them."""
        times = ((it.endpoint, it.last_seen) for it in records if it.last_seen is not None)
        for batch in batched(times, TIMES_PER_COMMIT, strict=False):
            self._chronicle.tell_later(partial(self._store_times, dict(batch)))

    def flush(self) -> None:
        """Hand over what has changed until now; the end of an engine waits for no timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        changed, self._changed = self._changed, {}
        for batch in batched(map(_known, changed.values()), DEVICES_PER_COMMIT, strict=False):
            self._chronicle.tell_later(partial(self._store, batch))

    def _store_times(self, times: Mapping[Endpoint, datetime], history: HistoryDb) -> None:
        history.note_seen(self._server_id, times)

    def _store(self, devices: Sequence[KnownDevice], history: HistoryDb) -> None:
        for device in devices:
            history.remember_device(self._server_id, device)


def _known(record: DeviceRecord) -> KnownDevice:
    # Known without its registration, a device is read after the next restart: one that was busy
    # with somebody else's update may have finished it by then.
    is_settled = record.is_read and not record.is_foreign_busy
    return KnownDevice(
        facts=record.facts,
        registration_id=record.registration_id if is_settled else None,
        last_seen=record.last_seen,
        is_registered=record.is_registered,
        is_queue_mode=record.is_queue_mode,
    )
