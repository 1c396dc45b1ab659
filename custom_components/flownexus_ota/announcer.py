"""Telling Home Assistant what happens to updates: bus event, event entities, repair issues."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN, EVENT_UPDATE
from .coordinator import device_identifier
from .devices import device_name, device_of
from .engine.view import DeviceView
from .issues import (
    clear_failed_update,
    clear_foreign_update,
    show_failed_update,
    show_foreign_update,
)
from .lwm2m.events import Endpoint
from .ota.happening import Happening, details_of, happening_of
from .ota.session_state import Session

type HappeningListener = Callable[[Happening, Mapping[str, Any]], None]


@final
class Announcer:
    """One per config entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Belong to an entry; nothing is told before a step comes."""
        self._hass = hass
        self._entry = entry
        self._listeners: dict[Endpoint, HappeningListener] = {}
        self._unheard: dict[Endpoint, tuple[Happening, Mapping[str, Any]]] = {}
        """The last happening of devices whose event entity was not there yet."""
        self.awaited: set[str] = set()
        """Ids of the sessions whose outcome somebody waits for."""

    @callback
    def async_listen(self, endpoint: Endpoint, listener: HappeningListener) -> CALLBACK_TYPE:
        """Tell an event entity of its device, also what came last before it was there."""
        self._listeners[endpoint] = listener
        if (unheard := self._unheard.pop(endpoint, None)) is not None:
            listener(*unheard)

        def unlisten() -> None:
            self._listeners.pop(endpoint, None)

        return unlisten

    @callback
    def async_session_changed(self, before: Session | None, after: Session) -> None:
        """Tell what a step of a session is, if it is anything to people."""
        happening = happening_of(before, after)
        if happening is None:
            return
        self._announce(happening, after)
        if happening is Happening.FAILED and after.id not in self.awaited:
            show_failed_update(self._hass, self._entry, after, self._name(after.endpoint))
        elif before is None or happening is Happening.SUCCEEDED:
            clear_failed_update(self._hass, self._entry, after.endpoint)

    @callback
    def async_arrived_late(self, session: Session) -> None:
        """Tell that a device runs the target of its failed session after all."""
        self._announce(Happening.ARRIVED_LATE, session)
        clear_failed_update(self._hass, self._entry, session.endpoint)

    @callback
    def async_foreign_changed(self, view: DeviceView) -> None:
        """Say that a device is busy with somebody else's update, or no longer."""
        if view.is_foreign_busy:
            show_foreign_update(self._hass, self._entry, view.endpoint, self._name(view.endpoint))
        else:
            clear_foreign_update(self._hass, self._entry, view.endpoint)

    def _announce(self, happening: Happening, session: Session) -> None:
        details = asdict(details_of(session))
        queued = happening is Happening.QUEUED
        device = device_of(self._hass, self._entry, session.endpoint)
        unique_id = f"{device_identifier(self._entry, session.endpoint)[1]}_firmware"
        entity_id = er.async_get(self._hass).async_get_entity_id("update", DOMAIN, unique_id)
        self._hass.bus.async_fire(
            EVENT_UPDATE,
            {
                "type": happening.value,
                "endpoint": session.endpoint,
                ATTR_DEVICE_ID: None if device is None else device.id,
                ATTR_ENTITY_ID: entity_id,
                "waiting_reason": session.waiting_reason if queued else None,
                **details,
            },
        )
        listener = self._listeners.get(session.endpoint)
        if listener is None:
            self._unheard[session.endpoint] = (happening, details)
        else:
            listener(happening, details)

    def _name(self, endpoint: Endpoint) -> str:
        return device_name(self._hass, self._entry, endpoint)
