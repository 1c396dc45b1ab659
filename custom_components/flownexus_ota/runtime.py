"""What one config entry runs: a Leshan server's client, engine and coordinators."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .announcer import Announcer
from .certificates import Certificates
from .coordinator import DeviceCoordinator, ServerCoordinator
from .downloads import Downloads
from .engine.engine import Engine
from .engine.view import DeviceView
from .entity_choice import EntitiesPerDevice, entities_per_device
from .issues import clear_foreign_updates_of_server, clear_updates_of_device
from .leshan.client import LeshanClient
from .leshan.pacing import Breather
from .lwm2m.events import Endpoint
from .ota.catalogue import Catalogue
from .ota.image import FirmwareImage
from .ota.profile import Profile
from .ota.profile_match import ProfileRule, profile_for
from .ota.session_state import Session
from .profiles import rules_of
from .remote_sources import RemoteSources
from .self_test import SelfTest
from .server_catalogue import ServerCatalogue
from .shared import Shared
from .stale_devices import StaleDevices

type FlownexusConfigEntry = ConfigEntry[RuntimeData]
type DeviceAdder = Callable[[list[DeviceCoordinator]], None]

# Ten thousand devices that come back at once are ten thousand changes of one number.
SERVER_VIEW_PAUSE_SECONDS: Final = 0.5
# A batch is added in one go, and takes the loop some 15 ms; others have their turn in between.
DEVICES_PER_BATCH: Final = 50


@dataclass(kw_only=True)
class RuntimeData:
    """Lives from set-up to unload of an entry."""

    hass: HomeAssistant
    entry: FlownexusConfigEntry
    client: LeshanClient
    shared: Shared
    hub_device_id: str
    server: ServerCoordinator
    downloads: Downloads
    certificates: Certificates
    profile_rules: tuple[ProfileRule, ...] = field(init=False)
    """The most specific first."""
    entities_per_device: EntitiesPerDevice = field(init=False)
    server_catalogue: ServerCatalogue = field(init=False)
    sources: RemoteSources = field(init=False)
    engine: Engine = field(init=False)
    announcer: Announcer = field(init=False)
    self_test: SelfTest = field(init=False)
    stale_devices: StaleDevices = field(init=False)
    client_data: Mapping[str, Any] = field(init=False)
    """The entry's data that the client was made of."""
    devices: dict[Endpoint, DeviceCoordinator] = field(default_factory=dict)
    _adders: list[DeviceAdder] = field(default_factory=list)
    _cancel_server_update: CALLBACK_TYPE | None = None
    _life: asyncio.Task[None] | None = None
    _showing_catalogue: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        """Note what the client was made of."""
        self.client_data = dict(self.entry.data)
        self.profile_rules = rules_of(self.entry)
        self.entities_per_device = entities_per_device(self.entry.options)
        self.announcer = Announcer(self.hass, self.entry)
        self.stale_devices = StaleDevices(self)
        self.sources = RemoteSources(self.hass, self.entry, self.shared)
        self.server_catalogue = ServerCatalogue(
            self.hass, self.shared.keeper, self.shared.trust, self.entry.options
        )

    @property
    def catalogue(self) -> Catalogue | None:
        """Return the images that this server's devices may get; `None` until they are known."""
        return self.server_catalogue.catalogue

    def image_for(self, view: DeviceView) -> FirmwareImage | None:
        """Return the image that a device is to have: the pinned version, else the best."""
        catalogue = self.catalogue
        return (
            None
            if catalogue is None
            else catalogue.choice_for(view.facts, view.wishes, view.channel)
        )

    def image_named(self, view: DeviceView, version: str) -> FirmwareImage | None:
        """Return the image of one version that a device may have."""
        catalogue = self.catalogue
        return None if catalogue is None else catalogue.named(view.facts, version, view.channel)

    def profile_of(self, view: DeviceView) -> Profile:
        """Return how a device wants to be treated."""
        return profile_for(self.profile_rules, view.facts)

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
        if self._showing_catalogue is not None:
            self._showing_catalogue.cancel()
            self._showing_catalogue = None
        await self.sources.async_stop()
        # First: a device that hears 404, because its URL has been closed, gives it up for good.
        self.certificates.async_stop()  # first: it may be about to let the listener begin
        await self.downloads.async_stop()
        await self.engine.stop()  # what it has loaded works already before it lives
        clear_foreign_updates_of_server(self.hass, self.entry)
        self.self_test.async_stop()
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
        self.stale_devices.async_forgotten(endpoint)
        clear_updates_of_device(self.hass, self.entry, endpoint)
        return True

    async def async_add_platform(self, adder: DeviceAdder, *, is_minimal: bool = False) -> None:
        """Let a platform add entities: for every device there is, and for each that comes.

        `is_minimal` for what a device has in any case; all else only as the option says.
        """
        if not is_minimal and self.entities_per_device is EntitiesPerDevice.MINIMAL:
            return
        self._adders.append(adder)
        for batch in batched(tuple(self.devices), DEVICES_PER_BATCH, strict=False):
            # One that was forgotten meanwhile gets no entities any more.
            adder([self.devices[each] for each in batch if each in self.devices])
            await asyncio.sleep(0)

    async def async_show_known(self) -> None:
        """Show every device that the engine knows of, giving way to others in between."""
        breather = Breather()
        for endpoint in self.engine.endpoints:
            self.async_device_changed(endpoint)
            await breather.give_way()

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
            if view.is_foreign_busy:
                self.announcer.async_foreign_changed(view)
            return
        was_foreign_busy = coordinator.data.is_foreign_busy
        coordinator.async_show(view)
        self.stale_devices.async_device_changed(view)
        if view.is_foreign_busy != was_foreign_busy:
            self.announcer.async_foreign_changed(view)

    @callback
    def async_session_changed(self, before: Session | None, session: Session) -> None:
        """Announce a step of a session; the first of all has the addresses tested."""
        self.announcer.async_session_changed(before, session)
        self.self_test.async_session_changed(session)

    @callback
    def async_server_changed(self) -> None:
        """Show the server soon; many changes at once are shown once."""
        if self._cancel_server_update is None:
            self._cancel_server_update = async_call_later(
                self.hass, SERVER_VIEW_PAUSE_SECONDS, self._show_server
            )

    @callback
    def async_catalogue_changed(self) -> None:
        """Let every update entity look at the catalogue again, giving way to others in between."""
        if self._showing_catalogue is not None:
            self._showing_catalogue.cancel()  # what it had yet to show is shown by the next
        self._showing_catalogue = self.entry.async_create_background_task(
            self.hass, self._show_catalogue(), "flownexus_ota catalogue", eager_start=True
        )

    async def _show_catalogue(self) -> None:
        await self.server_catalogue.refresh()
        breather = Breather()
        for coordinator in tuple(self.devices.values()):
            coordinator.async_update_listeners()
            await breather.give_way()

    @callback
    def _show_server(self, _: datetime) -> None:
        self._cancel_server_update = None
        self.server.async_set_updated_data(self.engine.server_view())
        self.engine.show_queue()
