"""From the data of a config entry to a client of its Leshan server."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .const import CONF_PASSWORD, CONF_TOKEN, CONF_URL, CONF_USERNAME, CONF_VERIFY_SSL
from .leshan.address import ServerAddress
from .leshan.client import LeshanClient


def server_address(data: Mapping[str, Any]) -> ServerAddress:
    """Return where the server is and how to log in there; `data` is that of a config entry."""
    return ServerAddress(
        base_url=data[CONF_URL],
        username=data.get(CONF_USERNAME),
        password=data.get(CONF_PASSWORD),
        token=data.get(CONF_TOKEN),
        verify_ssl=data[CONF_VERIFY_SSL],
    )


def leshan_client(hass: HomeAssistant, data: Mapping[str, Any]) -> LeshanClient:
    """Return a client on Home Assistant's shared session, which nobody has to close."""
    address = server_address(data)
    return LeshanClient(async_get_clientsession(hass, verify_ssl=address.verify_ssl), address)
