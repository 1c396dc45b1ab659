"""Bare event entities."""

from homeassistant.components.event import EventEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import BareEntity, add_bare


class Bare(BareEntity, EventEntity):
    """Tells nothing."""

    _attr_event_types = ["queued", "started", "succeeded", "failed"]  # noqa: RUF012


async def async_setup_entry(
    _: HomeAssistant, entry: ConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them."""
    await add_bare("event", Bare, entry, async_add_entities)
