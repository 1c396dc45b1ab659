"""A whole small world in one process: Home Assistant, a simulated Leshan, simulated devices."""

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flownexus_ota.const import (
    CONF_FIRMWARE_BASE_URL,
    CONF_MAX_PARALLEL_UPDATES,
    CONF_URL,
    CONF_VERIFY_SSL,
    DOMAIN,
)
from custom_components.flownexus_ota.engine.engine import Engine
from custom_components.flownexus_ota.engine.view import DeviceView
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.image import FirmwareImage
from custom_components.flownexus_ota.ota.session_state import Session
from custom_components.flownexus_ota.runtime import RuntimeData
from simulator.behaviours import BEHAVIOURS, Behaviour
from simulator.device import Device
from simulator.download import DownloadSettings
from simulator.image import make_image
from simulator.leshan import SimulatedLeshan
from simulator.objects import DeviceIdentity
from simulator.settings import DeviceSettings, QueueMode, Timing

LIMIT_SECONDS = 20.0
# Most stories are about one attempt; the next would begin after a minute.
ONE_ATTEMPT = ConfigSubentryData(
    data={"manufacturer": "Flownexus", "max_attempts": 1},
    subentry_type="profile",
    title="One attempt",
    unique_id=None,
)
DEFAULT_DOWNLOADS = DownloadSettings()
# It has small buffers as "slow" has them, so that its server knows what it has taken, and is not.
STEPWISE = replace(
    BEHAVIOURS["slow"],
    downloading=replace(BEHAVIOURS["slow"].downloading, bytes_per_second=1_000_000),
)
FAST = Timing(install_seconds=0.05, reboot_seconds=0.05)
OLD, NEW = "1.0.0", "1.1.0"
SETTLED = (0.0, 0.0)
"""Times of a file that nobody has written to for long: no scan waits for the rest of it."""


@dataclass
class World:
    """What a test of Home Assistant's side acts on."""

    hass: HomeAssistant
    leshan: SimulatedLeshan
    firmware_url: str
    devices: dict[str, Device] = field(default_factory=dict)
    entry: MockConfigEntry | None = None

    async def add_device(
        self,
        endpoint: str,
        behaviour: str | Behaviour = "happy",
        *,
        version: str = OLD,
        queue_mode: QueueMode | None = None,
        timing: Timing = FAST,
        downloads: DownloadSettings = DEFAULT_DOWNLOADS,
        identity: DeviceIdentity | None = None,
    ) -> Device:
        """Switch a device on and wait until its server knows it."""

        async def link() -> object:
            return self.leshan.link()

        device = Device(
            DeviceSettings(
                identity=identity or DeviceIdentity(endpoint=endpoint),
                behaviour=behaviour if isinstance(behaviour, Behaviour) else BEHAVIOURS[behaviour],
                version=version,
                timing=timing,
                queue_mode=queue_mode,
                downloads=downloads,
            ),
            link,  # type: ignore[arg-type] # a ServerLink, seen from afar
        )
        self.devices[endpoint] = device
        device.start()
        await self.until(lambda: device.is_registered)
        return device

    async def add_held_device(self, endpoint: str, behaviour: str | Behaviour = "happy") -> Device:
        """Switch a device on whose downloads stop behind their first piece, until `let_go`."""
        downloads = DownloadSettings(valve=asyncio.Event())
        return await self.add_device(endpoint, behaviour, downloads=downloads)

    def let_go(self, *endpoints: str) -> None:
        """Let held devices download on, and hold them no more."""
        for endpoint in endpoints:
            valve = self.devices[endpoint].settings.downloads.valve
            assert valve is not None
            valve.set()

    async def add_sleeping_device(
        self, endpoint: str, behaviour: str | Behaviour = "happy"
    ) -> Device:
        """Switch a device on, and let it sleep once it was shown, until it is woken."""
        bedtime = asyncio.Event()
        queue_mode = QueueMode(awake_seconds=0.0, sleep_seconds=3600.0, bedtime=bedtime)
        device = await self.add_device(endpoint, behaviour, queue_mode=queue_mode)
        await self.ready(endpoint)
        bedtime.set()
        await self.until(lambda: device.is_asleep)
        bedtime.clear()
        self.leshan.put_to_sleep(endpoint)
        await self.until(lambda: self.view(endpoint).is_asleep)
        return device

    def add_image(self, version: str = NEW, *, size_bytes: int = 50_000, **sidecar: str) -> None:
        """Put an image for every simulated device into the catalogue folder."""
        folder = Path(self.hass.config.path(DOMAIN, "firmware"))
        folder.mkdir(parents=True, exist_ok=True)
        image = folder / f"sensor-{version}.bin"
        image.write_bytes(make_image(version, size_bytes))
        os.utime(image, SETTLED)
        members = {"version": version, "manufacturer": "Flownexus", **sidecar}
        image.with_name(f"{image.name}.json").write_text(json.dumps(members))

    def remove_images(self) -> None:
        """Empty the catalogue folder."""
        for file in Path(self.hass.config.path(DOMAIN, "firmware")).iterdir():
            file.unlink()

    async def set_up(self, **options: object) -> MockConfigEntry:
        """Set up the integration for the simulated Leshan."""
        entry = self.add_entry(**options)
        assert await self.hass.config_entries.async_setup(entry.entry_id)
        return entry

    def add_entry(self, **options: object) -> MockConfigEntry:
        """Configure the integration for the simulated Leshan, without setting it up."""
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Leshan",
            unique_id=self.leshan.base_url,
            data={CONF_URL: self.leshan.base_url, CONF_VERIFY_SSL: True},
            options={
                CONF_FIRMWARE_BASE_URL: self.firmware_url,
                CONF_MAX_PARALLEL_UPDATES: 10,
                **options,
            },
            subentries_data=(ONE_ATTEMPT,),
        )
        entry.add_to_hass(self.hass)
        self.entry = entry
        return entry

    @property
    def runtime(self) -> RuntimeData:
        """Return what the entry runs."""
        assert self.entry is not None
        runtime: RuntimeData = self.entry.runtime_data
        return runtime

    @property
    def engine(self) -> Engine:
        """Return the entry's engine."""
        return self.runtime.engine

    def hub_state(self, key: str, platform: str = "sensor") -> str:
        """Return the state of one of the server's own entities, which is there."""
        unique_id = f"{self.runtime.entry.entry_id}_{key}"
        entity_id = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, unique_id)
        assert entity_id is not None
        state = self.hass.states.get(entity_id)
        assert state is not None
        return state.state

    def view(self, endpoint: str) -> DeviceView:
        """Return what the engine shows of a device."""
        view = self.engine.view(Endpoint(endpoint))
        assert view is not None
        return view

    def session(self, endpoint: str) -> Session:
        """Return a device's active or last update, which it has."""
        session = self.view(endpoint).session
        assert session is not None
        return session

    def image_of(self, endpoint: str) -> FirmwareImage:
        """Return the best image for a device."""
        catalogue = self.runtime.shared.keeper.catalogue
        assert catalogue is not None
        image = catalogue.latest_for(self.view(endpoint).facts)
        assert image is not None
        return image

    def entity_id(self, endpoint: str, key: str, platform: str) -> str | None:
        """Return the entity of a device, once it is there."""
        assert self.entry is not None
        unique_id = f"{self.entry.entry_id}_{endpoint}_{key}"
        return er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, unique_id)

    def find(self, endpoint: str, key: str, platform: str) -> State | None:
        """Return the state of a device's entity, or `None` while it is not there."""
        entity_id = self.entity_id(endpoint, key, platform)
        return None if entity_id is None else self.hass.states.get(entity_id)

    def firmware(self, endpoint: str) -> State:
        """Return the state of a device's update entity, which is there."""
        state = self.find(endpoint, "firmware", "update")
        assert state is not None
        return state

    def phase(self, endpoint: str) -> State:
        """Return the state of a device's phase sensor, which is there."""
        state = self.find(endpoint, "update_phase", "sensor")
        assert state is not None
        return state

    async def ready(self, endpoint: str, *, version: str = OLD) -> str:
        """Wait until a device is shown with its version; return its update entity's id."""

        def is_shown() -> bool:
            state = self.find(endpoint, "firmware", "update")
            return state is not None and state.attributes["installed_version"] == version

        await self.until(is_shown)
        entity_id = self.entity_id(endpoint, "firmware", "update")
        assert entity_id is not None
        return entity_id

    async def install(self, entity_id: str, version: str | None = None) -> None:
        """Press *Update*, and wait for the call to end."""
        data = {"entity_id": entity_id} | ({} if version is None else {"version": version})
        await self.hass.services.async_call("update", "install", data, blocking=True)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let everything run until `condition` holds; fail after a limit."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while not condition():  # noqa: ASYNC110 # no event stands for every condition
                await asyncio.sleep(0.01)
