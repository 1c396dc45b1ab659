"""Bare binary_sensor entities."""

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import BareEntity, add_bare


class Bare(BareEntity, BinarySensorEntity):
    """Knows nothing."""

    _attr_is_on = None


async def async_setup_entry(
    _: HomeAssistant, entry: ConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them."""
    await add_bare("binary_sensor", Bare, entry, async_add_entities)
