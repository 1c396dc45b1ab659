"""Home Assistant in memory, with our integration in it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flownexus_ota.const import DOMAIN
from harness.ports import free_tcp_port
from simulator.leshan import SimulatedLeshan
from tests.serving.certificates import self_signed_certificate

from .fleet import World
from .options_page import Person
from .web_server import ServerThread, WebServer


@pytest.fixture(autouse=True)
def find_our_integration(enable_custom_integrations: None) -> None:
    """Let Home Assistant load integrations that are not its own."""


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give every test a configuration directory of its own, with its own database and images."""
    return hass_tmp_config_dir


@pytest.fixture
async def web_server() -> AsyncIterator[WebServer]:
    """Return a web server that answers like an empty Leshan until it is told otherwise."""
    server = WebServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[WebServer]:
    """Return one that speaks TLS with a certificate that nobody has a reason to trust."""
    with ServerThread(WebServer(certificate=self_signed_certificate(tmp_path))) as server:
        yield server


@pytest.fixture
async def unload_entries(hass: HomeAssistant) -> AsyncIterator[None]:
    """Unload what a test has set up, while its server still answers."""
    yield
    await hass.async_block_till_done()
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def world(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, tmp_path: Path
) -> AsyncIterator[World]:
    """Return Home Assistant beside a simulated Leshan; devices and entries are taken down."""
    hass.config.config_dir = str(tmp_path)
    # Whatever has routes has to be there before the server starts.
    for component in ("homeassistant", "http", "websocket_api", "config", DOMAIN):
        assert await async_setup_component(hass, component, {})
    client = await hass_client_no_auth()
    leshan = SimulatedLeshan()
    # One that is its own when it listens no more for a while.
    await leshan.start(port=free_tcp_port())
    world = World(hass, leshan, str(client.make_url("")).rstrip("/"))
    yield world
    await hass.async_block_till_done()
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        assert await hass.config_entries.async_unload(entry.entry_id)
    for device in world.devices.values():
        await device.stop(deregisters=False)
    await leshan.stop()


@pytest.fixture
async def person(world: World, hass_access_token: str) -> AsyncIterator[Person]:
    """Return somebody who is logged in where the integration is set up."""
    await world.set_up()
    headers = {"Authorization": f"Bearer {hass_access_token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Person(world, session)


@pytest.fixture
def folder(world: World) -> Path:
    """Return the firmware folder, which is there once the integration is set up."""
    return Path(world.hass.config.path(DOMAIN, "firmware"))
