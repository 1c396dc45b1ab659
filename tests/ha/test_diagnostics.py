"""What a person sends to the maintainers: enough to help, nothing that names or opens a door."""

import asyncio
import json
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.devices import device_of
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from simulator.objects import DeviceIdentity

from .fleet import LIMIT_SECONDS, NEW, OLD, World
from .web_server import WebAnswer, WebServer

ENDPOINT = "urn:imei:350000000001234"


@pytest.fixture
async def diagnostics(hass: HomeAssistant) -> None:
    """Set Home Assistant's part up before its web server starts: later it cannot add routes."""
    assert await async_setup_component(hass, "diagnostics", {})


async def test_a_device_is_shown_with_its_last_update_but_not_with_its_name(
    hass: HomeAssistant,
    diagnostics: None,
    hass_client: ClientSessionGenerator,
    world: World,
) -> None:
    await world.add_device(ENDPOINT)
    world.add_image(endpoint=ENDPOINT, release_notes="much better")
    entry = await world.set_up()
    entity_id = await world.ready(ENDPOINT)
    before: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    await world.install(entity_id)
    await world.until(lambda: world.view(ENDPOINT).facts.firmware_version == NEW)

    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)

    assert before["devices"][0]["session"] is None
    assert ENDPOINT not in json.dumps(found)
    device = found["devices"][0]
    assert device["endpoint"] == device["session"]["endpoint"] == "**REDACTED**1234"
    assert device["session"]["phase"] == "succeeded"
    assert device["session"]["from_version"] == OLD
    assert device["session"]["id"] == "**REDACTED**"
    assert device["facts"]["firmware_version"] == NEW
    image = found["images"][0]
    assert image["version"] == NEW
    assert "release_notes" not in image


async def test_a_device_alone_is_shown_with_its_updates_and_how_each_image_stands_to_it(
    hass: HomeAssistant,
    diagnostics: None,
    hass_client: ClientSessionGenerator,
    world: World,
) -> None:
    identity = DeviceIdentity(endpoint=ENDPOINT, serial_number="SN-4711-0815")
    await world.add_device(ENDPOINT, identity=identity)
    world.add_image()
    world.add_image("1.2.0", model="another")
    entry = await world.set_up()
    entity_id = await world.ready(ENDPOINT)
    await world.install(entity_id)
    await world.until(lambda: world.view(ENDPOINT).facts.firmware_version == NEW)
    device = device_of(hass, entry, Endpoint(ENDPOINT))
    assert device is not None

    found: Any = await get_diagnostics_for_device(hass, hass_client, entry, device)

    assert ENDPOINT not in json.dumps(found)
    assert identity.serial_number not in json.dumps(found)
    assert found["device"]["endpoint"] == "**REDACTED**1234"
    assert found["profile"] == "One attempt"
    (update,) = found["updates"]
    assert update["endpoint"] == "**REDACTED**1234"
    assert update["phase"] == update["events"][-1]["phase"] == "succeeded"
    assert update["config_entry_id"] == "**REDACTED**"
    assert {image["version"]: image["reason"] for image in found["images"]} == {
        "1.2.0": "model",
        NEW: "installed",
    }


async def test_a_device_whose_history_cannot_be_read_is_shown_all_the_same(
    hass: HomeAssistant,
    diagnostics: None,
    hass_client: ClientSessionGenerator,
    world: World,
) -> None:
    await world.add_device(ENDPOINT)
    entry = await world.set_up()
    await world.ready(ENDPOINT)
    device = device_of(hass, entry, Endpoint(ENDPOINT))
    assert device is not None
    await hass.async_add_executor_job(world.runtime.shared.writer.close)

    found: Any = await get_diagnostics_for_device(hass, hass_client, entry, device)

    assert found["updates"] == "HistoryClosedError"
    assert found["device"]["endpoint"] == "**REDACTED**1234"


async def test_the_server_itself_is_told_by_the_diagnostics_of_its_entry(
    hass: HomeAssistant,
    diagnostics: None,
    hass_client: ClientSessionGenerator,
    world: World,
) -> None:
    entry = await world.set_up()
    server = dr.async_get(hass).async_get(world.runtime.hub_device_id)
    assert isinstance(server, dr.DeviceEntry)

    found: Any = await get_diagnostics_for_device(hass, hass_client, entry, server)

    assert found == {"device": None}


async def test_a_device_that_cannot_be_updated_is_listed_with_the_reason(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, web_server: WebServer
) -> None:
    registration = {
        "endpoint": ENDPOINT,
        "registrationId": "rx8wydSQre",
        "registrationDate": 1795457405545,
        "lastUpdate": 1795457405545,
        "address": "127.0.0.1:39227",
        "lwM2mVersion": "1.1",
        "lifetime": 60,
        "bindingMode": "U",
        "rootPath": "/",
        "objectLinks": [{"url": "/3/0", "attributes": {}}],
        "secure": False,
        "additionalRegistrationAttributes": {},
    }
    web_server.answer = WebAnswer(body=json.dumps([registration]))
    web_server.authorization = "Basic YWxpY2U6c2VjcmV0"
    data = {
        "url": f"{web_server.url}",
        "verify_ssl": True,
        "username": "alice",
        "password": "secret",
    }
    entry = MockConfigEntry(domain=DOMAIN, title="Leshan", data=data)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    async with asyncio.timeout(LIMIT_SECONDS):
        while not entry.runtime_data.server.data.unsupported:  # noqa: ASYNC110 # no event says so
            await asyncio.sleep(0)

    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)

    assert found["unsupported"] == [{"endpoint": "**REDACTED**1234", "reason": "no_object_5"}]
    assert found["devices"] == []
    assert found["entry"] == {
        "data": {
            "url": f"http://**REDACTED**:{web_server.port}",
            "verify_ssl": True,
            "username": "**REDACTED**",
            "password": "**REDACTED**",
        },
        "options": {},
        "firmware_base_urls": ["http://**REDACTED**:8123"],
        "is_listening": False,
        "sources": [],
    }
    hass.config.api = None
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert found["entry"]["firmware_base_urls"] == []
    assert await hass.config_entries.async_unload(entry.entry_id)
