"""Bare switch entities."""

from homeassistant.components.switch import SwitchEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import BareEntity, add_bare


class Bare(BareEntity, SwitchEntity):
    """Is off."""

    _attr_is_on = False


async def async_setup_entry(
    _: HomeAssistant, entry: ConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them."""
    await add_bare("switch", Bare, entry, async_add_entities)
