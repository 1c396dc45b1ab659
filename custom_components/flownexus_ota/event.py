"""The event entity: what happens to the updates of a device, for automations and the logbook."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import DeviceEntity, async_add_to_devices
from .ota.happening import Happening
from .runtime import FlownexusConfigEntry

PARALLEL_UPDATES: Final = 0  # it only shows

FIRMWARE_UPDATE: Final = EventEntityDescription(
    key="firmware_update",
    translation_key="firmware_update",
    event_types=[happening.value for happening in Happening],
)


async def async_setup_entry(
    _: HomeAssistant,
    entry: FlownexusConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entity for every device there is, and for each that comes."""
    await async_add_to_devices(
        entry,
        async_add_entities,
        lambda runtime, coordinator: [UpdateEventEntity(runtime, coordinator, FIRMWARE_UPDATE)],
    )


class UpdateEventEntity(DeviceEntity, EventEntity):
    """What happened last to an update of one device."""

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to hear."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self._runtime.announcer.async_listen(self.view.endpoint, self._async_heard)
        )

    @callback
    def _async_heard(self, happening: Happening, details: Mapping[str, Any]) -> None:
        self._trigger_event(happening.value, dict(details))
        self.async_write_ha_state()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show nothing of the device's view: only what happens counts here."""
