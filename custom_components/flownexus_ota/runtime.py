"""What one config entry runs: a Leshan server's client, engine and coordinators."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .coordinator import DeviceCoordinator, ServerCoordinator
from .engine.engine import Engine
from .leshan.client import LeshanClient
from .lwm2m.events import Endpoint
from .shared import Shared

type FlownexusConfigEntry = ConfigEntry[RuntimeData]
type DeviceAdder = Callable[[list[DeviceCoordinator]], None]

# Ten thousand devices that come back at once are ten thousand changes of one number.
SERVER_VIEW_PAUSE_SECONDS: Final = 0.5
# A batch that is added in one go blocks the loop; Home Assistant takes turns between batches.
DEVICES_PER_BATCH: Final = 100


@dataclass(kw_only=True)
class RuntimeData:
    """Lives from set-up to unload of an entry."""

    hass: HomeAssistant
    entry: FlownexusConfigEntry
    client: LeshanClient
    shared: Shared
    hub_device_id: str
    server: ServerCoordinator
    engine: Engine = field(init=False)
    client_data: Mapping[str, Any] = field(init=False)
    """The entry's data that the client was made of."""
    devices: dict[Endpoint, DeviceCoordinator] = field(default_factory=dict)
    _adders: list[DeviceAdder] = field(default_factory=list)
    _cancel_server_update: CALLBACK_TYPE | None = None
    _life: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        """Note what the client was made of."""
        self.client_data = dict(self.entry.data)

    @callback
    def async_start(self) -> None:
        """Let the engine live until `async_stop`."""
        self._life = self.entry.async_create_background_task(
            self.hass, self.engine.run(), f"flownexus_ota {self.entry.title}"
        )

    async def async_stop(self) -> None:
        """End the engine and every call that waits for it; safe to repeat."""
        life, self._life = self._life, None
        if life is not None:
            life.cancel()
            with suppress(asyncio.CancelledError):
                await life
        await self.engine.stop()  # what it has loaded works already before it lives
        # Last: an engine that ends says that its server is no longer connected.
        if self._cancel_server_update is not None:
            self._cancel_server_update()
            self._cancel_server_update = None

    @callback
    def async_forget(self, endpoint: Endpoint) -> bool:
        """Drop a device that is not registered; tell whether it is gone."""
        if not self.engine.forget(endpoint):
            return False
        self.devices.pop(endpoint, None)
        return True

    @callback
    def async_add_platform(self, adder: DeviceAdder) -> None:
        """Let a platform add entities: for every device there is, and for each that comes."""
        self._adders.append(adder)
        known = list(self.devices.values())
        for start in range(0, len(known), DEVICES_PER_BATCH):
            adder(known[start : start + DEVICES_PER_BATCH])

    @callback
    def async_device_changed(self, endpoint: Endpoint) -> None:
        """Show what the engine knows of a device, a new one included."""
        view = self.engine.view(endpoint)
        if view is None:
            return
        coordinator = self.devices.get(endpoint)
        if coordinator is None:
            coordinator = DeviceCoordinator(self.hass, self.entry, view)
            self.devices[endpoint] = coordinator
            for adder in self._adders:
                adder([coordinator])
            return
        coordinator.async_show(view)

    @callback
    def async_server_changed(self) -> None:
        """Show the server soon; many changes at once are shown once."""
        if self._cancel_server_update is None:
            self._cancel_server_update = async_call_later(
                self.hass, SERVER_VIEW_PAUSE_SECONDS, self._show_server
            )

    @callback
    def async_catalogue_changed(self) -> None:
        """Let every update entity look at the catalogue again."""
        for coordinator in tuple(self.devices.values()):
            coordinator.async_update_listeners()

    @callback
    def _show_server(self, _: datetime) -> None:
        self._cancel_server_update = None
        self.server.async_set_updated_data(self.engine.server_view())
