"""The integration's own triggers, in automations that run."""

from typing import Any

import pytest
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.helpers.trigger import async_get_all_descriptions
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.trigger import TRIGGERS

from .fleet import NEW, OLD, World
from .test_windows import closed_now
from .texts import TEXTS

TOLD = "told"
AIMED_BY = ("entity", "further_entity", "device", "area", "label")
SAYS = (
    "{{ trigger.device_name }}: {{ trigger.from_version }} to {{ trigger.target_version }},"
    " {{ trigger.result }}, {{ trigger.reason_text }}"
)
EXPLAINS = "{{ trigger.failure_text }}"


async def automate(
    hass: HomeAssistant, kind: str, target: dict[str, Any] | None = None, *, text: str = SAYS
) -> list[Event[Any]]:
    """Switch on an automation that fires an event of its own; return what it fires."""
    trigger = {"trigger": f"{DOMAIN}.{kind}"} | ({} if target is None else {"target": target})
    action = {"event": TOLD, "event_data": {"says": text}}
    config = {"id": kind, "alias": kind, "triggers": [trigger], "actions": [action]}
    assert await async_setup_component(hass, "automation", {"automation": [config]})
    [state] = hass.states.async_all("automation")
    assert state.state == "on"  # one that Home Assistant does not accept is unavailable
    events: list[Event[Any]] = async_capture_events(hass, TOLD)
    return events


async def says(world: World, told: list[Event[Any]]) -> list[str]:
    """Wait for all that is under way; return what the automation said."""
    await world.hass.async_block_till_done()
    return [event.data["says"] for event in told]


async def failing(world: World, endpoint: str) -> str:
    """Return the update entity of a device that has no room for its image."""
    await world.add_device(endpoint, "no_space")
    return await world.ready(endpoint)


async def fail(world: World, entity_id: str) -> None:
    with pytest.raises(HomeAssistantError):
        await world.install(entity_id)


def device_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return the id of an entity's device."""
    entity = er.async_get(hass).async_get(entity_id)
    assert entity is not None
    assert entity.device_id is not None
    return entity.device_id


def targets_of(world: World, endpoint: str, entity_id: str) -> dict[str, dict[str, Any]]:
    """Return each target that means one device alone, by the words of AIMED_BY."""
    area = ar.async_get(world.hass).async_create("Garden")
    label = lr.async_get(world.hass).async_create("Outside")
    device_id = device_of(world.hass, entity_id)
    changes: dict[str, Any] = {"area_id": area.id, "labels": {label.label_id}}
    dr.async_get(world.hass).async_update_device(device_id, **changes)
    return {
        "entity": {"entity_id": entity_id},
        "further_entity": {"entity_id": world.entity_id(endpoint, "update_phase", "sensor")},
        "device": {"device_id": device_id},
        "area": {"area_id": area.id},
        "label": {"label_id": label.label_id},
    }


async def test_a_failure_of_any_device_is_told_with_its_name_and_why(
    hass: HomeAssistant, world: World
) -> None:
    world.add_image()
    await world.set_up()
    told = await automate(hass, "update_failed")
    entity_id = await failing(world, "sensor-1")
    device_id = device_of(hass, entity_id)
    dr.async_get(hass).async_update_device(device_id, name_by_user="Thingy 1")
    await fail(world, entity_id)
    assert await says(world, told) == [
        f"Thingy 1: {OLD} to {NEW}, no_storage, Not enough flash memory"
    ]


async def test_a_failure_is_told_in_sentences_that_do_nothing_as_markdown(
    hass: HomeAssistant, world: World
) -> None:
    world.add_image()
    await world.set_up()
    told = await automate(hass, "update_failed", text=EXPLAINS)
    entity_id = await failing(world, "sensor-1")
    device_id = device_of(hass, entity_id)
    dr.async_get(hass).async_update_device(device_id, name_by_user="[A](http://b)")
    await fail(world, entity_id)
    [said] = await says(world, told)
    assert said == (
        f"(A)(http: //b) has not enough flash memory for version {NEW} (result 2)."
        " Use a smaller image, or free memory on the device."
    )


async def test_what_did_not_fail_has_no_such_sentences(hass: HomeAssistant, world: World) -> None:
    world.add_image()
    await world.set_up()
    told = await automate(hass, "update_succeeded", text=EXPLAINS)
    await world.add_device("sensor-1")
    await world.install(await world.ready("sensor-1"))
    assert await says(world, told) == [""]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("update_started", "default, "),
        ("update_succeeded", "success, Confirmed by the version"),
    ],
)
async def test_an_update_is_told_once_when_it_starts_and_when_it_has_succeeded(
    hass: HomeAssistant, world: World, kind: str, said: str
) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    told = await automate(hass, kind)
    await world.install(await world.ready("sensor-1"))
    assert await says(world, told) == [f"sensor-1: {OLD} to {NEW}, {said}".rstrip()]


async def test_an_update_that_has_to_wait_is_told_with_what_for(
    hass: HomeAssistant, world: World
) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    await world.set_up(window=closed_now())
    told = await automate(hass, "update_waiting")
    entity_id = await world.ready("sensor-1")
    await world.install(entity_id)
    await world.until(lambda: bool(told))
    assert await says(world, told) == [f"sensor-1: {OLD} to {NEW}, default, The maintenance window"]


async def test_an_update_that_only_waits_for_its_turn_does_not_count_as_waiting(
    hass: HomeAssistant, world: World
) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    told = await automate(hass, "update_waiting")
    await world.install(await world.ready("sensor-1"))
    assert world.phase("sensor-1").state == "succeeded"
    assert await says(world, told) == []


async def test_a_device_that_comes_back_on_the_target_of_a_failed_update_is_told(
    hass: HomeAssistant, world: World
) -> None:
    world.add_image()
    await world.set_up()
    told = await automate(hass, "update_arrived_late")
    entity_id = await failing(world, "sensor-1")
    await fail(world, entity_id)
    assert await says(world, told) == []
    await world.devices["sensor-1"].stop()
    await world.add_device("sensor-1", version=NEW)
    await world.until(lambda: bool(told))
    assert await says(world, told) == [
        f"sensor-1: {OLD} to {NEW}, no_storage, Not enough flash memory"
    ]


@pytest.mark.parametrize("aimed_by", AIMED_BY)
async def test_only_devices_that_are_meant_are_told_of(
    hass: HomeAssistant, world: World, aimed_by: str
) -> None:
    world.add_image()
    await world.set_up()
    meant, other = await failing(world, "sensor-1"), await failing(world, "sensor-2")
    target = targets_of(world, "sensor-1", meant)[aimed_by]
    told = await automate(hass, "update_failed", target)
    await fail(world, other)
    await fail(world, meant)
    [said] = await says(world, told)
    assert said.startswith("sensor-1: ")


async def test_home_assistant_finds_each_trigger_with_its_target(
    hass: HomeAssistant, world: World
) -> None:
    await world.set_up()
    assert await async_setup_component(hass, "automation", {})
    found = await async_get_all_descriptions(hass)
    ours = {key.removeprefix(f"{DOMAIN}."): each for key, each in found.items() if DOMAIN in key}
    assert set(ours) == set(TRIGGERS) == set(TEXTS["triggers"])
    assert all(each is not None and "target" in each for each in ours.values())


async def test_a_trigger_takes_no_options(hass: HomeAssistant, world: World) -> None:
    await world.set_up()
    trigger = {"trigger": f"{DOMAIN}.update_failed", "options": {"for": "00:01:00"}}
    config = {"id": "odd", "alias": "odd", "triggers": [trigger], "actions": []}
    assert await async_setup_component(hass, "automation", {"automation": [config]})
    [state] = hass.states.async_all("automation")
    assert state.state == "unavailable"
