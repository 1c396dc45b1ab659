"""Bare select entities."""

from homeassistant.components.select import SelectEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import BareEntity, add_bare


class Bare(BareEntity, SelectEntity):
    """Offers nothing."""

    _attr_options = ["latest"]  # noqa: RUF012
    _attr_current_option = "latest"


async def async_setup_entry(
    _: HomeAssistant, entry: ConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them."""
    await add_bare("select", Bare, entry, async_add_entities)
