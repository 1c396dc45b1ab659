"""Devices that have not been seen for long: which these are, and how that is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from homeassistant.helpers import issue_registry as ir

from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.stale_devices import StaleDevices

from .away import (
    LONG_AWAY,
    SHORTLY_AWAY,
    ask_for_update,
    begin,
    change_options,
    days_ago,
    issue,
    known,
    named,
    opened,
    remember,
    watch,
)
from .fleet import World
from .texts import TEXTS


async def test_devices_that_were_not_seen_for_long_are_one_issue_that_names_them(
    world: World, hass_storage: dict[str, Any]
) -> None:
    await begin(world, hass_storage, LONG_AWAY | SHORTLY_AWAY)

    await world.until(lambda: issue(world) is not None)

    found = issue(world)
    assert found is not None
    assert found.is_fixable
    title = TEXTS["issues"]["stale_devices"]["title"]
    assert title.format(**(found.translation_placeholders or {})) == (
        "Not seen at Leshan for over 90 days: old-1, old-2"
    )


async def test_of_many_devices_a_few_are_named_and_the_others_counted(
    world: World, hass_storage: dict[str, Any]
) -> None:
    await begin(world, hass_storage, {f"old-{number}": 400 - number for number in range(40)})

    await world.until(lambda: issue(world) is not None)

    assert named(world) == "old-0, old-1, old-2, old-3, old-4, … (40)"


async def test_nothing_is_deleted_by_itself(world: World, hass_storage: dict[str, Any]) -> None:
    await begin(world, hass_storage, LONG_AWAY)
    await world.until(lambda: issue(world) is not None)
    await world.hass.async_block_till_done()

    assert known(world) == set(LONG_AWAY)
    assert {name for name in LONG_AWAY if world.find(name, "firmware", "update")} == set(LONG_AWAY)


async def test_a_device_that_comes_back_goes_from_the_list_and_the_last_one_takes_it_along(
    world: World, hass_storage: dict[str, Any]
) -> None:
    await begin(world, hass_storage, LONG_AWAY)
    await world.until(lambda: issue(world) is not None)

    await world.add_device("old-1")
    await world.until(lambda: named(world) == "old-2")
    await world.add_device("old-2")
    await world.until(lambda: issue(world) is None)

    assert known(world) == set(LONG_AWAY)


async def test_a_device_that_is_to_be_updated_is_never_offered(
    world: World, hass_storage: dict[str, Any]
) -> None:
    world.add_image()
    await begin(world, hass_storage, LONG_AWAY | SHORTLY_AWAY)
    await world.until(lambda: issue(world) is not None)
    await ask_for_update(world, "old-1")
    await world.until(lambda: named(world) == "old-2")

    assert world.view("old-1").is_session_active


async def test_an_update_that_ended_does_not_keep_a_device_off_the_list(
    world: World, hass_storage: dict[str, Any]
) -> None:
    world.add_image()
    await begin(world, hass_storage, LONG_AWAY)
    await world.until(lambda: issue(world) is not None)
    await ask_for_update(world, "old-1")
    await world.until(lambda: named(world) == "old-2")
    await world.engine.cancel(Endpoint("old-1"))

    await change_options(world, stale_days=91)

    assert named(world) == "old-1, old-2"


async def test_the_option_says_after_how_many_days_and_applies_at_once(
    world: World, hass_storage: dict[str, Any]
) -> None:
    await begin(world, hass_storage, LONG_AWAY | SHORTLY_AWAY, stale_days=0)
    await world.hass.async_block_till_done()
    at_first = named(world)
    await change_options(world, stale_days=100)
    after_a_hundred_days = named(world)
    await change_options(world, stale_days=2)
    after_two = named(world)
    await change_options(world, stale_days=0)

    assert (at_first, after_a_hundred_days) == (None, "old-1, old-2")
    assert after_two == "old-1, old-2, new-1"
    assert issue(world) is None


async def test_days_without_a_connection_do_not_count(
    world: World, hass_storage: dict[str, Any]
) -> None:
    await begin(world, hass_storage, LONG_AWAY, watched_days=89)
    await world.hass.async_block_till_done()

    assert issue(world) is None


async def test_a_server_that_is_down_makes_no_device_stale(
    world: World, hass_storage: dict[str, Any]
) -> None:
    await world.leshan.refuse_connections()
    entry = world.add_entry()
    watch(hass_storage, entry.entry_id, days=120)
    remember(world, LONG_AWAY)
    assert await world.hass.config_entries.async_setup(entry.entry_id)
    await world.until(lambda: world.runtime.client.stream_problem is not None)
    await change_options(world, stale_days=1)
    while_down = issue(world)
    await world.leshan.accept_connections()
    await world.until(lambda: issue(world) is not None)

    assert while_down is None
    assert named(world) == "old-1, old-2"


async def test_an_ignored_issue_stays_ignored_when_its_devices_change(
    world: World, hass_storage: dict[str, Any]
) -> None:
    await begin(world, hass_storage, LONG_AWAY)
    await world.until(lambda: issue(world) is not None)
    found = issue(world)
    assert found is not None
    ir.async_get(world.hass).async_ignore(DOMAIN, found.issue_id, ignore=True)
    await world.add_device("old-1")
    await world.until(lambda: named(world) == "old-2")
    assert world.entry is not None
    assert await world.hass.config_entries.async_reload(world.entry.entry_id)
    await world.until(lambda: named(world) == "old-2")

    found = issue(world)
    assert found is not None
    assert found.dismissed_version is not None


async def test_a_device_that_is_deleted_by_hand_goes_from_the_list(
    world: World, hass_storage: dict[str, Any]
) -> None:
    await begin(world, hass_storage, LONG_AWAY)
    await world.until(lambda: issue(world) is not None)

    assert world.runtime.async_forget(Endpoint("old-1"))

    await world.until(lambda: named(world) == "old-2")


@asynccontextmanager
async def one_day_later(world: World) -> AsyncIterator[None]:
    """Let somebody look whose calendar is a day ahead, in place of who looks now."""
    tomorrow = (days_ago(0) + timedelta(days=1)).date()
    later = StaleDevices(world.runtime, today=lambda: tomorrow)
    world.runtime.stale_devices = later
    looking = world.hass.async_create_background_task(later.run(), "a day later")
    yield
    looking.cancel()
    await asyncio.wait((looking,))


async def test_devices_are_looked_at_again_on_the_next_day(
    world: World, hass_storage: dict[str, Any]
) -> None:
    await begin(world, hass_storage, {"new-1": 3}, stale_days=3)
    await world.hass.async_block_till_done()
    at_first = named(world)
    async with one_day_later(world):
        await world.until(lambda: named(world) == "new-1")
        await world.hass.async_block_till_done()

    assert at_first is None
    assert world.entry is not None
    stored = hass_storage[f"{DOMAIN}.{world.entry.entry_id}"]["data"]["watched_days"]
    assert stored[-2:] == [days_ago(day).date().isoformat() for day in (0, -1)]


async def test_when_a_device_was_last_seen_is_stored_though_it_told_nothing_new(
    world: World, hass_storage: dict[str, Any]
) -> None:
    device = await world.add_device("old-1")
    await begin(world, hass_storage, LONG_AWAY)
    await world.ready("old-1")
    assert world.entry is not None
    # Known with its registration by now, it is not read again: no fact changes.
    assert await world.hass.config_entries.async_reload(world.entry.entry_id)
    await world.until(lambda: world.runtime.server.data.registered_count == 1)
    registered_at = world.view("old-1").last_seen
    await device.send((3, 0, 3))
    await world.until(lambda: world.view("old-1").last_seen != registered_at)
    seen_at = world.view("old-1").last_seen
    async with one_day_later(world):
        await world.until(lambda: named(world) == "old-2")
        await world.hass.async_block_till_done()
    assert await world.hass.config_entries.async_unload(world.entry.entry_id)

    history = opened(world)
    seen = {each.facts.endpoint: each.last_seen for each in history.devices(world.entry.entry_id)}
    history.close()

    assert seen[Endpoint("old-1")] == seen_at
    assert (seen[Endpoint("old-2")] or days_ago(0)) < days_ago(199)


async def test_removing_the_server_takes_the_issue_and_the_days_along(
    world: World, hass_storage: dict[str, Any]
) -> None:
    await begin(world, hass_storage, LONG_AWAY)
    await world.until(lambda: issue(world) is not None)
    assert world.entry is not None

    await world.hass.config_entries.async_remove(world.entry.entry_id)

    assert issue(world) is None
    assert f"{DOMAIN}.{world.entry.entry_id}" not in hass_storage
