"""Home Assistant in memory, with our integration in it."""

from collections.abc import AsyncIterator

import pytest
from homeassistant.core import HomeAssistant

from custom_components.flownexus_ota.const import DOMAIN

from .web_server import WebServer


@pytest.fixture(autouse=True)
def find_our_integration(enable_custom_integrations: None) -> None:
    """Let Home Assistant load integrations that are not its own."""


@pytest.fixture
async def web_server() -> AsyncIterator[WebServer]:
    """Return a web server that answers like an empty Leshan until it is told otherwise."""
    server = WebServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def unload_entries(hass: HomeAssistant) -> AsyncIterator[None]:
    """Unload what a test has set up, while its server still answers."""
    yield
    await hass.async_block_till_done()
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)
