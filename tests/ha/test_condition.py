"""The integration's own conditions, in automations that run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    area_registry as ar,
    entity_registry as er,
)
from homeassistant.helpers.condition import async_get_all_descriptions
from homeassistant.helpers.target import TargetSelection
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.flownexus_ota.condition import CONDITIONS
from custom_components.flownexus_ota.const import CONF_ENTITIES_PER_DEVICE, DOMAIN
from custom_components.flownexus_ota.targets import selected_device_ids

from .fleet import World
from .test_trigger import AIMED_BY, device_of, fail, failing, targets_of
from .test_windows import closed_now
from .texts import TEXTS

TOLD = "told"
RUNNING, WAITING, FAILED = "update_is_running", "update_is_waiting", "last_update_failed"

type Asking = Callable[[], Coroutine[Any, Any, list[str]]]


def condition(kind: str, **config: Any) -> dict[str, Any]:
    return {"condition": f"{DOMAIN}.{kind}", **config}


async def automate(hass: HomeAssistant, **conditions: dict[str, Any]) -> Asking:
    """Switch on an automation for each condition; return a way to ask which of them hold now."""
    config = [
        {
            "id": name,
            "alias": name,
            "triggers": [],
            "conditions": [each],
            "actions": [{"event": TOLD, "event_data": {"name": name}}],
        }
        for name, each in conditions.items()
    ]
    assert await async_setup_component(hass, "automation", {"automation": config})
    states = hass.states.async_all("automation")
    # One that Home Assistant does not accept is unavailable.
    assert [state.state for state in states] == ["on"] * len(conditions)
    told: list[Event[Any]] = async_capture_events(hass, TOLD)

    async def ask() -> list[str]:
        told.clear()
        data = {"entity_id": [state.entity_id for state in states], "skip_condition": False}
        await hass.services.async_call("automation", "trigger", data, blocking=True)
        return sorted(event.data["name"] for event in told)

    return ask


async def of_every_kind(hass: HomeAssistant, **config: Any) -> Asking:
    """Return a way to ask which conditions of ours hold."""
    return await automate(hass, **{kind: condition(kind, **config) for kind in CONDITIONS})


@asynccontextmanager
async def under_way(world: World, endpoint: str) -> AsyncIterator[None]:
    """Let a device that never downloads have an update, and cancel that in the end."""
    entity_id = await world.ready(endpoint)
    call = asyncio.create_task(world.install(entity_id))
    await world.until(lambda: world.phase(endpoint).state == "offered")
    yield
    data = {"entity_id": entity_id}
    await world.hass.services.async_call(DOMAIN, "cancel_update", data, blocking=True)
    with pytest.raises(HomeAssistantError):
        await call


async def test_of_a_device_that_never_had_an_update_nothing_holds(
    hass: HomeAssistant, world: World
) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    ask = await of_every_kind(hass)
    await world.ready("sensor-1")
    assert await ask() == []


async def test_an_update_runs_from_its_start_to_its_end(hass: HomeAssistant, world: World) -> None:
    await world.add_device("sensor-1", "never_downloads")
    world.add_image()
    await world.set_up()
    ask = await of_every_kind(hass)
    async with under_way(world, "sensor-1"):
        assert await ask() == [RUNNING]
    assert world.phase("sensor-1").state == "cancelled"
    assert await ask() == []


async def test_an_update_that_is_held_still_runs(hass: HomeAssistant, world: World) -> None:
    await world.add_device("sensor-1", "never_downloads")
    world.add_image()
    await world.set_up()
    ask = await of_every_kind(hass)
    async with under_way(world, "sensor-1"):
        await world.leshan.refuse_connections()
        await world.until(lambda: world.view("sensor-1").waiting_reason == "server_down")
        assert await ask() == [RUNNING]


async def test_an_update_waits_for_its_turn_too(hass: HomeAssistant, world: World) -> None:
    await world.add_device("sensor-1", "never_downloads")
    await world.add_device("sensor-2")
    world.add_image()
    await world.set_up(max_parallel_updates=1)
    second = await world.ready("sensor-2")
    ask = await of_every_kind(hass, target={"entity_id": second})
    async with under_way(world, "sensor-1"):
        await world.install(second)
        assert world.view("sensor-2").waiting_reason == "queue"
        assert await ask() == [WAITING]
    await world.until(lambda: world.phase("sensor-2").state == "succeeded")
    assert await ask() == []


async def test_a_failure_is_known_after_a_restart_and_until_another_update_is_asked_for(
    hass: HomeAssistant, world: World
) -> None:
    world.add_image()
    entry = await world.set_up()
    ask = await of_every_kind(hass)
    entity_id = await failing(world, "sensor-1")
    await fail(world, entity_id)
    assert await ask() == [FAILED]
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await ask() == []
    hass.config_entries.async_update_entry(entry, options={**entry.options, "window": closed_now()})
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await ask() == [FAILED]
    await world.install(await world.ready("sensor-1"))
    assert await ask() == [WAITING]


async def test_a_condition_holds_when_the_trigger_of_the_same_name_fires(
    hass: HomeAssistant, world: World
) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    await world.set_up(window=closed_now())
    config = {
        "alias": "waits",
        "triggers": [{"trigger": f"{DOMAIN}.update_waiting"}],
        "conditions": [condition(WAITING)],
        "actions": [{"event": TOLD}],
    }
    assert await async_setup_component(hass, "automation", {"automation": [config]})
    told: list[Event[Any]] = async_capture_events(hass, TOLD)
    await world.install(await world.ready("sensor-1"))
    await hass.async_block_till_done()
    assert len(told) == 1


async def test_the_update_entity_alone_is_enough(hass: HomeAssistant, world: World) -> None:
    world.add_image()
    await world.set_up(**{CONF_ENTITIES_PER_DEVICE: "minimal"})
    entity_id = await failing(world, "sensor-1")
    await fail(world, entity_id)
    assert len(er.async_entries_for_device(er.async_get(hass), device_of(hass, entity_id))) == 1
    ask = await of_every_kind(hass, target={"entity_id": entity_id})
    assert await ask() == [FAILED]


async def test_any_is_enough_unless_all_are_asked_for(hass: HomeAssistant, world: World) -> None:
    world.add_image()
    await world.set_up()
    first, second = await failing(world, "sensor-1"), await failing(world, "sensor-2")
    ask = await automate(
        hass,
        unsaid=condition(FAILED),
        any=condition(FAILED, options={"behavior": "any"}),
        all=condition(FAILED, options={"behavior": "all"}),
    )
    assert await ask() == []
    await fail(world, first)
    assert await ask() == ["any", "unsaid"]
    await fail(world, second)
    assert await ask() == ["all", "any", "unsaid"]


async def test_nothing_holds_for_all_devices_where_there_are_none_or_some_are_not_known(
    hass: HomeAssistant, world: World
) -> None:
    world.add_image()
    entry = await world.set_up()
    area = ar.async_get(hass).async_create("Garden")
    entity_id = await failing(world, "sensor-1")
    await fail(world, entity_id)
    everywhere = {"options": {"behavior": "all"}}
    ask = await automate(
        hass,
        everywhere=condition(FAILED, **everywhere),
        in_an_empty_area=condition(FAILED, target={"area_id": area.id}, **everywhere),
        of_a_lost_device=condition(FAILED, target={"device_id": "gone"}, **everywhere),
        of_another_integration=condition(FAILED, target={"entity_id": "sun.sun"}, **everywhere),
    )
    assert await ask() == ["everywhere"]
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await ask() == []


@pytest.mark.parametrize("aimed_by", AIMED_BY)
async def test_only_devices_that_are_meant_count(
    hass: HomeAssistant, world: World, aimed_by: str
) -> None:
    world.add_image()
    await world.set_up()
    meant, other = await failing(world, "sensor-1"), await failing(world, "sensor-2")
    target = targets_of(world, "sensor-1", meant)[aimed_by]
    ask = await automate(
        hass,
        any=condition(FAILED, target=target),
        all=condition(FAILED, target=target, options={"behavior": "all"}),
    )
    await fail(world, other)
    assert await ask() == []
    await fail(world, meant)
    assert await ask() == ["all", "any"]


async def test_a_device_is_not_meant_when_it_is_excluded_by_one_of_its_entities(
    hass: HomeAssistant, world: World
) -> None:
    await world.add_device("sensor-1")
    await world.add_device("sensor-2")
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    first, second = device_of(hass, entity_id), device_of(hass, await world.ready("sensor-2"))

    class AllButOne(TargetSelection):
        """What Home Assistant 2026.11 makes of a target with an exclude block."""

        exclude = TargetSelection({"entity_id": entity_id})

    assert selected_device_ids(hass, AllButOne({"device_id": [first, second]})) == {second}


async def test_home_assistant_finds_each_condition_with_its_target_and_behavior(
    hass: HomeAssistant, world: World
) -> None:
    await world.set_up()
    assert await async_setup_component(hass, "automation", {})
    found = await async_get_all_descriptions(hass)
    ours = {key.removeprefix(f"{DOMAIN}."): each for key, each in found.items() if DOMAIN in key}
    assert set(ours) == set(CONDITIONS) == set(TEXTS["conditions"])
    assert all(
        each is not None and "target" in each and list(each["fields"]) == ["behavior"]
        for each in ours.values()
    )


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"options": {"behavior": "some"}}, "options.behavior"),
        ({"options": {"for": "00:01:00"}}, "options.for"),
        ({"target": {"entity_id": "no entity"}}, "target.entity_id"),
        ({"target": {"server_id": "x"}}, "target.server_id"),
    ],
)
async def test_a_condition_refuses_what_it_does_not_know_by_its_name(
    hass: HomeAssistant,
    world: World,
    caplog: pytest.LogCaptureFixture,
    config: dict[str, Any],
    named: str,
) -> None:
    await world.set_up()
    automation = {"alias": "odd", "triggers": [], "conditions": [condition(RUNNING, **config)]}
    automation |= {"id": "odd", "actions": []}
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    [state] = hass.states.async_all("automation")
    assert state.state == "unavailable"
    assert named in caplog.text
