"""The blueprints: accepted by Home Assistant, and whole; a failure and a week are told."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.blueprint.errors import InvalidBlueprint
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import selector
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import extract_inputs, load_yaml_dict
from pytest_homeassistant_custom_component.common import (
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.flownexus_ota.const import DOMAIN

from .blueprint_files import FOLDER, NAMES, TELL, automation, blueprint, notifications, run, said
from .fleet import NEW, World
from .test_services import device_id, failed

FAILURE, WEEK, NIGHT = "notify_on_failure.yaml", "weekly_report.yaml", "update_at_night.yaml"


def test_there_are_three() -> None:
    assert {FAILURE, WEEK, NIGHT} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
async def test_home_assistant_accepts_a_blueprint(hass: HomeAssistant, name: str) -> None:
    found = await blueprint(hass, name)
    assert found.validate() is None
    assert found.metadata["homeassistant"]["min_version"] == "2026.10.0"
    assert found.metadata["author"] == "flownexus"


@pytest.mark.parametrize("name", NAMES)
async def test_every_input_is_used(hass: HomeAssistant, name: str) -> None:
    found = await blueprint(hass, name)
    assert extract_inputs(found.data) == set(found.inputs)


@pytest.mark.parametrize("name", NAMES)
async def test_every_input_has_a_name_and_a_default_that_its_selector_takes(
    hass: HomeAssistant, name: str
) -> None:
    inputs = (await blueprint(hass, name)).inputs.values()
    assert all(each["name"] for each in inputs)
    defaults = [each["default"] for each in inputs]
    takes: list[Any] = [selector(each["selector"]) for each in inputs]
    assert [take(given) for take, given in zip(takes, defaults, strict=True)] == defaults


@pytest.mark.parametrize("name", NAMES)
def test_an_input_that_is_not_defined_would_be_found(name: str) -> None:
    data: dict[str, Any] = load_yaml_dict(FOLDER / name)
    data["blueprint"]["input"].popitem()
    with pytest.raises(InvalidBlueprint, match="Missing input definition for"):
        Blueprint(data, schema=BLUEPRINT_SCHEMA)


@pytest.mark.parametrize("name", NAMES)
async def test_without_any_choice_it_is_switched_on(hass: HomeAssistant, name: str) -> None:
    async with automation(hass, name) as entity_id:
        assert hass.states.is_state(entity_id, "on")


async def test_a_failure_is_told_with_device_version_cause_and_help(
    hass: HomeAssistant, world: World
) -> None:
    told = notifications(hass)
    world.add_image()
    await world.set_up()
    async with automation(hass, FAILURE, notify_actions=[TELL]):
        await failed(world, "thingy-1")
        await world.until(lambda: bool(told))
    title, [why, what_next] = said(told[0])
    assert title == "Firmware update of thingy-1 failed"
    assert why == (
        f"thingy-1 has not enough flash memory for version {NEW} (result 2). Use a smaller image,"
        " or free memory on the device."
    )
    assert what_next.endswith("or use the action flownexus_ota.retry_update.")


async def test_a_failure_is_a_notification_of_home_assistants_unless_something_else_is_chosen(
    hass: HomeAssistant, world: World
) -> None:
    shown = async_mock_service(hass, "persistent_notification", "create")
    world.add_image()
    await world.set_up()
    async with automation(hass, FAILURE):
        await failed(world, "thingy-1")
        await world.until(lambda: bool(shown))
    [call] = shown
    assert call.data["title"] == "Firmware update of thingy-1 failed"
    identifier = f"flownexus_ota_update_failed_{device_id(world, 'thingy-1')}"
    assert call.data["notification_id"] == identifier


async def test_only_failures_of_the_chosen_devices_are_told(
    hass: HomeAssistant, world: World
) -> None:
    told = notifications(hass)
    world.add_image()
    await world.set_up()
    await world.add_device("thingy-2", "no_space")
    entity_id = await world.ready("thingy-2")
    chosen = {"device_id": [device_id(world, "thingy-2")]}
    async with automation(hass, FAILURE, notify_actions=[TELL], devices=chosen):
        await failed(world, "thingy-1")
        with pytest.raises(HomeAssistantError):
            await world.install(entity_id)
        await world.until(lambda: bool(told))
    assert [said(call)[0] for call in told] == ["Firmware update of thingy-2 failed"]


async def test_a_week_is_told_in_numbers_with_each_failure(
    hass: HomeAssistant, world: World
) -> None:
    told = notifications(hass)
    world.add_image()
    await world.set_up()
    await failed(world, "thingy-1")
    await failed(world, "thingy-2", "bad_checksum")
    registry = dr.async_get(hass)
    registry.async_update_device(device_id(world, "thingy-2"), name_by_user="[B](http://c)")
    await world.add_device("thingy-3")
    await world.install(await world.ready("thingy-3"))
    async with automation(hass, WEEK, report_actions=[TELL]) as weekly:
        await run(hass, weekly)
    [call] = told
    assert said(call) == (
        "Firmware updates of the week: 1 succeeded, 2 failed",
        [
            "In the last seven days, 1 succeeded and 2 failed.",
            "Failed:",
            f"- B (http: //c), version {NEW}: Image damaged",
            f"- thingy-1, version {NEW}: Not enough flash memory",
            "Devices that still have an update to install: 2.",
        ],
    )


async def test_a_week_without_updates_is_told_too(hass: HomeAssistant, world: World) -> None:
    shown = async_mock_service(hass, "persistent_notification", "create")
    await world.add_device("thingy-1")
    await world.set_up()
    await world.ready("thingy-1")
    async with automation(hass, WEEK) as weekly:
        await run(hass, weekly)
    [call] = shown
    assert said(call) == (
        "Firmware updates of the week: 0 succeeded, 0 failed",
        ["No update has ended in the last seven days.", "No device has an update to install."],
    )


def answered(finished_at: datetime, *, created_at: datetime, count: int = 1) -> dict[str, Any]:
    """Return an answer of the history, of devices with the same fate."""
    update = {
        "device_name": "thingy-1",
        "target_version": NEW,
        "reason_text": "No answer",
        "created_at": created_at.isoformat(),
        "finished_at": finished_at.isoformat(),
    }
    return {"updates": [update] * count}


@pytest.mark.parametrize(
    ("days_ago", "failure_count"), [(6, "1 failed"), (8, "0 failed")], ids=["in it", "before it"]
)
async def test_an_update_belongs_to_the_week_in_which_it_ended(
    hass: HomeAssistant, days_ago: int, failure_count: str
) -> None:
    told = notifications(hass)
    now = dt_util.utcnow()
    answer = answered(now - timedelta(days=days_ago), created_at=now - timedelta(days=30))
    async_mock_service(
        hass, DOMAIN, "get_history", response=answer, supports_response=SupportsResponse.ONLY
    )
    async with automation(hass, WEEK, report_actions=[TELL]) as weekly:
        await run(hass, weekly)
    [call] = told
    assert failure_count in call.data["title"]


async def test_more_than_the_history_answers_with_is_not_told_as_all(hass: HomeAssistant) -> None:
    told = notifications(hass)
    now = dt_util.utcnow()
    answer = answered(now, created_at=now, count=1000)
    async_mock_service(
        hass, DOMAIN, "get_history", response=answer, supports_response=SupportsResponse.ONLY
    )
    async with automation(hass, WEEK, report_actions=[TELL]) as weekly:
        await run(hass, weekly)
    title, lines = said(told[0])
    assert title.endswith("1000 or more succeeded, 1000 or more failed")
    assert lines[-2] == "- and 970 more"
    assert len(lines) == 34


@pytest.mark.parametrize(("day", "count"), [(7, 1), (8, 0)], ids=["Monday", "Tuesday"])
async def test_the_report_comes_at_its_time_on_its_day(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, day: int, count: int
) -> None:
    told = notifications(hass)
    now = datetime(2026, 12, day, 7, 59, 59, tzinfo=dt_util.get_default_time_zone())
    freezer.move_to(now)
    async_mock_service(
        hass,
        DOMAIN,
        "get_history",
        response={"updates": []},
        supports_response=SupportsResponse.ONLY,
    )
    async with automation(hass, WEEK, report_actions=[TELL]):
        freezer.tick(timedelta(seconds=1))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
    assert len(told) == count
