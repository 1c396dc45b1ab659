"""The automations of the documents, at work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.flownexus_ota.const import DOMAIN
from tests.documents import blocks, text_of

from .fleet import NEW, OLD, World
from .test_condition import under_way


def example(alias: str) -> dict[str, Any]:
    """Return the documents' automation of that name, with an id."""
    texts = map(text_of, ("README.md", "docs/automations.md"))
    automations = [parse_yaml(each) for text in texts for each in blocks(text, "yaml")]
    [found] = [each for each in automations if isinstance(each, dict) and each["alias"] == alias]
    return {"id": "example"} | found


@asynccontextmanager
async def automation(hass: HomeAssistant, alias: str) -> AsyncIterator[str]:
    """Switch an example on, give its entity's id, and switch it off again."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "automation", {"automation": [example(alias)]})
    [state] = hass.states.async_all("automation")
    assert state.state == "on"  # one that Home Assistant does not accept is unavailable
    yield state.entity_id
    target = {"entity_id": state.entity_id}
    await hass.services.async_call("automation", "turn_off", target, blocking=True)


async def run(hass: HomeAssistant, entity_id: str) -> None:
    data = {"entity_id": entity_id, "skip_condition": False}
    await hass.services.async_call("automation", "trigger", data, blocking=True)


async def test_a_failure_is_told_with_its_reason(hass: HomeAssistant, world: World) -> None:
    told = async_mock_service(hass, "notify", "notify")
    await world.add_device("thingy-1", "bad_checksum")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("thingy-1")
    async with automation(hass, "Firmware update failed"):
        with pytest.raises(HomeAssistantError):
            await world.install(entity_id)
        await world.until(lambda: bool(told))
    [call] = told
    assert call.data["message"] == f"thingy-1, version {NEW}: Image damaged"


async def test_at_night_everything_that_has_an_update_is_updated(
    hass: HomeAssistant, world: World
) -> None:
    due = [await world.add_device("thingy-1"), await world.add_device("thingy-2")]
    failing = await world.add_device("thingy-3", "no_space")
    current = await world.add_device("thingy-4", version=NEW)
    world.add_image()
    await world.set_up()
    for endpoint in ("thingy-1", "thingy-2", "thingy-3"):
        await world.ready(endpoint)
    await world.ready("thingy-4", version=NEW)
    async with automation(hass, "Firmware updates at night") as at_night:
        await run(hass, at_night)
    assert [device.record.running_version for device in due] == [NEW, NEW]
    assert failing.record.running_version == OLD
    assert world.phase("thingy-3").state == "failed"
    assert world.phase("thingy-4").state == "unknown"
    assert current.record.running_version == NEW


async def test_the_folder_is_read_when_it_is_looked_for_firmware(
    hass: HomeAssistant, world: World
) -> None:
    await world.add_device("thingy-1")
    await world.set_up()
    await world.ready("thingy-1")
    world.add_image()
    assert world.firmware("thingy-1").state == "off"
    async with automation(hass, "Look for firmware") as look:
        await run(hass, look)
    await world.until(lambda: world.firmware("thingy-1").state == "on")


async def test_the_end_of_an_update_is_told_by_its_event(hass: HomeAssistant, world: World) -> None:
    told = async_mock_service(hass, "notify", "notify")
    await world.add_device("thingy-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("thingy-1")
    async with automation(hass, "Firmware update ended"):
        await world.install(entity_id)
        await world.until(lambda: bool(told))
    [call] = told
    assert call.data["message"] == f"thingy-1: {NEW} succeeded"


async def test_a_border_router_is_restarted_unless_an_update_runs(
    hass: HomeAssistant, world: World
) -> None:
    await world.add_device("thingy-1", "never_downloads")
    world.add_image()
    await world.set_up()
    await world.ready("thingy-1")
    pressed = async_mock_service(hass, "button", "press")
    async with automation(hass, "Restart the border router") as restart:
        async with under_way(world, "thingy-1"):
            await run(hass, restart)
        assert pressed == []
        await run(hass, restart)
    [call] = pressed
    assert call.data["entity_id"] == ["button.border_router_restart"]


async def test_an_update_is_tried_again_in_the_evening_if_it_has_failed(
    hass: HomeAssistant, world: World
) -> None:
    again = async_mock_service(hass, DOMAIN, "retry_update")
    await world.add_device("thingy-1", "no_space")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("thingy-1")
    async with automation(hass, "Try firmware updates again") as evening:
        await run(hass, evening)
        assert again == []
        with pytest.raises(HomeAssistantError):
            await world.install(entity_id)
        await run(hass, evening)
    [call] = again
    assert call.data["entity_id"] == [entity_id]


async def test_what_failed_in_a_week_is_told_from_the_history(
    hass: HomeAssistant, world: World
) -> None:
    told = async_mock_service(hass, "notify", "notify")
    await world.add_device("thingy-1", "no_space")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("thingy-1")
    with pytest.raises(HomeAssistantError):
        await world.install(entity_id)
    async with automation(hass, "Firmware updates that failed") as weekly:
        await run(hass, weekly)
    [call] = told
    assert call.data["title"] == "1 failed"
    assert call.data["message"].strip() == f"thingy-1 to {NEW}: Not enough flash memory"
