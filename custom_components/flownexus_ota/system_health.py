"""How the servers and the image store do, for Home Assistant's page *System information*."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.loader import async_get_integration

from .connection import leshan_client
from .const import DOMAIN
from .exceptions import exchange_key
from .lwm2m.exchange import Lwm2mError
from .runtime import FlownexusConfigEntry, RuntimeData
from .storage.image_store import ImageStore, ImageStoreError

# As long as Home Assistant itself waits for a server that it tries to reach.
REACH_LIMIT_SECONDS: Final = 5.0
UNKNOWN: Final = "unknown"
_BYTES_PER_MIB: Final = 1024 * 1024

type Health = str | int | dict[str, str]
"""What the page shows of one thing; a dict with `type` and `error` is something that failed."""


@callback
def async_register(_: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Have the page ask us."""
    register.async_register_info(async_health)


async def async_health(hass: HomeAssistant) -> dict[str, Health | Coroutine[Any, Any, Health]]:
    """Return what there is to say; what takes a while is a coroutine that has an end.

    A label belongs to a key, and keys have fixed labels: of several servers, each value names all.
    """
    entries: list[FlownexusConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    integration = await async_get_integration(hass, DOMAIN)
    health: dict[str, Health | Coroutine[Any, Any, Health]] = {"version": str(integration.version)}
    if not entries:
        return health
    running = [entry for entry in entries if entry.state is ConfigEntryState.LOADED]
    health["can_reach_server"] = _reach_all(hass, entries)
    health["generation"] = _of_all(entries, _generation)
    health["registered_devices"] = _of_all(entries, lambda it: it.server.data.registered_count)
    health["updates_running"] = _of_all(entries, lambda it: it.server.data.running_count)
    health["updates_waiting"] = _of_all(entries, lambda it: it.server.data.waiting_count)
    if running:
        store = running[0].runtime_data.shared.store
        health["store_size"] = _store_size(hass, store)
        health["store_quota"] = f"{store.quota_bytes // _BYTES_PER_MIB} MiB"
    return health


def _of_all(
    entries: list[FlownexusConfigEntry], value_of: Callable[[RuntimeData], Health]
) -> Health:
    """Return one value of each server; a server that is not set up runs nothing."""
    return _told(
        {
            entry.entry_id: (
                entry.title,
                value_of(entry.runtime_data) if entry.state is ConfigEntryState.LOADED else UNKNOWN,
            )
            for entry in entries
        }
    )


def _told(values: Mapping[str, tuple[str, Health]]) -> Health:
    """Return the value of the only server, else all of them in a line, each with its title."""
    if len(values) == 1:
        [(_, value)] = values.values()
        return value
    return "; ".join(
        f"{title}: {value['error'] if isinstance(value, dict) else value}"
        for title, value in values.values()
    )


def _generation(runtime: RuntimeData) -> str:
    generation = runtime.client.generation
    return UNKNOWN if generation is None else generation.name


async def _reach_all(hass: HomeAssistant, entries: list[FlownexusConfigEntry]) -> Health:
    found = await asyncio.gather(*(_reach(hass, entry) for entry in entries))
    return _told(
        {entry.entry_id: (entry.title, each) for entry, each in zip(entries, found, strict=True)}
    )


async def _reach(hass: HomeAssistant, entry: FlownexusConfigEntry) -> Health:
    """Tell whether a server lets us follow it now, with the credentials and the trust we have."""
    try:
        async with asyncio.timeout(REACH_LIMIT_SECONDS):
            await leshan_client(hass, entry.data).reach()
    except TimeoutError:
        return {"type": "failed", "error": "timeout"}
    except Lwm2mError as err:
        return {"type": "failed", "error": exchange_key(err)}
    return "ok"


async def _store_size(hass: HomeAssistant, store: ImageStore) -> Health:
    try:
        usage = await hass.async_add_executor_job(store.usage)
    except ImageStoreError as err:
        return {"type": "failed", "error": str(err)}
    return f"{usage.held_bytes / _BYTES_PER_MIB:.1f} MiB"
