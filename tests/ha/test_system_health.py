"""The page *System information*: how the servers do, asked for as the page asks."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.flownexus_ota.const import DOMAIN

from .fleet import World
from .texts import TEXTS
from .web_server import LOOPBACK, WebServer

NOBODY = "http://127.0.0.1:1"


@pytest.fixture
async def page(hass: HomeAssistant) -> None:
    """Have the page's side of Home Assistant, and the integration without a server."""
    assert await async_setup_component(hass, "system_health", {})
    assert await async_setup_component(hass, DOMAIN, {})


@pytest.fixture
async def silent_server() -> AsyncIterator[str]:
    """Return the address of a server that takes connections, and says nothing."""

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    held: list[asyncio.StreamWriter] = []
    async with await asyncio.start_server(hold, LOOPBACK, 0) as server:
        yield f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        for writer in held:
            writer.close()


async def health(hass_ws_client: WebSocketGenerator, hass: HomeAssistant) -> dict[str, Any]:
    """Return what the page shows in the end, as it is told."""
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "system_health/info"})
    assert (await client.receive_json())["success"]
    told = await client.receive_json()
    shown: dict[str, Any] = told["event"]["data"][DOMAIN]["info"]
    while (told := (await client.receive_json())["event"])["type"] != "finish":
        shown |= {told["key"]: told["data"]} if told["domain"] == DOMAIN else {}
    return shown


def server_elsewhere(hass: HomeAssistant, url: str, **data: object) -> MockConfigEntry:
    """Add a second server, without setting it up."""
    data = {"url": url, "verify_ssl": True, **data}
    entry = MockConfigEntry(domain=DOMAIN, title="Elsewhere", unique_id=url, data=data)
    entry.add_to_hass(hass)
    return entry


@pytest.mark.usefixtures("page")
async def test_a_server_that_does_well_is_shown_with_what_it_has(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, world: World
) -> None:
    await world.add_device("sensor-1")
    world.add_image(size_bytes=1024 * 1024)
    await world.set_up(store_quota_mib=64)
    await world.ready("sensor-1")
    await world.until(lambda: world.runtime.server.data.registered_count == 1)

    shown = await health(hass_ws_client, hass)

    integration = await async_get_integration(hass, DOMAIN)
    assert shown == {
        "version": str(integration.version),
        "can_reach_server": "ok",
        "generation": "M18",
        "registered_devices": 1,
        "updates_running": 0,
        "updates_waiting": 0,
        "store_size": "1.0 MiB",
        "store_quota": "64 MiB",
    }
    assert set(TEXTS["system_health"]["info"]) == set(shown)


@pytest.mark.usefixtures("page")
async def test_a_server_that_is_down_is_shown_as_failed_with_the_reason(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, world: World
) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")
    await world.leshan.stop()

    shown = await health(hass_ws_client, hass)

    assert shown["can_reach_server"] == {"type": "failed", "error": "server_unreachable"}


@pytest.mark.usefixtures("page")
async def test_a_server_that_could_never_be_set_up_is_tried_too(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator
) -> None:
    entry = server_elsewhere(hass, NOBODY)
    assert not await hass.config_entries.async_setup(entry.entry_id)

    shown = await health(hass_ws_client, hass)

    assert shown["can_reach_server"] == {"type": "failed", "error": "server_unreachable"}
    assert shown["registered_devices"] == shown["generation"] == "unknown"
    assert "store_size" not in shown


@pytest.mark.usefixtures("page")
async def test_a_server_that_takes_the_connection_and_says_nothing_is_not_waited_for(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, silent_server: str
) -> None:
    server_elsewhere(hass, silent_server)

    shown = await health(hass_ws_client, hass)

    assert shown["can_reach_server"] == {"type": "failed", "error": "timeout"}


@pytest.mark.usefixtures("page")
async def test_of_several_servers_each_is_named_and_no_credentials_are(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, world: World
) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")
    await world.until(lambda: world.runtime.server.data.registered_count == 1)
    server_elsewhere(hass, NOBODY, username="alice", password="open sesame")

    shown = await health(hass_ws_client, hass)

    assert shown["can_reach_server"] == "Leshan: ok; Elsewhere: server_unreachable"
    assert shown["registered_devices"] == "Leshan: 1; Elsewhere: unknown"
    assert "open sesame" not in json.dumps(shown)
    assert "sensor-1" not in json.dumps(shown)


@pytest.mark.usefixtures("page")
async def test_a_certificate_that_nobody_trusts_is_named(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, tls_server: WebServer
) -> None:
    server_elsewhere(hass, tls_server.url)

    shown = await health(hass_ws_client, hass)

    assert shown["can_reach_server"] == {"type": "failed", "error": "tls_failed"}


@pytest.mark.usefixtures("page")
async def test_images_that_cannot_be_looked_at_are_shown_as_failed(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, world: World
) -> None:
    world.add_image()
    await world.set_up()
    store = world.runtime.shared.store
    images = store.path("0" * 64).parent
    images.rename(images.with_name("elsewhere"))
    images.touch()

    shown = await health(hass_ws_client, hass)

    assert shown["store_size"] == {"type": "failed", "error": "Not a directory"}


@pytest.mark.usefixtures("page")
async def test_without_a_server_there_is_only_the_version(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator
) -> None:
    shown = await health(hass_ws_client, hass)

    assert set(shown) == {"version"}
