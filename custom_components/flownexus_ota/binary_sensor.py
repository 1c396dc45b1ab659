"""Whether the Leshan server is connected: what is down when updates wait."""

from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import ServerEntity
from .runtime import FlownexusConfigEntry

PARALLEL_UPDATES: Final = 0  # it only shows

CONNECTED: Final = BinarySensorEntityDescription(
    key="connected",
    translation_key="connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    _: HomeAssistant,
    entry: FlownexusConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the server's own sensor."""
    async_add_entities([ConnectedSensor(entry.runtime_data, CONNECTED)])


class ConnectedSensor(ServerEntity, BinarySensorEntity):
    """On while the event stream stands and the registrations are known."""

    @property
    @override
    def is_on(self) -> bool:
        """Tell whether the server is connected."""
        return self.coordinator.data.is_connected
