"""Bare sensor entities."""

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import BareEntity, add_bare


class Bare(BareEntity, SensorEntity):
    """Knows nothing."""

    _attr_device_class = SensorDeviceClass.ENUM
    _attr_options = ["waiting", "offered", "transferring", "staged", "installing"]  # noqa: RUF012
    _attr_native_value = None


async def async_setup_entry(
    _: HomeAssistant, entry: ConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them."""
    await add_bare("sensor", Bare, entry, async_add_entities)
