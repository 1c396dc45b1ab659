"""What happens to updates, as Home Assistant hears it: the event entity and the bus event."""

from typing import Any

import pytest
from homeassistant.core import Event, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.flownexus_ota.const import DOMAIN, EVENT_UPDATE
from simulator.record import Kind

from .fleet import NEW, OLD, World


def capture(world: World) -> list[Event[Any]]:
    """Return a list that every bus event of ours is put into."""
    events: list[Event[Any]] = async_capture_events(world.hass, EVENT_UPDATE)
    return events


def types(events: list[Event[Any]]) -> list[str]:
    """Return what happened, in order."""
    return [event.data["type"] for event in events]


def entity(world: World, endpoint: str) -> State:
    """Return the state of a device's event entity, which is there."""
    state = world.find(endpoint, "firmware_update", "event")
    assert state is not None
    return state


async def test_every_step_of_an_update_is_fired_with_its_device(world: World) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    entry = await world.set_up()
    entity_id = await world.ready("sensor-1")
    events = capture(world)
    await world.install(entity_id)
    await world.hass.async_block_till_done()
    assert [each for each in types(events) if each != "downloaded"] == [
        "queued",
        "started",
        "installing",
        "succeeded",
    ]
    device = dr.async_get(world.hass).async_get_device_by_identifier(
        (DOMAIN, f"{entry.entry_id}_sensor-1"), entry.entry_id
    )
    assert device is not None
    last = events[-1].data
    assert (last["endpoint"], last["device_id"]) == ("sensor-1", device.id)
    assert last["entity_id"] == entity_id
    assert (last["from_version"], last["target_version"]) == (OLD, NEW)
    assert (last["result"], last["reason"]) == ("success", "version_proved")
    assert last["attempt"] == 1
    assert last["duration_seconds"] >= 0


async def test_the_event_entity_shows_what_happened_last(world: World) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    assert entity(world, "sensor-1").state == "unknown"
    await world.install(entity_id)
    state = entity(world, "sensor-1")
    assert state.state != "unknown"
    assert state.attributes["event_type"] == "succeeded"
    assert state.attributes["from_version"] == OLD
    assert state.attributes["target_version"] == NEW
    assert state.attributes["reported_version"] == NEW


async def test_a_failure_is_told_with_its_result(world: World) -> None:
    await world.add_device("sensor-1", "no_space")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    events = capture(world)
    with pytest.raises(HomeAssistantError):
        await world.install(entity_id)
    await world.hass.async_block_till_done()
    assert types(events)[-1] == "failed"
    assert events[-1].data["result"] == "no_storage"
    assert events[-1].data["reason"] == "device_reported"
    assert entity(world, "sensor-1").attributes["event_type"] == "failed"


async def test_what_happened_before_the_entity_was_there_is_shown_by_it(world: World) -> None:
    device = await world.add_device("sensor-1", "never_comes_back")
    world.add_image()
    entry = await world.set_up()
    entity_id = await world.ready("sensor-1")
    call = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: world.phase("sensor-1").state == "installing")
    assert await world.hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(HomeAssistantError):
        await call
    await world.until(lambda: device.record.counts[Kind.GONE] == 1)
    await device.revive()
    assert await world.hass.config_entries.async_setup(entry.entry_id)
    await world.until(lambda: world.phase("sensor-1").state == "succeeded")
    await world.until(lambda: entity(world, "sensor-1").attributes.get("event_type") == "succeeded")


async def test_looking_at_the_device_changes_nothing_of_the_event(world: World) -> None:
    device = await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    await world.install(await world.ready("sensor-1"))
    before = entity(world, "sensor-1")
    await device.stop()
    await world.until(lambda: not world.view("sensor-1").is_registered)
    assert entity(world, "sensor-1") == before
