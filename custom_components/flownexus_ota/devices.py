"""Our devices in Home Assistant's registry: found by endpoint, named as people know them."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .coordinator import device_identifier
from .lwm2m.events import Endpoint


@callback
def device_of(hass: HomeAssistant, entry: ConfigEntry, endpoint: Endpoint) -> dr.DeviceEntry | None:
    """Return the device of an endpoint, or `None` while it has no entities yet."""
    return dr.async_get(hass).async_get_device_by_identifier(
        device_identifier(entry, endpoint), entry.entry_id
    )


@callback
def device_name(hass: HomeAssistant, entry: ConfigEntry, endpoint: Endpoint) -> str:
    """Return the name that the user gave a device, else its endpoint."""
    device = device_of(hass, entry, endpoint)
    name = None if device is None else device.name_by_user or device.name
    return name or endpoint


@callback
def endpoints_of(entry: ConfigEntry, device: dr.DeviceEntry) -> list[Endpoint]:
    """Return the endpoints of a device in the registry: one, or none for the server itself."""
    prefix = f"{entry.entry_id}_"
    return [
        Endpoint(name.removeprefix(prefix))
        for domain, name in device.identifiers
        if domain == DOMAIN and name.startswith(prefix)
    ]
