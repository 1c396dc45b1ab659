"""Home Assistant's core in this process, from a configuration folder: no frontend, no recorder."""

import asyncio
import gc
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from homeassistant.auth import auth_manager_from_config
from homeassistant.bootstrap import async_load_base_functionality
from homeassistant.config_entries import ConfigEntries, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import translation
from homeassistant.loader import async_setup as async_setup_loader
from homeassistant.setup import async_setup_component

import custom_components
from benchmark import bare
from custom_components.flownexus_ota.const import (
    CONF_ENTITIES_PER_DEVICE,
    CONF_FIRMWARE_BASE_URL,
    CONF_MAX_PARALLEL_DOWNLOADS,
    CONF_MAX_PARALLEL_UPDATES,
    CONF_URL,
    CONF_VERIFY_SSL,
    DOMAIN,
)
from custom_components.flownexus_ota.entity_choice import EntitiesPerDevice
from harness.hass_folder import write_hass_folder
from harness.hass_version import OLDEST
from harness.ports import HOST, free_tcp_port

ENTRY_ID: Final = "benchmark"
# Nobody listens there: the engine stays disconnected, and sets up all the same.
NOWHERE: Final = "http://127.0.0.1:9"
PLATFORMS: Final = ("update", "sensor", "binary_sensor", "event", "button", "select", "switch")
_LIMIT_SECONDS: Final = 600.0
_LOOK_SECONDS: Final = 0.02


@asynccontextmanager
async def home(folder: Path) -> AsyncGenerator[HomeAssistant]:
    """Start a core with what every integration needs, up to before the integrations."""
    port = free_tcp_port()
    await asyncio.to_thread(_write_folder, folder, port)
    hass = HomeAssistant(str(folder))
    hass.config.skip_pip = True
    async_setup_loader(hass)
    # Imported from the repository before the folder was there: Python has settled its path.
    custom_components.__path__ = [str(folder / "custom_components")]
    hass.config_entries = ConfigEntries(hass, {})
    await async_load_base_functionality(hass)
    hass.auth = await auth_manager_from_config(hass, [], [])
    for component in ("homeassistant", "http"):
        if not await async_setup_component(hass, component, {}):
            raise RuntimeError(f"{component} cannot be set up")
    # What is loaded and imported once by whoever comes first is not what is compared.
    for platform in PLATFORMS:
        await async_setup_component(hass, platform, {})
    await translation.async_load_integrations(hass, set(PLATFORMS))
    hass.data["benchmark_port"] = port
    try:
        yield hass
    finally:
        await hass.async_stop(force=True)


def _write_folder(folder: Path, port: int) -> None:
    write_hass_folder(folder, OLDEST, port)
    link = folder / "custom_components" / bare.DOMAIN
    if not link.is_symlink():
        link.symlink_to(Path(bare.__file__).parent)


async def set_up(hass: HomeAssistant, entry: ConfigEntry, devices: int) -> None:
    """Set an entry up and wait until every device has its update entity; raise RuntimeError."""
    await hass.config_entries.async_add(entry)
    if entry.state is not ConfigEntryState.LOADED:
        raise RuntimeError(f"{entry.domain} was not set up: {entry.state} {entry.reason}")
    await until(lambda: states_shown(hass) >= devices, "every device is shown")


def firmware_url(hass: HomeAssistant) -> str:
    """Return where devices fetch images."""
    return f"http://{HOST}:{hass.data['benchmark_port']}"


def config_entry(
    domain: str, data: Mapping[str, Any], options: Mapping[str, Any] | None = None
) -> ConfigEntry:
    """Return an entry as a config flow would have made it."""
    return ConfigEntry(
        data=data,
        discovery_keys=MappingProxyType({}),
        domain=domain,
        entry_id=ENTRY_ID,
        minor_version=1,
        options=options or {},
        source="user",
        subentries_data=None,
        title="Benchmark",
        unique_id=None,
        version=1,
    )


def our_entry(
    hass: HomeAssistant,
    url: str,
    *,
    max_parallel: int = 10,
    entities: str = EntitiesPerDevice.MINIMAL.value,
) -> ConfigEntry:
    """Return an entry of the integration for a server."""
    return config_entry(
        DOMAIN,
        {CONF_URL: url, CONF_VERIFY_SSL: True},
        {
            CONF_FIRMWARE_BASE_URL: firmware_url(hass),
            CONF_MAX_PARALLEL_UPDATES: max_parallel,
            CONF_ENTITIES_PER_DEVICE: entities,
            CONF_MAX_PARALLEL_DOWNLOADS: max_parallel,
        },
    )


async def until(
    condition: Callable[[], bool], what: str, *, limit_seconds: float = _LIMIT_SECONDS
) -> None:
    """Return once a condition holds; raise RuntimeError after a limit."""
    end_s = time.monotonic() + limit_seconds
    while not condition():
        if time.monotonic() > end_s:
            raise RuntimeError(f"it never happened: {what}")
        await asyncio.sleep(_LOOK_SECONDS)


def states_shown(hass: HomeAssistant, platform: str = "update") -> int:
    """Return how many entities of a platform have a state of their own."""
    shown = hass.states.async_all(platform)
    return sum("restored" not in state.attributes for state in shown)


def collect_garbage() -> None:
    """Begin without what came before."""
    for _ in range(3):
        gc.collect()
