"""What becomes of an update, in words: for automations, which have no exception to show."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .devices import device_of
from .exceptions import update_failed_error
from .lwm2m.events import Endpoint
from .ota.phase import Phase, Reason
from .ota.session_state import Session
from .plain_text import plain
from .targets import loaded_servers

OF_EVENT: Final = f"component.{DOMAIN}.entity.event.firmware_update.state_attributes"
OF_PHASE: Final = f"component.{DOMAIN}.entity.sensor.update_phase.state_attributes"


@callback
def reason_text(hass: HomeAssistant, told: Mapping[str, Any]) -> str:
    """Return why an update ended or waits, in Home Assistant's language; else an empty text.

    `told` are `reason`, `result` and `waiting_reason`, as keys.
    """
    texts = async_get_cached_translations(hass, hass.config.language, "entity", DOMAIN)
    reason = told["reason"]
    if told["waiting_reason"] is not None:
        path, key = f"{OF_PHASE}.waiting_reason", told["waiting_reason"]
    elif reason == Reason.DEVICE_REPORTED:
        # Of what the device reported itself, the result says more than that it did.
        path, key = f"{OF_EVENT}.result", told["result"]
    else:
        path, key = f"{OF_EVENT}.reason", reason
    return texts.get(f"{path}.state.{key}", "")


@callback
def failure_text(hass: HomeAssistant, device_id: str | None, endpoint: Endpoint, name: str) -> str:
    """Return what failed at a device, why, and what helps, in sentences; else an empty text.

    In English, as exceptions are. It does nothing where it is rendered as Markdown.
    """
    session = _last_session(hass, device_id, endpoint)
    if session is None or session.phase is not Phase.FAILED:
        return ""
    return f"{update_failed_error(session, name, shown=plain)}."


def _last_session(hass: HomeAssistant, device_id: str | None, endpoint: Endpoint) -> Session | None:
    for runtime in loaded_servers(hass):
        device = device_of(hass, runtime.entry, endpoint)
        if device is not None and device.id == device_id:
            view = runtime.engine.view(endpoint)
            return None if view is None else view.session
    return None
