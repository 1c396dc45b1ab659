"""Bare button entities."""

from homeassistant.components.button import ButtonEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import BareEntity, add_bare


class Bare(BareEntity, ButtonEntity):
    """Does nothing."""


async def async_setup_entry(
    _: HomeAssistant, entry: ConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them."""
    await add_bare("button", Bare, entry, async_add_entities)
