"""Devices that have not been seen for long: looked for once a day, offered to a person to delete.

Nothing is ever deleted by itself: a device may sleep for a season.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Final, final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN, HIGHEST_STALE_DAYS, NEVER_STALE_DAYS
from .devices import device_name, device_of
from .engine.view import DeviceView
from .leshan.pacing import Breather
from .lwm2m.events import Endpoint
from .ota.absence import is_stale, stale_before, with_watched
from .stale_issues import NAMES_IN_LINE, clear_stale_devices, show_stale_devices
from .update_options import stale_days

if TYPE_CHECKING:
    from .runtime import RuntimeData

LOOK_SECONDS: Final = 15 * 60.0
"""How long after midnight the next look may come."""
STORE_VERSION: Final = 1

type _Stored = dict[str, list[str]]


def _today() -> date:
    return dt_util.utcnow().date()


@final
class StaleDevices:
    """Looks after one server's devices."""

    def __init__(self, runtime: RuntimeData, *, today: Callable[[], date] = _today) -> None:
        """Do nothing before `run`; `today` is a day of UTC."""
        self._runtime = runtime
        self._today = today
        self._store = _store(runtime.hass, runtime.entry.entry_id)
        self._watched: tuple[date, ...] = ()
        self._looked_on: date | None = None
        self._before: date | None = None
        self._offered: dict[Endpoint, datetime] = {}
        self._is_shorter = False
        """Whether the issue names devices that are not offered any more."""
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Look on each day on which the server is connected, until cancelled."""
        stored = await self._store.async_load() or {}
        self._watched = tuple(map(date.fromisoformat, stored.get("watched_days", ())))
        unlisten = self._runtime.server.async_add_listener(self._wake.set)
        try:
            while True:
                self._wake.clear()
                await self._look_if_due()
                if self._is_shorter:
                    self._show()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._wake.wait()
        finally:
            unlisten()

    @property
    def offered(self) -> list[tuple[Endpoint, str, datetime]]:
        """Return endpoint, name and time of what a person may delete, the longest away first."""
        return [(each, self._name(each), at) for each, at in self._offered.items()]

    @callback
    def async_settings_changed(self) -> None:
        """Look again, by the number of days that there is now."""
        days = stale_days(self._runtime.entry.options)
        # Before the first look nobody knows which devices are registered.
        if self._looked_on is not None or days == NEVER_STALE_DAYS:
            self._look()

    @callback
    def async_device_changed(self, view: DeviceView) -> None:
        """Take a device that came back, or is updated, off the list."""
        if view.endpoint in self._offered and not self._is_stale(view):
            self._take_off(view.endpoint)

    @callback
    def async_forgotten(self, endpoint: Endpoint) -> None:
        """Take a device that was deleted off the list."""
        if endpoint in self._offered:
            self._take_off(endpoint)

    async def async_delete(self, endpoints: Iterable[Endpoint]) -> int:
        """Delete devices as is done by hand, but for those that came back; return how many."""
        registry = dr.async_get(self._runtime.hass)
        breather, count = Breather(), 0
        for endpoint in endpoints:
            if self._offered.pop(endpoint, None) is None:
                continue
            device = device_of(self._runtime.hass, self._runtime.entry, endpoint)
            if not self._runtime.async_forget(endpoint):
                continue
            if device is not None:
                registry.async_remove_device(device.id)
            count += 1
            await breather.give_way()
        self._show()
        return count

    async def _look_if_due(self) -> None:
        today = self._today()
        if today == self._looked_on or not self._runtime.server.data.is_connected:
            return
        self._looked_on = today
        self._watched = with_watched(self._watched, today, most=HIGHEST_STALE_DAYS + 1)
        self._runtime.engine.remember_seen()
        self._look()
        await self._store.async_save({"watched_days": [day.isoformat() for day in self._watched]})

    @callback
    def _look(self) -> None:
        self._before = stale_before(self._watched, stale_days(self._runtime.entry.options))
        views = (coordinator.data for coordinator in self._runtime.devices.values())
        found = [
            (view.last_seen, view.endpoint)
            for view in views
            if view.last_seen is not None and self._is_stale(view)
        ]
        self._offered = {endpoint: last_seen for last_seen, endpoint in sorted(found)}
        self._show()

    def _is_stale(self, view: DeviceView) -> bool:
        """Tell whether a person is offered to delete a device; one that sleeps is registered."""
        is_there = view.is_registered or view.is_session_active
        return not is_there and is_stale(view.last_seen, self._before)

    @callback
    def _take_off(self, endpoint: Endpoint) -> None:
        # Thousands may come back at once: the issue is written anew once for all of a moment.
        del self._offered[endpoint]
        self._is_shorter = True
        self._wake.set()

    @callback
    def _show(self) -> None:
        self._is_shorter = False
        hass, entry = self._runtime.hass, self._runtime.entry
        if not self._offered:
            clear_stale_devices(hass, entry)
            return
        names = [self._name(endpoint) for endpoint in islice(self._offered, NAMES_IN_LINE)]
        days = stale_days(entry.options)
        show_stale_devices(hass, entry, names=names, count=len(self._offered), days=days)

    def _name(self, endpoint: Endpoint) -> str:
        return device_name(self._runtime.hass, self._runtime.entry, endpoint)


async def async_forget_watched_days(hass: HomeAssistant, entry_id: str) -> None:
    """Remove what is stored of a server that is removed."""
    await _store(hass, entry_id).async_remove()


def _store(hass: HomeAssistant, entry_id: str) -> Store[_Stored]:
    return Store(hass, STORE_VERSION, f"{DOMAIN}.{entry_id}")
