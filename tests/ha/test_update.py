"""The update entity, through services and states."""

import asyncio

import pytest
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.event import async_track_state_change_event
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.flownexus_ota.const import CONF_MAX_PARALLEL_UPDATES
from custom_components.flownexus_ota.engine.refusal import UpdateActiveError
from custom_components.flownexus_ota.lwm2m.events import Endpoint

from .fleet import NEW, OLD, STEPWISE, World


async def test_pressing_update_ends_with_the_device_on_the_new_version(world: World) -> None:
    device = await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    assert world.firmware("sensor-1").state == "on"
    await world.install(entity_id)
    assert device.record.running_version == NEW
    await world.until(lambda: world.firmware("sensor-1").state == "off")
    assert world.firmware("sensor-1").attributes["installed_version"] == NEW
    assert world.phase("sensor-1").state == "succeeded"


async def test_a_bad_checksum_raises_its_own_text(world: World) -> None:
    device = await world.add_device("sensor-1", "bad_checksum")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    with pytest.raises(HomeAssistantError) as raised:
        await world.install(entity_id)
    assert raised.value.translation_key == "update_failed_integrity_failed"
    assert device.record.running_version == OLD
    assert world.phase("sensor-1").state == "failed"


@pytest.mark.parametrize(
    ("behaviour", "key"),
    [
        ("no_space", "update_failed_no_storage"),
        ("out_of_memory", "update_failed_out_of_mem"),
        ("connection_lost", "update_failed_connection_lost"),
        ("unsupported_type", "update_failed_unsup_fw"),
        ("invalid_uri", "update_failed_invalid_uri"),
        ("update_fails", "update_failed_update_failed"),
        ("update_fails_idle", "update_failed_update_failed"),
        ("unsupported_protocol", "update_failed_unsup_proto"),
    ],
)
async def test_what_the_device_reports_is_what_the_person_reads(
    world: World, behaviour: str, key: str
) -> None:
    await world.add_device("sensor-1", behaviour)
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    with pytest.raises(HomeAssistantError) as raised:
        await world.install(entity_id)
    assert raised.value.translation_key == key


@pytest.mark.parametrize(
    "behaviour",
    ["result_before_state", "state_before_result", "stale_result", "ignores_second_uri"],
)
async def test_devices_with_habits_are_updated_all_the_same(world: World, behaviour: str) -> None:
    device = await world.add_device("sensor-1", behaviour)
    world.add_image()
    await world.set_up()
    await world.install(await world.ready("sensor-1"))
    assert device.record.running_version == NEW
    assert world.phase("sensor-1").state == "succeeded"


async def test_progress_shows_the_share_of_bytes_that_left(world: World) -> None:
    await world.add_held_device("sensor-1", STEPWISE)
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    seen: list[int] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        percentage = None if new is None else new.attributes["update_percentage"]
        seen.extend([] if percentage is None else [percentage])

    async_track_state_change_event(world.hass, entity_id, note)
    call = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: any(0 < each < 100 for each in seen))
    world.let_go("sensor-1")
    await call
    assert seen == sorted(seen)


async def test_a_second_update_of_a_busy_device_is_refused(world: World) -> None:
    await world.add_held_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    first = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: world.firmware("sensor-1").attributes["in_progress"])
    with pytest.raises(HomeAssistantError, match="progress"):
        await world.install(entity_id)
    with pytest.raises(UpdateActiveError):
        await world.engine.request_update(
            Endpoint("sensor-1"), world.image_of("sensor-1"), asked_by=None
        )
    world.let_go("sensor-1")
    await first


async def test_two_calls_at_the_same_moment_begin_one_update(world: World) -> None:
    device = await world.add_held_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    calls = [world.hass.async_create_task(world.install(entity_id)) for _ in range(2)]
    await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    world.let_go("sensor-1")
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in outcomes].count(ServiceValidationError) == 1
    assert device.record.running_version == NEW


async def test_an_update_of_a_sleeping_device_is_stored_and_runs_when_it_wakes(
    world: World,
) -> None:
    world.add_image()
    await world.set_up()
    device = await world.add_sleeping_device("sensor-1")
    await world.install(await world.ready("sensor-1"))
    phase = world.phase("sensor-1")
    assert (phase.state, phase.attributes["waiting_reason"]) == ("waiting", "asleep")
    assert world.firmware("sensor-1").attributes["in_progress"] is True
    device.wake()
    await world.until(lambda: world.phase("sensor-1").state == "succeeded")
    assert device.record.running_version == NEW


async def test_a_version_that_no_image_has_is_refused_by_name(world: World) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    with pytest.raises(ServiceValidationError) as raised:
        await world.install(entity_id, "9.9.9")
    assert raised.value.translation_key == "no_image_for_version"
    assert world.firmware("sensor-1").attributes["in_progress"] is False


async def test_an_older_version_is_installed_when_it_is_named(world: World) -> None:
    device = await world.add_device("sensor-1", version="2.0.0")
    world.add_image(OLD)
    await world.set_up()
    entity_id = await world.ready("sensor-1", version="2.0.0")
    assert world.firmware("sensor-1").state == "off"
    await world.install(entity_id, OLD)
    assert device.record.running_version == OLD


async def test_an_image_that_its_device_reports_in_other_words_is_not_offered_again(
    world: World,
) -> None:
    reported = f"{NEW}-release"
    await world.add_device("sensor-1", version=reported)
    world.add_image(NEW, reported_version=reported)
    await world.set_up()
    await world.ready("sensor-1", version=reported)
    assert world.firmware("sensor-1").state == "off"
    assert world.firmware("sensor-1").attributes["latest_version"] == reported


async def test_the_latest_version_is_unknown_until_the_catalogue_was_read(world: World) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")
    assert world.firmware("sensor-1").attributes["latest_version"] == OLD
    world.runtime.shared.keeper.catalogue = None
    world.runtime.async_catalogue_changed()
    assert world.firmware("sensor-1").state == "unknown"


async def test_looking_for_updates_reads_the_folder_again(world: World) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    assert world.firmware("sensor-1").state == "off"
    world.add_image(title="Sensor firmware", release_notes="* faster\n", release_url="https://a.b")
    await world.hass.services.async_call(
        "homeassistant", "update_entity", {"entity_id": [entity_id]}, blocking=True
    )
    state = world.firmware("sensor-1")
    assert state.state == "on"
    assert state.attributes["title"] == "Sensor firmware"
    assert state.attributes["release_url"] == "https://a.b"


async def test_release_notes_are_had_over_the_websocket(
    world: World, hass_ws_client: WebSocketGenerator
) -> None:
    await world.add_device("sensor-1")
    world.add_image(release_notes="* faster\n")
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "update/release_notes", "entity_id": entity_id})
    assert (await client.receive_json())["result"] == "* faster"


async def test_unloading_ends_a_waiting_call_and_setting_up_again_goes_on(world: World) -> None:
    device = await world.add_held_device("sensor-1")
    world.add_image()
    entry = await world.set_up()
    entity_id = await world.ready("sensor-1")
    call = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: world.phase("sensor-1").state == "transferring")
    assert await world.hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(HomeAssistantError) as raised:
        await call
    assert raised.value.translation_key == "goes_on_after_restart"
    assert await world.hass.config_entries.async_setup(entry.entry_id)
    world.let_go("sensor-1")
    await world.until(lambda: world.phase("sensor-1").state == "succeeded")
    assert device.record.running_version == NEW


async def test_stopping_home_assistant_ends_a_waiting_call(world: World) -> None:
    await world.add_held_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    call = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: world.phase("sensor-1").state == "transferring")
    world.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    with pytest.raises(HomeAssistantError) as raised:
        await call
    assert raised.value.translation_key == "goes_on_after_restart"


async def asked_for(world: World, endpoint: str) -> asyncio.Task[None]:
    """Press *Update*; return the call once the update has its place, or its place in the queue.

    Of calls at the same moment, the one comes first whose image is looked at first.
    """
    call = world.hass.async_create_task(world.install(await world.ready(endpoint)))
    await world.until(lambda: world.view(endpoint).is_session_active)
    await world.until(lambda: world.phase(endpoint).state != "unknown")
    return call


async def test_who_waits_moves_up_when_somebody_ahead_leaves(world: World) -> None:
    for name in ("a", "b", "c"):
        await world.add_held_device(name)
    world.add_image()
    await world.set_up(**{CONF_MAX_PARALLEL_UPDATES: 1})
    calls = [await asked_for(world, name) for name in ("a", "b", "c")]
    await world.until(lambda: world.phase("c").attributes.get("queue_position") == 2)
    world.let_go("a")
    await world.until(lambda: world.phase("c").attributes.get("queue_position") == 1)
    assert world.phase("a").state == "succeeded"
    world.let_go("b", "c")
    await asyncio.gather(*calls)
    await world.until(lambda: world.phase("c").state == "succeeded")
