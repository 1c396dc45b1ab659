"""The button that cancels an update, in every phase."""

import asyncio
from dataclasses import replace

import pytest
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from simulator.behaviours import BEHAVIOURS, Behaviour
from simulator.record import Kind

from .fleet import NEW, OLD, World

SLOW = BEHAVIOURS["slow"]
IGNORES_RESETS = replace(BEHAVIOURS["ignores_second_uri"], downloading=SLOW.downloading)
# It answers the write of the URI when it has the image; here it takes whole URLs.
SAMPLE = replace(
    BEHAVIOURS["flownexus_sample"],
    downloading=replace(
        BEHAVIOURS["flownexus_sample"].downloading,
        uri_is_path=False,
        bytes_per_second=SLOW.downloading.bytes_per_second,
    ),
)


async def press(world: World, endpoint: str) -> None:
    """Press the button of a device, and wait for the call to end."""
    entity_id = world.entity_id(endpoint, "cancel_update", "button")
    assert entity_id is not None
    await world.hass.services.async_call("button", "press", {"entity_id": entity_id}, blocking=True)


async def begun(world: World, endpoint: str, phase: str) -> asyncio.Task[None]:
    """Press *Update* and wait for a phase; return the call."""
    entity_id = await world.ready(endpoint)
    call = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: world.phase(endpoint).state == phase)
    return call


async def key_of(call: asyncio.Task[None]) -> str | None:
    """Return the text with which a call failed."""
    with pytest.raises(HomeAssistantError) as raised:
        await call
    return raised.value.translation_key


async def test_without_an_update_the_button_says_that_there_is_none(world: World) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")
    with pytest.raises(ServiceValidationError) as raised:
        await press(world, "sensor-1")
    assert raised.value.translation_key == "nothing_to_cancel"
    assert raised.value.translation_placeholders == {"device": "sensor-1"}


async def test_the_button_is_available_while_the_server_is_down(world: World) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")
    await world.leshan.refuse_connections()
    await world.until(lambda: not world.engine.server_view().is_connected)
    state = world.find("sensor-1", "cancel_update", "button")
    assert state is not None
    assert state.state == "unknown"


async def test_an_update_that_waits_for_its_device_is_cancelled(world: World) -> None:
    world.add_image()
    await world.set_up()
    device = await world.add_sleeping_device("sensor-1")
    await world.install(await world.ready("sensor-1"))
    await press(world, "sensor-1")
    assert world.phase("sensor-1").state == "cancelled"
    assert device.record.running_version == OLD


async def test_an_update_that_waits_for_its_turn_is_cancelled(world: World) -> None:
    await world.add_held_device("sensor-1")
    second = await world.add_device("sensor-2")
    world.add_image()
    await world.set_up(max_parallel_updates=1)
    await world.ready("sensor-2")
    first = await begun(world, "sensor-1", "transferring")
    await world.install(await world.ready("sensor-2"))
    assert world.phase("sensor-2").attributes["waiting_reason"] == "queue"
    await press(world, "sensor-2")
    assert world.phase("sensor-2").state == "cancelled"
    world.let_go("sensor-1")
    await first
    assert second.record.running_version == OLD


async def test_an_offered_update_is_cancelled_and_the_waiting_call_says_so(world: World) -> None:
    device = await world.add_device("sensor-1", "never_downloads")
    world.add_image()
    await world.set_up()
    call = await begun(world, "sensor-1", "offered")
    await press(world, "sensor-1")
    assert await key_of(call) == "update_failed_cancelled_by_user"
    assert world.phase("sensor-1").state == "cancelled"
    assert device.record.running_version == OLD


@pytest.mark.parametrize(
    "behaviour", [SLOW, IGNORES_RESETS, SAMPLE], ids=["slow", "ignores_second_uri", "sample"]
)
async def test_a_download_is_cancelled_and_breaks_off(world: World, behaviour: Behaviour) -> None:
    device = await world.add_device("sensor-1", behaviour)
    world.add_image(size_bytes=200_000)
    await world.set_up()
    call = await begun(world, "sensor-1", "transferring")
    await press(world, "sensor-1")
    assert await key_of(call) == "update_failed_cancelled_by_user"
    assert world.phase("sensor-1").state == "cancelled"
    assert device.record.running_version == OLD


async def test_what_a_device_installs_already_is_not_cancelled(world: World) -> None:
    device = await world.add_device("sensor-1", "never_comes_back")
    world.add_image()
    await world.set_up()
    call = await begun(world, "sensor-1", "installing")
    with pytest.raises(HomeAssistantError) as raised:
        await press(world, "sensor-1")
    assert raised.value.translation_key == "cancel_too_late"
    await world.until(lambda: device.record.counts[Kind.GONE] == 1)
    await device.revive()
    await call
    assert device.record.running_version == NEW


async def test_a_device_can_be_updated_after_a_cancelled_update(world: World) -> None:
    device = await world.add_held_device("sensor-1")
    world.add_image()
    await world.set_up()
    call = await begun(world, "sensor-1", "transferring")
    await press(world, "sensor-1")
    await key_of(call)
    world.let_go("sensor-1")
    await world.install(await world.ready("sensor-1"))
    assert device.record.running_version == NEW
