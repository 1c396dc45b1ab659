"""The switch that lets a device's updates begin by themselves."""

from dataclasses import replace
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .actions import async_set_wishes
from .entity import SparingDeviceEntity, async_add_to_devices
from .runtime import FlownexusConfigEntry

PARALLEL_UPDATES: Final = 0  # a choice is one row in the database

AUTO_UPDATE: Final = SwitchEntityDescription(
    key="auto_update",
    translation_key="auto_update",
    entity_category=EntityCategory.CONFIG,
)


async def async_setup_entry(
    _: HomeAssistant,
    entry: FlownexusConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a switch for every device there is, and for each that comes."""
    await async_add_to_devices(
        entry,
        async_add_entities,
        lambda runtime, coordinator: [AutoUpdateSwitch(runtime, coordinator, AUTO_UPDATE)],
    )


class AutoUpdateSwitch(SparingDeviceEntity, SwitchEntity):
    """Off until somebody switches it on; `auto_update.py` does the rest."""

    @property
    @override
    def shown(self) -> object:
        """Return what people chose."""
        return self.is_on

    @property
    @override
    def is_on(self) -> bool:
        """Tell whether the device is updated by itself."""
        return self.view.wishes.is_auto_updated

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Update the device by itself from now on."""
        await self._async_switch(is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Update the device only when somebody asks; an update under way goes on."""
        await self._async_switch(is_on=False)

    async def _async_switch(self, *, is_on: bool) -> None:
        wishes = replace(self.view.wishes, is_auto_updated=is_on)
        await async_set_wishes(self._runtime, self.view.endpoint, wishes)
