"""Which entities a device has: all of them, or its update entity alone."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .const import CONF_ENTITIES_PER_DEVICE
from .leshan.pacing import Breather


class EntitiesPerDevice(StrEnum):
    """An option of a server: Home Assistant enables at most 10,000 entities of one entry."""

    STANDARD = "standard"
    MINIMAL = "minimal"


def entities_per_device(options: Mapping[str, Any]) -> EntitiesPerDevice:
    """Return which entities the devices of a server have."""
    return EntitiesPerDevice(options.get(CONF_ENTITIES_PER_DEVICE, EntitiesPerDevice.STANDARD))


async def async_remove_further_entities(
    hass: HomeAssistant, entry_id: str, hub_device_id: str
) -> None:
    """Take all entities of devices but the update entities out of the registry.

    Home Assistant remembers what a person made of them, should they come back.
    """
    registry = er.async_get(hass)
    breather = Breather()
    for entity in er.async_entries_for_config_entry(registry, entry_id):
        if entity.device_id != hub_device_id and entity.domain != Platform.UPDATE:
            registry.async_remove(entity.entity_id)
            await breather.give_way()
