"""Devices that were away for long, known to a server before it is set up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from homeassistant.helpers import issue_registry as ir

from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.devices import device_of
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.storage.history import HistoryDb
from custom_components.flownexus_ota.storage.records import KnownDevice

from .fleet import World

LONG_AWAY: Final = {"old-1": 400, "old-2": 200}
SHORTLY_AWAY: Final = {"new-1": 3}


def days_ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


async def begin(
    world: World,
    storage: dict[str, Any],
    away: dict[str, int],
    *,
    watched_days: int = 120,
    **options: object,
) -> None:
    """Set up a server whose devices were last seen so many days ago."""
    entry = world.add_entry(**options)
    watch(storage, entry.entry_id, days=watched_days)
    remember(world, away)
    assert await world.hass.config_entries.async_setup(entry.entry_id)
    await world.until(lambda: world.runtime.server.data.is_connected)


def watch(storage: dict[str, Any], entry_id: str, *, days: int) -> None:
    """Let it be stored that the server was connected on so many days until yesterday."""
    watched = [days_ago(day).date().isoformat() for day in range(days, 0, -1)]
    storage[f"{DOMAIN}.{entry_id}"] = {"version": 1, "data": {"watched_days": watched}}


def opened(world: World) -> HistoryDb:
    path = Path(world.hass.config.path(DOMAIN, f"{DOMAIN}.db"))
    path.parent.mkdir(exist_ok=True)
    return HistoryDb.open(path)


def remember(world: World, away: dict[str, int]) -> None:
    """Let the history know devices that were last seen so many days ago."""
    assert world.entry is not None
    history = opened(world)
    for name, days in away.items():
        facts = DeviceFacts(endpoint=Endpoint(name), manufacturer="Flownexus", update_instance_id=0)
        device = KnownDevice(facts=facts, last_seen=days_ago(days))
        history.remember_device(world.entry.entry_id, device)
    history.close()


def issue(world: World) -> ir.IssueEntry | None:
    """Return what the server's devices are said to be, if anything is."""
    assert world.entry is not None
    issue_id = f"stale_devices_{world.entry.entry_id}"
    found = ir.async_get(world.hass).async_get_issue(DOMAIN, issue_id)
    return found if found is not None and found.active else None


def named(world: World) -> str | None:
    """Return the devices that the issue names."""
    found = issue(world)
    return None if found is None else (found.translation_placeholders or {})["devices"]


def known(world: World) -> set[str]:
    """Return the devices that have an entry in the registry."""
    assert world.entry is not None
    names = [*LONG_AWAY, *SHORTLY_AWAY]
    return {name for name in names if device_of(world.hass, world.entry, Endpoint(name))}


async def ask_for_update(world: World, endpoint: str) -> None:
    """Ask for the only update there is; it waits for its device."""
    image = world.image_of(endpoint)
    await world.engine.request_update(Endpoint(endpoint), image, asked_by=None)


async def change_options(world: World, **changes: object) -> None:
    """Change options of the server, which apply at once."""
    assert world.entry is not None
    options = {**world.entry.options, **changes}
    world.hass.config_entries.async_update_entry(world.entry, options=options)
    await world.hass.async_block_till_done()
