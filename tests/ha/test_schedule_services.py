"""Updates for later: at a time, or in the next maintenance window."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from homeassistant.auth.models import User
from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.util import dt as dt_util

from custom_components.flownexus_ota.const import DOMAIN

from .fleet import NEW, World
from .test_windows import closed_now

IN_AN_HOUR = timedelta(hours=1)


async def schedule(
    world: World, *endpoints: str, context: Context | None = None, **data: Any
) -> None:
    """Use the action on the update entities of devices."""
    entity_ids = [world.entity_id(endpoint, "firmware", "update") for endpoint in endpoints]
    await world.hass.services.async_call(
        DOMAIN,
        "schedule_update",
        {"entity_id": entity_ids, **data},
        blocking=True,
        context=context,
    )


async def prepared(world: World, **options: object) -> World:
    """Return a world with a device and a newer image."""
    world.add_image()
    world.add_image("0.9.0")
    await world.add_device("sensor-1")
    await world.set_up(**options)
    await world.ready("sensor-1")
    return world


async def test_an_update_for_later_waits_visibly_and_can_be_cancelled(world: World) -> None:
    await prepared(world)
    at = (dt_util.now() + IN_AN_HOUR).replace(microsecond=0)
    await schedule(world, "sensor-1", at=at.strftime("%Y-%m-%d %H:%M:%S"))
    await world.until(lambda: world.phase("sensor-1").state == "waiting")
    attributes = world.phase("sensor-1").attributes
    assert (attributes["waiting_reason"], attributes["target_version"]) == ("scheduled", NEW)
    session = world.view("sensor-1").session
    assert session is not None
    assert datetime.fromtimestamp(session.not_before_s, UTC) == at
    entity_id = world.entity_id("sensor-1", "cancel_update", "button")
    await world.hass.services.async_call("button", "press", {"entity_id": entity_id}, blocking=True)
    assert world.phase("sensor-1").state == "cancelled"


async def test_the_next_window_is_that_of_the_devices_profile(world: World) -> None:
    window = closed_now()
    await prepared(world, window=window)
    await schedule(world, "sensor-1", in_window=True)
    session = world.view("sensor-1").session
    assert session is not None
    opening = dt_util.as_local(datetime.fromtimestamp(session.not_before_s, UTC))
    assert opening.strftime("%H:%M:00") == window["opens"]


async def test_a_named_version_may_be_an_older_one(world: World) -> None:
    await prepared(world)
    at = dt_util.now() + IN_AN_HOUR
    await schedule(world, "sensor-1", at=at.strftime("%Y-%m-%d %H:%M:%S"), version="0.9.0")
    assert world.phase("sensor-1").attributes["target_version"] == "0.9.0"


async def test_the_pinned_version_may_be_an_older_one(world: World) -> None:
    await prepared(world)
    data = {
        "entity_id": world.entity_id("sensor-1", "firmware_version", "select"),
        "option": "0.9.0",
    }
    await world.hass.services.async_call("select", "select_option", data, blocking=True)
    at = dt_util.now() + IN_AN_HOUR
    await schedule(world, "sensor-1", at=at.strftime("%Y-%m-%d %H:%M:%S"))
    assert world.phase("sensor-1").attributes["target_version"] == "0.9.0"


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"at": "2020-01-01 00:00:00"}, "time_not_ahead"),
        ({"at": "2999-01-01 00:00:00"}, "time_not_ahead"),
        ({"in_window": True}, "no_window"),
        ({}, "time_missing"),
        # As the page sends it when the field is ticked, and its switch is not.
        ({"in_window": False}, "time_missing"),
        ({"at": "tomorrow", "in_window": True}, "time_missing"),
        ({"at": "tomorrow", "version": "7.7.7"}, "no_image_for_version"),
    ],
)
async def test_what_cannot_be_planned_is_refused_in_words(
    world: World, data: dict[str, Any], key: str
) -> None:
    await prepared(world)
    tomorrow = (dt_util.now() + timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S")
    data = {name: tomorrow if value == "tomorrow" else value for name, value in data.items()}
    with pytest.raises(ServiceValidationError) as caught:
        await schedule(world, "sensor-1", **data)
    assert caught.value.translation_key == key
    assert world.view("sensor-1").session is None


async def test_a_time_counts_beside_a_window_that_is_not_asked_for(world: World) -> None:
    await prepared(world)
    at = (dt_util.now() + IN_AN_HOUR).strftime("%Y-%m-%d %H:%M:%S")
    await schedule(world, "sensor-1", at=at, in_window=False)
    assert world.phase("sensor-1").attributes["waiting_reason"] == "scheduled"


async def test_a_device_that_cannot_be_planned_does_not_stop_the_others(world: World) -> None:
    await prepared(world)
    await world.add_device("sensor-2")
    await world.ready("sensor-2")
    at = (dt_util.now() + IN_AN_HOUR).strftime("%Y-%m-%d %H:%M:%S")
    await schedule(world, "sensor-1", at=at)
    with pytest.raises(ServiceValidationError) as caught:
        await schedule(world, "sensor-1", "sensor-2", at=at)
    assert caught.value.translation_key == "update_in_progress"
    assert world.phase("sensor-2").attributes["waiting_reason"] == "scheduled"


async def test_a_call_needs_a_target_and_an_administrator(
    world: World, hass_read_only_user: User
) -> None:
    await prepared(world)
    at = (dt_util.now() + IN_AN_HOUR).strftime("%Y-%m-%d %H:%M:%S")
    with pytest.raises(ServiceValidationError) as caught:
        await world.hass.services.async_call(DOMAIN, "schedule_update", {"at": at}, blocking=True)
    assert caught.value.translation_key == "no_target"
    with pytest.raises(Unauthorized):
        await schedule(world, "sensor-1", at=at, context=Context(user_id=hass_read_only_user.id))
