"""The select that pins a device to one version."""

from dataclasses import replace
from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .actions import async_set_wishes
from .entity import SparingDeviceEntity, async_add_to_devices
from .runtime import FlownexusConfigEntry

PARALLEL_UPDATES: Final = 0  # a choice is one row in the database

LATEST: Final = "latest"
MOST_VERSIONS: Final = 50
"""A list that nobody reads to its end is of no use, and each state change carries all of it."""

FIRMWARE_VERSION: Final = SelectEntityDescription(
    key="firmware_version",
    translation_key="firmware_version",
    entity_category=EntityCategory.CONFIG,
)


async def async_setup_entry(
    _: HomeAssistant,
    entry: FlownexusConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a select for every device there is, and for each that comes."""
    await async_add_to_devices(
        entry,
        async_add_entities,
        lambda runtime, coordinator: [
            FirmwareVersionSelect(runtime, coordinator, FIRMWARE_VERSION)
        ],
    )


class FirmwareVersionSelect(SparingDeviceEntity, SelectEntity):
    """The version that a device is to have: the best that fits, or one, also an older one."""

    _unrecorded_attributes = frozenset({"options"})

    @property
    @override
    def shown(self) -> object:
        """Return the choice, and what there is to choose from."""
        return (self.options, self.current_option)

    @property
    @override
    def options(self) -> list[str]:
        """Return "latest" and the versions that fit the device, best first.

        A pinned version stays in the list when its image has gone.
        """
        catalogue = self._runtime.catalogue
        images = (
            () if catalogue is None else catalogue.applicable_to(self.view.facts, self.view.channel)
        )
        versions = list(dict.fromkeys(image.version for image in images))[:MOST_VERSIONS]
        pinned = self.view.wishes.pinned_version
        if pinned is not None and pinned not in versions:
            versions.insert(0, pinned)
        return [LATEST, *versions]

    @property
    @override
    def current_option(self) -> str:
        """Return the pinned version, or "latest"."""
        return self.view.wishes.pinned_version or LATEST

    @override
    async def async_select_option(self, option: str) -> None:
        """Pin a version, or none; nothing is installed by that."""
        pinned = None if option == LATEST else option
        wishes = replace(self.view.wishes, pinned_version=pinned)
        await async_set_wishes(self._runtime, self.view.endpoint, wishes)
