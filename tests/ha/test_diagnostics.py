"""What a person sends to the maintainers: enough to help, nothing that names or opens a door."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from homeassistant.config_entries import ConfigSubentry
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
from harness.ports import free_tcp_port
from simulator.objects import DeviceIdentity

from .firmware_sources import add_index
from .fleet import LIMIT_SECONDS, NEW, OLD, World
from .test_downloads import listening_on
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


WINDOW = {
    "weekdays": ["mon", "tue"],
    "opens": "02:00:00",
    "closes": "05:00:00",
    "gate": "update",
}
NAMES = ("fw.secret.example", "index.secret.example", "127.0.0.9", "Secret name", "secret-key.pem")


async def test_the_surroundings_of_a_server_are_shown_without_their_names(
    hass: HomeAssistant,
    diagnostics: None,
    hass_client: ClientSessionGenerator,
    world: World,
) -> None:
    await world.add_device(ENDPOINT)
    world.add_image(size_bytes=60_000)
    port = free_tcp_port()
    secret_place = {"advertised_host": NAMES[0], "certificate_key_file": NAMES[4]}
    options = {**listening_on(port, "https"), **secret_place, "window": WINDOW}
    make_storage(hass)
    entry = await world.set_up(**options)
    await world.ready(ENDPOINT)
    add_index(world, f"https://alice:open-sesame@{NAMES[1]}/index.json", name=NAMES[3])
    add_profile_with(world, window=WINDOW, endpoint=ENDPOINT)
    await world.until(lambda: asked(world) and not world.runtime.client.stream_problem)

    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)

    assert found["listener"] == {
        "scheme": "https",
        "port": port,
        "is_listening": True,
        "problem": None,
    }
    certificate = found["certificate"]
    assert (certificate["kind"], certificate["problems"]) == ("issued", [])
    assert certificate["valid_from"] < certificate["valid_until"]
    store = found["store"]
    assert (store["image_count"], store["held_bytes"]) == (1, 60_000)
    assert store["quota_bytes"] == 2048 * 1024 * 1024
    assert store["free_bytes"] > 0
    (source,) = found["source_states"]
    assert (source["type"], source["failure_count"]) == ("index", 1)
    assert source["problem"].startswith("fetch_")
    assert (source["image_count"], source["left_out_count"]) == (0, 0)
    assert source["asked_seconds_ago"] >= 0
    assert found["windows"] == {"server": WINDOW, "profiles": [WINDOW]}
    text = json.dumps(found)
    assert [name for name in (*NAMES, ENDPOINT, "alice", "open-sesame") if name in text] == []


async def test_a_port_that_cannot_be_opened_is_shown_with_the_reason(
    hass: HomeAssistant,
    diagnostics: None,
    hass_client: ClientSessionGenerator,
    world: World,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        entry = await world.set_up(**listening_on(taken.getsockname()[1]))

        found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)

    listener = found["listener"]
    assert (listener["is_listening"], listener["problem"]) == (False, "listener_port_in_use")
    assert found["certificate"] is None


async def test_a_certificate_that_cannot_be_used_is_shown_with_the_reason(
    hass: HomeAssistant,
    diagnostics: None,
    hass_client: ClientSessionGenerator,
    world: World,
) -> None:
    options = listening_on(free_tcp_port(), "https")
    entry = await world.set_up(**options, certificate_file="fw.secret.example.pem")

    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)

    assert found["certificate"] == {"problems": ["unreadable"]}
    assert found["listener"]["problem"] == "no_certificate"
    assert NAMES[0] not in json.dumps(found)


async def test_without_a_port_of_its_own_and_images_there_is_little_to_show(
    hass: HomeAssistant,
    diagnostics: None,
    hass_client: ClientSessionGenerator,
    world: World,
) -> None:
    entry = await world.set_up()

    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)

    assert (found["listener"], found["certificate"]) == (None, None)
    assert (found["store"]["image_count"], found["source_states"]) == (0, [])
    assert found["windows"] == {"server": None, "profiles": []}


async def test_an_image_store_that_cannot_be_looked_at_is_shown_with_the_reason(
    hass: HomeAssistant,
    diagnostics: None,
    hass_client: ClientSessionGenerator,
    world: World,
) -> None:
    entry = await world.set_up()
    world.runtime.shared.store.path("0" * 64).parent.touch()

    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)

    assert found["store"]["problem"] == "Not a directory"


def make_storage(hass: HomeAssistant) -> None:
    """Make the folder that the certificate will be in."""
    Path(hass.config.path(".storage")).mkdir()


def asked(world: World) -> bool:
    """Tell whether the only source has been asked."""
    states = world.runtime.sources.states()
    return [each["asked_seconds_ago"] is not None for each in states] == [True]


def add_profile_with(world: World, **data: Any) -> None:
    """Add a profile to the world's entry, as the form does."""
    profile = ConfigSubentry(data=data, subentry_type="profile", title=NAMES[3], unique_id=None)  # type: ignore[arg-type] # made read-only by it
    world.hass.config_entries.async_add_subentry(world.runtime.entry, profile)


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
        "sources": [],
    }
    hass.config.api = None
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert found["entry"]["firmware_base_urls"] == []
    assert await hass.config_entries.async_unload(entry.entry_id)
