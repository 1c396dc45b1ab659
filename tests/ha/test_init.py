"""Setting up, reloading and unloading an entry, whatever state its server is in."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.flownexus_ota.const import (
    CONF_MAX_PARALLEL_UPDATES,
    CONF_URL,
    CONF_VERIFY_SSL,
    DOMAIN,
)
from custom_components.flownexus_ota.storage.migrations import known_version
from custom_components.flownexus_ota.storage.opening import open_database
from simulator.leshan import SimulatedLeshan
from simulator.leshan_generation import LeshanSettings

from .complaints import tracebacks
from .fleet import NEW, OLD, World

TOKEN = "letmein"


def reauth_flows(world: World) -> list[str]:
    flows = world.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [each["step_id"] for each in flows if each["context"]["source"] == SOURCE_REAUTH]


def our_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if "flownexus" in each.name]


def our_tasks() -> list[str]:
    return [each.get_name() for each in asyncio.all_tasks() if "flownexus" in each.get_name()]


def database(world: World) -> Path:
    return Path(world.hass.config.path(DOMAIN, f"{DOMAIN}.db"))


def put_garbage(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no database at all, and longer than a header" * 100)


def is_garbage(file: str) -> bool:
    return Path(file).read_bytes().startswith(b"no database")


async def test_a_new_server_that_is_down_is_tried_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.leshan.refuse_connections()
    entry = world.add_entry()
    await world.hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "server_unreachable"
    assert our_threads() == []
    await world.leshan.accept_connections()
    async_fire_time_changed(world.hass, dt_util.utcnow() + timedelta(minutes=1))
    await world.until(lambda: entry.state is ConfigEntryState.LOADED)
    assert tracebacks(caplog) == []


async def test_known_devices_are_there_while_their_server_is_down_and_updates_wait_for_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    device = await world.add_device("sensor-1")
    world.add_image()
    entry = await world.set_up()
    entity_id = await world.ready("sensor-1")
    assert await world.hass.config_entries.async_unload(entry.entry_id)
    await world.leshan.refuse_connections()
    assert await world.hass.config_entries.async_setup(entry.entry_id)
    assert (world.firmware("sensor-1").state, world.hub_state("connected", "binary_sensor")) == (
        "on",
        "off",
    )
    await world.install(entity_id)
    phase = world.phase("sensor-1")
    assert (phase.state, phase.attributes["waiting_reason"]) == ("waiting", "server_down")
    await world.leshan.accept_connections()
    await world.until(lambda: world.phase("sensor-1").state == "succeeded")
    assert device.record.running_version == NEW
    await world.until(lambda: world.hub_state("connected", "binary_sensor") == "on")
    assert tracebacks(caplog) == []


async def test_a_server_that_refuses_a_new_entry_is_asked_for_with_other_credentials(
    world: World,
) -> None:
    guarded = SimulatedLeshan(LeshanSettings(token=TOKEN))
    await guarded.start()
    entry = MockConfigEntry(
        domain=DOMAIN, data={CONF_URL: guarded.base_url, CONF_VERIFY_SSL: True}, title="Guarded"
    )
    entry.add_to_hass(world.hass)
    await world.hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert reauth_flows(world) == ["reauth_confirm"]
    await guarded.stop()


async def test_a_server_that_refuses_later_is_asked_for_with_other_credentials(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.add_device("sensor-1")
    entry = await world.set_up()
    await world.ready("sensor-1")
    await world.leshan.refuse_connections()
    guarded = SimulatedLeshan(LeshanSettings(token=TOKEN))
    await guarded.start(port=int(world.leshan.base_url.rpartition(":")[2]))
    await world.until(lambda: reauth_flows(world) == ["reauth_confirm"])
    assert entry.state is ConfigEntryState.LOADED
    assert world.firmware("sensor-1").state != "unavailable"
    await guarded.stop()
    assert tracebacks(caplog) == []


async def test_a_device_appears_without_a_reload(world: World) -> None:
    await world.set_up()
    await world.add_device("sensor-1")
    await world.ready("sensor-1")
    assert world.firmware("sensor-1").state == "off"


async def test_reloading_and_unloading_leave_nothing_behind(world: World) -> None:
    await world.add_device("sensor-1")
    entry = await world.set_up()
    await world.ready("sensor-1")
    for _ in range(2):
        assert await world.hass.config_entries.async_reload(entry.entry_id)
        await world.until(lambda: world.hub_state("connected", "binary_sensor") == "on")
    assert len(our_threads()) == 1
    assert await world.hass.config_entries.async_unload(entry.entry_id)
    await world.until(lambda: world.leshan.event_stream_count == 0)
    assert (our_threads(), our_tasks()) == ([], [])
    assert world.firmware("sensor-1").state == "unavailable"


async def test_two_servers_stand_side_by_side_and_may_share_a_name(world: World) -> None:
    device = await world.add_device("sensor-1")
    world.add_image()
    entry = await world.set_up()
    entity_id = await world.ready("sensor-1")
    leshan = SimulatedLeshan()
    await leshan.start()
    other = World(world.hass, leshan, world.firmware_url)
    twin = await other.add_device("sensor-1")
    other_entry = await other.set_up()
    other_entity_id = await other.ready("sensor-1")
    assert entity_id != other_entity_id
    await world.install(entity_id)
    assert (device.record.running_version, twin.record.running_version) == (NEW, OLD)
    assert await world.hass.config_entries.async_unload(entry.entry_id)
    await other.install(other_entity_id)
    assert twin.record.running_version == NEW
    assert await world.hass.config_entries.async_unload(other_entry.entry_id)
    assert our_threads() == []
    await twin.stop(deregisters=False)
    await leshan.stop()


async def test_more_places_are_given_without_a_reload(world: World) -> None:
    for name in ("sensor-1", "sensor-2"):
        await world.add_held_device(name)
    world.add_image()
    entry = await world.set_up(**{CONF_MAX_PARALLEL_UPDATES: 1})
    runtime = entry.runtime_data
    calls = [
        world.hass.async_create_task(world.install(await world.ready(name)))
        for name in ("sensor-1", "sensor-2")
    ]
    await world.until(lambda: world.hub_state("updates_waiting") == "1")
    assert world.hub_state("updates_running") == "1"
    options = {**entry.options, CONF_MAX_PARALLEL_UPDATES: 2}
    world.hass.config_entries.async_update_entry(entry, options=options)
    await world.until(lambda: world.hub_state("updates_running") == "2")
    assert entry.runtime_data is runtime
    world.let_go("sensor-1", "sensor-2")
    await asyncio.gather(*calls)
    await world.until(lambda: world.phase("sensor-2").state == "succeeded")


async def test_another_address_reloads_the_entry(world: World) -> None:
    entry = await world.set_up()
    runtime = entry.runtime_data
    moved = SimulatedLeshan()
    await moved.start()
    data = {**entry.data, CONF_URL: moved.base_url}
    world.hass.config_entries.async_update_entry(entry, data=data)
    await world.until(lambda: moved.event_stream_count == 1)
    assert entry.runtime_data is not runtime
    assert await world.hass.config_entries.async_unload(entry.entry_id)
    await moved.stop()


async def test_a_damaged_history_is_moved_aside_and_named(world: World) -> None:
    put_garbage(database(world))
    entry = await world.set_up()
    issue = ir.async_get(world.hass).async_get_issue(DOMAIN, "history_damaged")
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert entry.state is ConfigEntryState.LOADED
    assert is_garbage(issue.translation_placeholders["file"])


async def test_a_history_of_a_newer_release_is_left_alone_and_named(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    connection, _ = open_database(database(world))
    connection.execute(f"PRAGMA user_version = {known_version() + 1}")
    connection.close()
    entry = world.add_entry()
    await world.hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "history_is_newer"
    caplog.clear()
    assert await world.hass.config_entries.async_remove(entry.entry_id)
    assert tracebacks(caplog) == []
    assert "stays stored" in caplog.text


async def test_an_entry_that_was_never_set_up_can_be_removed(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, disabled_by=ConfigEntryDisabler.USER)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert tracebacks(caplog) == []
    assert our_threads() == []
