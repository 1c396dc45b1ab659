"""Devices that tell texts which are none: bounded and harmless wherever they are shown."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest
from homeassistant.const import MAX_LENGTH_STATE_ENTITY_ID, MAX_LENGTH_STATE_STATE
from homeassistant.core import State
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.issues import show_failed_update, show_foreign_update
from custom_components.flownexus_ota.ota.phase import Phase, Reason
from simulator.objects import DeviceIdentity
from tests.ota.play import new_session

from .complaints import tracebacks
from .fleet import NEW, World

MARKDOWN: Final = (
    "[click](https://evil.example)![x](//e.example/i)<img src=x onerror=alert(1)>`*b*`|~"
)
CONTROL: Final = "\x1b[31m\r\n2026-01-01 ERROR forged\x00\u202e\ud7ff"
LONG: Final = "A" * 10_000
HOSTILE: Final = f"{CONTROL}{MARKDOWN}{LONG}"
ENDPOINT: Final = "urn:dev:ops:1"


def identity(endpoint: str = ENDPOINT) -> DeviceIdentity:
    return DeviceIdentity(
        endpoint=endpoint,
        manufacturer=f"Flownexus {HOSTILE}",
        model=HOSTILE,
        serial_number=HOSTILE,
        hardware_version=HOSTILE,
    )


def texts_in(value: object) -> Iterator[str]:
    """Yield every text in a structure."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts_in(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from texts_in(each)


def odd(texts: Iterator[str]) -> list[str]:
    """Return the texts that are too long for a state, or not for people."""
    return [each for each in texts if len(each) > MAX_LENGTH_STATE_STATE or not each.isprintable()]


def shown(state: State) -> dict[str, Any]:
    # Release notes are the image's, in Markdown, and not the device's.
    return {"state": state.state, **state.attributes, "release_summary": None}


async def test_what_a_device_tells_of_itself_is_short_and_printable_wherever_it_is_shown(
    world: World, hass_ws_client: WebSocketGenerator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, f"custom_components.{DOMAIN}")
    device = await world.add_device(ENDPOINT, identity=identity())
    world.add_image(manufacturer="Flownexus*", release_notes="* faster")
    entry = await world.set_up()
    entity_id = await world.ready(ENDPOINT)
    await world.install(entity_id)
    assert device.record.running_version == NEW
    states = world.hass.states.async_all()
    assert [each.entity_id for each in states if odd(texts_in(shown(each)))] == []
    devices = dr.async_entries_for_config_entry(dr.async_get(world.hass), entry.entry_id)
    told = [
        text
        for each in devices
        for text in (each.name, each.manufacturer, each.model, each.serial_number, each.hw_version)
        if text is not None
    ]
    assert any("forged" in text for text in told)
    assert odd(iter(told)) == []
    client = await hass_ws_client(world.hass)
    await client.send_json_auto_id({"type": "update/release_notes", "entity_id": entity_id})
    assert (await client.receive_json())["result"] == "* faster"
    lines = "\n".join(caplog.messages)
    assert "\x1b" not in lines
    assert "\n2026-01-01 ERROR forged" not in lines
    assert LONG not in lines
    assert tracebacks(caplog) == []


async def test_a_version_that_is_none_is_shown_short_and_offers_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.add_device(ENDPOINT, version=HOSTILE)
    world.add_image()
    await world.set_up()
    await world.until(lambda: world.find(ENDPOINT, "firmware", "update") is not None)
    await world.until(lambda: world.firmware(ENDPOINT).attributes["installed_version"] is not None)
    state = world.firmware(ENDPOINT)
    assert odd(texts_in(shown(state))) == []
    # What cannot be compared is never newer.
    assert state.state == "off"
    assert tracebacks(caplog) == []


async def test_in_repairs_what_a_device_tells_makes_neither_links_nor_pictures(
    world: World,
) -> None:
    entry = await world.set_up()
    session = replace(
        new_session(),
        phase=Phase.FAILED,
        reason=Reason.WRONG_VERSION,
        reported_version=MARKDOWN,
    )
    show_failed_update(world.hass, entry, session, f"{MARKDOWN}{LONG}")
    show_foreign_update(world.hass, entry, session.endpoint, HOSTILE)
    placeholders = [
        each.translation_placeholders
        for (domain, _), each in ir.async_get(world.hass).issues.items()
        if domain == DOMAIN
    ]
    told = list(texts_in(placeholders))
    assert len(placeholders) == 2
    assert odd(iter(told)) == []
    assert [each for each in told if set("[]<>`*|~") & set(each) or "://" in each] == []


async def test_an_endpoint_of_markup_is_a_device_like_any_other(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = MARKDOWN.replace("/", ":")
    device = await world.add_device(endpoint)
    world.add_image()
    await world.set_up()
    await world.install(await world.ready(endpoint))
    assert device.record.running_version == NEW
    assert tracebacks(caplog) == []


async def test_an_endpoint_that_cannot_be_printed_gets_no_entities_and_spoils_no_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, f"custom_components.{DOMAIN}")
    await world.add_device("evil\n2026-01-01 ERROR forged")
    await world.add_device(ENDPOINT)
    await world.set_up()
    await world.ready(ENDPOINT)
    assert [reason for _, reason in world.engine.server_view().unsupported] == ["unaddressable"]
    assert "\n2026-01-01 ERROR forged" not in "\n".join(caplog.messages)
    assert tracebacks(caplog) == []


async def test_an_endpoint_of_a_thousand_characters_can_be_updated(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = "A" * 1000
    device = await world.add_device(endpoint)
    world.add_image()
    await world.set_up()
    entity_id = await world.ready(endpoint)
    await world.install(entity_id)
    assert device.record.running_version == NEW
    assert len(entity_id) <= MAX_LENGTH_STATE_ENTITY_ID
    assert tracebacks(caplog) == []
