"""Home Assistant's own cost: an integration that adds entities and does nothing else.

Its entry names how many devices there are and which entities each of them has.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

DOMAIN: Final = "bare_updates"
DEVICES_PER_BATCH: Final = 100


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Add a hub, and forward to every platform that has entities."""
    hub = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, entry.entry_id)}, name="Hub"
    )
    entry.runtime_data = hub.id
    platforms = sorted({platform for platform, *_ in entry.data["entities"]})
    await hass.config_entries.async_forward_entry_setups(entry, platforms)
    return True


class BareEntity(Entity):
    """What every entity of a device has, whatever it shows."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: ConfigEntry, number: int, described: Sequence[Any]) -> None:
        """Belong to the device of that number."""
        _, key, is_enabled = described
        identifier = f"{entry.entry_id}_idle-{number:05}"
        self._attr_unique_id = f"{identifier}_{key}"
        self._attr_name = key
        self._attr_entity_registry_enabled_default = is_enabled
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, identifier)},
            name=f"idle-{number:05}",
            manufacturer="Flownexus",
            model="Simulated sensor",
            serial_number=f"{number:08}",
            hw_version="1.0",
            sw_version="1.0.0",
            configuration_url=f"http://127.0.0.1/#/clients/idle-{number:05}/3",
            via_device_id=entry.runtime_data,
        )


async def add_bare(
    platform: str,
    kind: type[BareEntity],
    entry: ConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a platform's entities of all devices, in batches between which others have their turn."""
    described = [each for each in entry.data["entities"] if each[0] == platform]
    count = entry.data["devices"]
    for start in range(0, count, DEVICES_PER_BATCH):
        numbers = range(start, min(count, start + DEVICES_PER_BATCH))
        async_add_entities([kind(entry, number, each) for number in numbers for each in described])
        await asyncio.sleep(0)
