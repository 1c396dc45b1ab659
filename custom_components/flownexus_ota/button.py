"""The button that cancels an update, wherever it stands."""

from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .actions import async_cancel
from .entity import DeviceEntity, async_add_to_devices
from .runtime import FlownexusConfigEntry

# Sessions do not hinder one another; a cancellation may wait for its device's answer.
PARALLEL_UPDATES: Final = 0

CANCEL_UPDATE: Final = ButtonEntityDescription(key="cancel_update", translation_key="cancel_update")


async def async_setup_entry(
    _: HomeAssistant,
    entry: FlownexusConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a button for every device there is, and for each that comes."""
    await async_add_to_devices(
        entry,
        async_add_entities,
        lambda runtime, coordinator: [CancelUpdateButton(runtime, coordinator, CANCEL_UPDATE)],
    )


class CancelUpdateButton(DeviceEntity, ButtonEntity):
    """Always available: without an active update, pressing it says so."""

    @override
    async def async_press(self) -> None:
        """Cancel the update, and wait until it has ended."""
        await async_cancel(self._runtime, self.view.endpoint)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show nothing of the device's view."""
