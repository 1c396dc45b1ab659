"""The blueprint that updates at night: one by one, within the night, and nobody is stuck."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from homeassistant.const import EVENT_CALL_SERVICE
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.flownexus_ota.const import DOMAIN
from simulator.record import Kind

from .blueprint_files import TELL, automation, notifications, run, said
from .fleet import NEW, OLD, World
from .test_image_store import damage, stored
from .test_services import device_id, failed, updates

NIGHT = "update_at_night.yaml"
# Far longer than anything takes here, and shorter than a server is waited for; it only seems to
# pass (`seem_to_pass`).
LIMIT_SECONDS = 15


def clock(**ahead: float) -> str:
    """Return a time of day, as the selector of times gives it."""
    return (dt_util.now() + timedelta(**ahead)).strftime("%H:%M:%S")


async def night(hass: HomeAssistant, **inputs: Any) -> None:
    """Run a night that began an hour ago, unless told otherwise; return when it is over."""
    times = {"begins_at": clock(hours=-1), "ends_at": clock(hours=2)}
    async with automation(hass, NIGHT, report_actions=[TELL], **times | inputs) as at_night:
        await run(hass, at_night)


@pytest.fixture
async def told(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the reports that are told."""
    return notifications(hass)


@pytest.fixture
async def two(world: World, told: list[ServiceCall]) -> AsyncIterator[World]:
    """Return a world with two devices that have an update."""
    world.add_image()
    await world.set_up()
    for endpoint in ("thingy-1", "thingy-2"):
        await world.add_device(endpoint)
        await world.ready(endpoint)
    yield world
    assert len(told) <= 1


def versions(world: World) -> dict[str, str]:
    """Return what the devices run."""
    return {name: device.record.running_version for name, device in world.devices.items()}


def seem_to_pass(hass: HomeAssistant, *, seconds: float) -> None:
    """Let whoever waits by now find that it has waited so long; clocks stay as they are."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))


async def test_each_is_updated_when_the_one_before_is_done(
    hass: HomeAssistant, two: World, told: list[ServiceCall]
) -> None:
    await two.add_device("thingy-3", version=NEW)
    await two.ready("thingy-3", version=NEW)
    await night(hass)
    assert [said(call) for call in told] == [
        (
            "Firmware at night: 2 updated, 0 failed",
            ["Updated:", f"- thingy-1: {OLD} to {NEW}", f"- thingy-2: {OLD} to {NEW}"],
        )
    ]
    second, first = await updates(two)
    assert (first["endpoint"], second["endpoint"]) == ("thingy-1", "thingy-2")
    assert second["created_at"] >= first["finished_at"]


async def test_nothing_is_told_when_nobody_has_an_update(
    hass: HomeAssistant, world: World, told: list[ServiceCall]
) -> None:
    await world.add_device("thingy-1")
    await world.set_up()
    await world.ready("thingy-1")
    await night(hass)
    assert told == []


async def test_the_first_failure_ends_the_night(
    hass: HomeAssistant, two: World, told: list[ServiceCall]
) -> None:
    await two.add_device("thingy-0", "no_space")
    await two.ready("thingy-0")
    await night(hass)
    assert said(told[0]) == (
        "Firmware at night: 0 updated, 1 failed",
        [
            "Failed:",
            f"- thingy-0: version {NEW}: Not enough flash memory",
            "Not begun:",
            "- thingy-1",
            "- thingy-2",
        ],
    )
    assert versions(two) == {"thingy-0": OLD, "thingy-1": OLD, "thingy-2": OLD}


async def test_one_that_has_failed_before_comes_last_and_ends_no_second_night(
    hass: HomeAssistant, two: World, told: list[ServiceCall]
) -> None:
    await failed(two, "thingy-0")
    await night(hass)
    assert said(told[0]) == (
        "Firmware at night: 2 updated, 1 failed",
        [
            *("Updated:", f"- thingy-1: {OLD} to {NEW}", f"- thingy-2: {OLD} to {NEW}"),
            *("Failed:", f"- thingy-0: version {NEW}: Not enough flash memory"),
        ],
    )


async def test_a_failure_is_passed_over_where_that_is_wanted(
    hass: HomeAssistant, two: World, told: list[ServiceCall]
) -> None:
    await two.add_device("thingy-0", "no_space")
    await two.ready("thingy-0")
    await night(hass, stops_at_failure=False)
    assert said(told[0])[0] == "Firmware at night: 2 updated, 1 failed"
    assert versions(two) == {"thingy-0": OLD, "thingy-1": NEW, "thingy-2": NEW}


async def test_one_that_sleeps_is_given_up_in_time_and_does_not_begin_by_day(
    hass: HomeAssistant, two: World, told: list[ServiceCall]
) -> None:
    await two.add_sleeping_device("thingy-0")
    running = hass.async_create_task(night(hass, time_limit={"seconds": LIMIT_SECONDS}))
    await two.until(lambda: two.phase("thingy-0").state == "waiting")
    seem_to_pass(hass, seconds=LIMIT_SECONDS)
    await running
    assert said(told[0]) == (
        "Firmware at night: 2 updated, 0 failed",
        [
            *("Updated:", f"- thingy-1: {OLD} to {NEW}", f"- thingy-2: {OLD} to {NEW}"),
            *(
                "Not over in time:",
                f"- thingy-0: version {NEW} did not begin in time, and was cancelled",
            ),
        ],
    )
    assert two.phase("thingy-0").state == "cancelled"


async def test_one_that_is_slow_is_cancelled_when_the_night_is_over(
    hass: HomeAssistant, world: World, told: list[ServiceCall]
) -> None:
    world.add_image()
    await world.set_up()
    for endpoint in ("thingy-1", "thingy-2"):
        await world.add_held_device(endpoint)
        await world.ready(endpoint)
    running = hass.async_create_task(night(hass, ends_at=clock(seconds=LIMIT_SECONDS)))
    await world.until(lambda: world.phase("thingy-1").state == "transferring")
    # The clock on the wall tells the end of the night; two hours further east it is over.
    await hass.config.async_set_time_zone("US/Central")
    seem_to_pass(hass, seconds=LIMIT_SECONDS)
    await running
    assert said(told[0]) == (
        "Firmware at night: 0 updated, 0 failed",
        [
            "Not over in time:",
            f"- thingy-1: version {NEW} took too long, and was cancelled",
            "Not begun:",
            "- thingy-2",
        ],
    )
    assert world.phase("thingy-1").state == "cancelled"
    assert world.view("thingy-2").session is None


async def test_an_installation_that_has_begun_is_not_interrupted(
    hass: HomeAssistant, world: World, told: list[ServiceCall]
) -> None:
    world.add_image()
    await world.set_up()
    device = await world.add_device("thingy-1", "never_comes_back")
    await world.ready("thingy-1")
    calls = async_capture_events(hass, EVENT_CALL_SERVICE)
    running = hass.async_create_task(night(hass, time_limit={"seconds": LIMIT_SECONDS}))
    await world.until(lambda: world.phase("thingy-1").state == "installing")
    await world.until(lambda: device.record.counts[Kind.GONE] == 1)
    seem_to_pass(hass, seconds=LIMIT_SECONDS)
    await world.until(lambda: calls[-1].data["service"] == "cancel_update")
    await device.revive()
    await running
    assert said(told[0])[1] == ["Updated:", f"- thingy-1: {OLD} to {NEW}"]


async def test_by_day_nothing_begins(
    hass: HomeAssistant, two: World, told: list[ServiceCall]
) -> None:
    await night(hass, begins_at=clock(hours=2), ends_at=clock(hours=3))
    assert said(told[0])[1] == ["Not begun:", "- thingy-1", "- thingy-2"]
    assert await updates(two) == []


async def test_one_that_is_not_available_is_left_out(
    hass: HomeAssistant, two: World, told: list[ServiceCall]
) -> None:
    entity_id = two.entity_id("thingy-1", "firmware", "update")
    assert entity_id is not None
    hass.states.async_set(entity_id, "unavailable")
    await night(hass)
    assert said(told[0])[1] == ["Updated:", f"- thingy-2: {OLD} to {NEW}"]
    assert versions(two) == {"thingy-1": OLD, "thingy-2": NEW}


async def test_one_that_is_refused_is_told_and_holds_nobody_up(
    hass: HomeAssistant, world: World, told: list[ServiceCall]
) -> None:
    world.add_image()
    world.add_image("2.0.0", endpoint="thingy-0")
    await world.set_up()
    for endpoint in ("thingy-0", "thingy-1"):
        await world.add_device(endpoint)
        await world.ready(endpoint)
    damage(stored(world, "2.0.0"))
    world.remove_images()
    calls = async_capture_events(hass, EVENT_CALL_SERVICE)
    running = hass.async_create_task(night(hass))
    await world.until(lambda: [each.data["service"] for each in calls][-1:] == ["install"])
    seem_to_pass(hass, seconds=LIMIT_SECONDS)  # in which it was to begin
    await running
    assert said(told[0])[1] == [
        *("Updated:", f"- thingy-1: {OLD} to {NEW}"),
        *("Not begun:", "- thingy-0: could not begin; Home Assistant's log says why"),
    ]


async def test_one_that_is_cancelled_by_somebody_is_no_failure(
    hass: HomeAssistant, world: World, told: list[ServiceCall]
) -> None:
    world.add_image()
    await world.set_up()
    await world.add_held_device("thingy-1")
    entity_id = await world.ready("thingy-1")
    running = hass.async_create_task(night(hass))
    await world.until(lambda: world.phase("thingy-1").state == "transferring")
    target = {"entity_id": entity_id}
    await hass.services.async_call(DOMAIN, "cancel_update", target, blocking=True)
    await running
    assert said(told[0])[1] == ["Not over in time:", f"- thingy-1: version {NEW} was cancelled"]


@pytest.mark.parametrize("kind", ["entity_id", "device_id", "area_id", "floor_id", "label_id"])
async def test_only_the_chosen_devices_are_updated(
    hass: HomeAssistant, two: World, told: list[ServiceCall], kind: str
) -> None:
    entity_id = two.entity_id("thingy-2", "firmware", "update")
    assert entity_id is not None
    floor = fr.async_get(hass).async_create("Ground")
    area = ar.async_get(hass).async_create("Hall", floor_id=floor.floor_id)
    label = lr.async_get(hass).async_create("Pilot")
    dr.async_get(hass).async_update_device(device_id(two, "thingy-2"), area_id=area.id)
    er.async_get(hass).async_update_entity(entity_id, labels={label.label_id})
    chosen = {
        "entity_id": entity_id,
        "device_id": [device_id(two, "thingy-2")],
        "area_id": [area.id],
        "floor_id": floor.floor_id,
        "label_id": [label.label_id],
    }
    await night(hass, devices={kind: chosen[kind]})
    assert said(told[0])[1] == ["Updated:", f"- thingy-2: {OLD} to {NEW}"]
    assert versions(two) == {"thingy-1": OLD, "thingy-2": NEW}


async def test_the_report_is_a_notification_of_home_assistants_unless_something_else_is_chosen(
    hass: HomeAssistant, two: World
) -> None:
    shown = async_mock_service(hass, "persistent_notification", "create")
    times = {"begins_at": clock(hours=-1), "ends_at": clock(hours=2)}
    async with automation(hass, NIGHT, **times) as at_night:
        await run(hass, at_night)
    [call] = shown
    assert call.data["title"] == "Firmware at night: 2 updated, 0 failed"
    assert versions(two) == {"thingy-1": NEW, "thingy-2": NEW}
