"""Last known views, pushed by the engine; nothing is polled."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypedDict, final, override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.update_coordinator import (
    BaseDataUpdateCoordinatorProtocol,
    DataUpdateCoordinator,
)

from .const import DOMAIN
from .engine.view import DeviceView, ServerView
from .lwm2m.events import Endpoint
from .ota.device_facts import DeviceFacts

if TYPE_CHECKING:
    from .runtime import FlownexusConfigEntry

_LOGGER: Final = logging.getLogger(__name__)


class Description(TypedDict):
    """What a device says of itself, by the device registry's names."""

    manufacturer: str | None
    model: str | None
    serial_number: str | None
    hw_version: str | None
    sw_version: str | None


@final
class DeviceCoordinator(BaseDataUpdateCoordinatorProtocol):
    """One device; keeps its registry entry as true as its entities.

    No `DataUpdateCoordinator`: what that has for polling is of no use here, ten thousand times.
    """

    __slots__ = ("_entry", "_hass", "_listeners", "data", "device_info")

    def __init__(self, hass: HomeAssistant, entry: FlownexusConfigEntry, view: DeviceView) -> None:
        """Begin with what is known."""
        self._hass = hass
        self._entry = entry
        self._listeners: list[CALLBACK_TYPE] = []
        self.data = view
        self.device_info: dr.DeviceInfo | None = None
        """Made by the first of its entities for all of them."""

    @callback
    @override
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: Any = None
    ) -> CALLBACK_TYPE:
        """Call back whenever there is something new, until what is returned is called."""
        self._listeners.append(update_callback)
        return partial(self._listeners.remove, update_callback)

    @callback
    def async_update_listeners(self) -> None:
        """Call all listeners; one that errs keeps neither the others nor us from going on."""
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:  # as Home Assistant's own coordinators do: an entity is foreign code
                _LOGGER.exception("What is new of %s is not shown", self.data.endpoint)

    @callback
    def async_show(self, view: DeviceView) -> None:
        """Take a new view, and tell the entities if it differs."""
        if view == self.data:
            return
        facts = self.data.facts
        self.data = view
        if view.facts is not facts:
            self._update_registry(described(facts), described(view.facts))
        self.async_update_listeners()

    @callback
    def _update_registry(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        changes = {name: value for name, value in after.items() if value != before[name]}
        if not changes:
            return
        self.device_info = None
        registry = dr.async_get(self._hass)
        device = registry.async_get_device_by_identifier(
            device_identifier(self._entry, self.data.endpoint), self._entry.entry_id
        )
        if device is not None:
            registry.async_update_device(device.id, **changes)


@final
class ServerCoordinator(DataUpdateCoordinator[ServerView]):
    """The server and its queue."""

    config_entry: FlownexusConfigEntry

    def __init__(self, hass: HomeAssistant, entry: FlownexusConfigEntry, view: ServerView) -> None:
        """Begin with what is known."""
        super().__init__(
            hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} server", always_update=False
        )
        self.data = view


def device_identifier(entry: FlownexusConfigEntry, endpoint: Endpoint) -> tuple[str, str]:
    """Return a device's identifier: it survives another address or name of its server."""
    return (DOMAIN, f"{entry.entry_id}_{endpoint}")


def described(facts: DeviceFacts) -> Description:
    """Return what the device registry shows of a device."""
    return {
        "manufacturer": facts.manufacturer,
        "model": facts.model,
        "serial_number": facts.serial_number,
        "hw_version": facts.hardware_version,
        "sw_version": facts.firmware_version,
    }
