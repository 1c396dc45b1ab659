"""The actions: who may use them, what they do, and what they answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from homeassistant.auth.models import User
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flownexus_ota.const import DOMAIN

from .fleet import NEW, OLD, World

ACTIONS = ("cancel_update", "retry_update", "get_history")


async def act(world: World, action: str, context: Context | None = None, **data: Any) -> Any:
    """Use an action, and return its answer if it has one."""
    has_answer = action == "get_history"
    return await world.hass.services.async_call(
        DOMAIN, action, data, blocking=True, context=context, return_response=has_answer
    )


async def updates(world: World, **data: Any) -> list[dict[str, Any]]:
    """Return what the history answers."""
    answer = await act(world, "get_history", **data)
    rows: list[dict[str, Any]] = answer["updates"]
    return rows


def device_id(world: World, endpoint: str) -> str:
    """Return the id of a device in the registry."""
    assert world.entry is not None
    device = dr.async_get(world.hass).async_get_device_by_identifier(
        (DOMAIN, f"{world.entry.entry_id}_{endpoint}"), world.entry.entry_id
    )
    assert device is not None
    return device.id


async def failed(world: World, endpoint: str, behaviour: str = "no_space") -> str:
    """Let an update of a new device fail; return its update entity's id."""
    await world.add_device(endpoint, behaviour)
    entity_id = await world.ready(endpoint)
    with pytest.raises(HomeAssistantError):
        await world.install(entity_id)
    return entity_id


@pytest.mark.parametrize("action", ACTIONS)
async def test_only_an_administrator_may_use_an_action(
    world: World, hass_read_only_user: User, action: str
) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")
    with pytest.raises(Unauthorized):
        await act(
            world,
            action,
            Context(user_id=hass_read_only_user.id),
            device_id=[device_id(world, "sensor-1")],
        )


async def test_an_administrator_may(world: World, hass_admin_user: User) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    context = Context(user_id=hass_admin_user.id)
    assert await act(world, "get_history", context) == {"updates": []}


@pytest.mark.parametrize("name", ["device", "entity", "server"])
async def test_an_update_is_cancelled_by_device_entity_or_server(world: World, name: str) -> None:
    device = await world.add_held_device("sensor-1")
    world.add_image()
    entry = await world.set_up()
    entity_id = await world.ready("sensor-1")
    call = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: world.phase("sensor-1").state == "transferring")
    aims = {
        "device": {"device_id": device_id(world, "sensor-1")},
        "entity": {"entity_id": entity_id},
        "server": {"config_entry_id": entry.entry_id},
    }
    await act(world, "cancel_update", **aims[name])
    with pytest.raises(HomeAssistantError) as raised:
        await call
    assert raised.value.translation_key == "update_failed_cancelled_by_user"
    assert device.record.running_version == OLD


async def test_of_a_server_only_what_runs_or_waits_is_cancelled(world: World) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    entry = await world.set_up()
    await world.install(await world.ready("sensor-1"))
    await act(world, "cancel_update", config_entry_id=entry.entry_id)
    assert world.phase("sensor-1").state == "succeeded"


async def test_all_others_are_cancelled_although_one_cannot_be(world: World) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    await world.ready("sensor-1")
    await world.add_sleeping_device("sensor-2")
    await world.install(await world.ready("sensor-2"))
    both = [device_id(world, "sensor-1"), device_id(world, "sensor-2")]
    with pytest.raises(ServiceValidationError) as raised:
        await act(world, "cancel_update", device_id=both)
    assert raised.value.translation_key == "nothing_to_cancel"
    assert world.phase("sensor-2").state == "cancelled"


async def test_a_failed_update_is_started_anew_with_the_same_image(
    world: World, hass_admin_user: User
) -> None:
    device = await world.add_device("sensor-1", "ignores_second_uri")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    await world.leshan.refuse_connections()
    await world.until(lambda: not world.engine.server_view().is_connected)
    await world.install(entity_id)
    await act(world, "cancel_update", entity_id=entity_id)
    await world.leshan.accept_connections()
    await world.until(lambda: world.engine.server_view().is_connected)
    context = Context(user_id=hass_admin_user.id)
    await act(world, "retry_update", context, entity_id=entity_id)
    await world.until(lambda: world.phase("sensor-1").state == "succeeded")
    assert device.record.running_version == NEW
    newest, oldest = await updates(world)
    assert (newest["phase"], oldest["phase"]) == ("succeeded", "cancelled")
    assert newest["asked_by"] == hass_admin_user.id
    assert newest["image_sha256"] == oldest["image_sha256"]


async def test_an_image_that_left_the_folder_is_taken_from_the_store(world: World) -> None:
    world.add_image()
    await world.set_up()
    entity_id = await failed(world, "sensor-1", "connection_lost")
    await world.runtime.shared.keeper.rescan()
    image = world.image_of("sensor-1")
    await world.hass.async_add_executor_job(world.remove_images)
    await world.runtime.shared.keeper.rescan()
    await act(world, "retry_update", entity_id=entity_id)
    await world.until(lambda: not world.view("sensor-1").is_session_active)
    rows = await updates(world)
    assert [row["image_sha256"] for row in rows] == [image.sha256] * 2
    assert rows[0]["reason"] == "device_reported"


async def test_an_image_that_is_gone_everywhere_is_told(world: World) -> None:
    world.add_image()
    await world.set_up()
    entity_id = await failed(world, "sensor-1")
    sha256 = world.image_of("sensor-1").sha256
    await world.hass.async_add_executor_job(world.remove_images)
    await world.runtime.shared.keeper.rescan()
    await world.hass.async_add_executor_job(world.runtime.shared.store.remove, sha256)
    with pytest.raises(ServiceValidationError) as raised:
        await act(world, "retry_update", entity_id=entity_id)
    assert raised.value.translation_key == "image_gone"
    assert raised.value.translation_placeholders == {"device": "sensor-1", "version": NEW}


async def test_what_has_not_failed_is_not_tried_again(world: World) -> None:
    await world.add_held_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    with pytest.raises(ServiceValidationError) as never:
        await act(world, "retry_update", entity_id=entity_id)
    call = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: world.phase("sensor-1").state == "transferring")
    with pytest.raises(ServiceValidationError) as active:
        await act(world, "retry_update", entity_id=entity_id)
    world.let_go("sensor-1")
    await call
    with pytest.raises(ServiceValidationError) as succeeded:
        await act(world, "retry_update", entity_id=entity_id)
    keys = [each.value.translation_key for each in (never, active, succeeded)]
    assert keys == ["nothing_to_retry", "update_in_progress", "nothing_to_retry"]


async def test_the_history_tells_updates_with_their_events_but_no_secrets(world: World) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    entry = await world.set_up()
    await world.install(await world.ready("sensor-1"))
    (row,) = await updates(world, include_events=True)
    assert row["config_entry_id"] == entry.entry_id
    assert row["device_id"] == device_id(world, "sensor-1")
    assert (row["endpoint"], row["from_version"], row["target_version"]) == ("sensor-1", OLD, NEW)
    assert (row["phase"], row["result"], row["reason"]) == (
        "succeeded",
        "success",
        "version_proved",
    )
    assert row["duration_seconds"] >= 0
    phases = [event["phase"] for event in row["events"]]
    assert (phases[0], phases[-1]) == ("waiting", "succeeded")
    session = world.view("sensor-1").session
    assert session is not None
    assert session.id not in str(row)
    (without,) = await updates(world)
    assert "events" not in without


async def test_the_history_tells_the_name_of_a_device_and_the_reason_in_words(
    world: World,
) -> None:
    world.add_image()
    await world.set_up()
    await failed(world, "sensor-1")
    registry = dr.async_get(world.hass)
    registry.async_update_device(device_id(world, "sensor-1"), name_by_user="Thingy 1")
    (row,) = await updates(world)
    assert (row["device_name"], row["reason_text"]) == ("Thingy 1", "Not enough flash memory")


async def test_the_history_is_asked_by_device_server_outcome_time_and_number(world: World) -> None:
    world.add_image()
    entry = await world.set_up()
    await failed(world, "sensor-1")
    await world.add_device("sensor-2")
    await world.install(await world.ready("sensor-2"))
    one, two = device_id(world, "sensor-1"), device_id(world, "sensor-2")
    between = (await updates(world, device_id=two))[0]["created_at"]
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    async def endpoints(**data: Any) -> list[str]:
        return [row["endpoint"] for row in await updates(world, **data)]

    assert await endpoints() == ["sensor-2", "sensor-1"]
    assert await endpoints(config_entry_id=entry.entry_id) == ["sensor-2", "sensor-1"]
    assert await endpoints(config_entry_id=entry.entry_id, device_id=one) == [
        "sensor-2",
        "sensor-1",
    ]
    assert await endpoints(device_id=[one, two]) == ["sensor-2", "sensor-1"]
    assert await endpoints(device_id=[one, two], limit=1) == ["sensor-2"]
    assert await endpoints(device_id=one) == ["sensor-1"]
    assert await endpoints(outcome="failed") == ["sensor-1"]
    assert await endpoints(outcome=["succeeded", "cancelled"]) == ["sensor-2"]
    assert await endpoints(outcome="active") == []
    assert await endpoints(since=between) == ["sensor-2"]
    assert await endpoints(until=between) == ["sensor-1"]
    assert await endpoints(since=tomorrow) == []
    assert await endpoints(until=dt_util.as_local(tomorrow).replace(tzinfo=None), limit=1) == [
        "sensor-2"
    ]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "no_target"),
        ({"device_id": "nobody"}, "not_our_device"),
        ({"entity_id": "light.nobody"}, "not_our_device"),
        ({"config_entry_id": "nobody"}, "server_not_loaded"),
    ],
)
async def test_an_action_that_is_aimed_at_nothing_of_ours_says_so(
    world: World, data: dict[str, Any], key: str
) -> None:
    await world.set_up()
    with pytest.raises(ServiceValidationError) as raised:
        await act(world, "cancel_update", **data)
    assert raised.value.translation_key == key


async def test_the_server_itself_is_no_device_to_update(world: World) -> None:
    await world.set_up()
    with pytest.raises(ServiceValidationError) as raised:
        await act(world, "cancel_update", device_id=world.runtime.hub_device_id)
    assert raised.value.translation_key == "not_our_device"


async def test_of_an_area_only_our_devices_are_meant(world: World) -> None:
    await world.set_up()
    await act(world, "cancel_update", area_id="cellar")
    assert await updates(world, area_id="cellar") == []


async def test_a_server_that_is_not_set_up_is_named(world: World) -> None:
    await world.add_device("sensor-1")
    entry = await world.set_up()
    await world.ready("sensor-1")
    one = device_id(world, "sensor-1")
    assert await world.hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as by_device:
        await act(world, "cancel_update", device_id=one)
    with pytest.raises(ServiceValidationError) as by_server:
        await act(world, "get_history", config_entry_id=entry.entry_id)
    with pytest.raises(ServiceValidationError) as by_nothing:
        await act(world, "get_history")
    keys = [each.value.translation_key for each in (by_device, by_server, by_nothing)]
    assert keys == ["server_not_loaded", "server_not_loaded", "no_server"]


async def test_another_integration_is_no_server_of_ours(world: World) -> None:
    await world.set_up()
    other = MockConfigEntry(domain="other")
    other.add_to_hass(world.hass)
    with pytest.raises(ServiceValidationError) as raised:
        await act(world, "retry_update", config_entry_id=other.entry_id)
    assert raised.value.translation_key == "server_not_loaded"


async def test_unloading_ends_a_cancellation_that_waits_for_its_device(world: World) -> None:
    # It does not hear that it is to stop, as long as it is held.
    await world.add_held_device("sensor-1", "ignores_second_uri")
    world.add_image()
    entry = await world.set_up()
    entity_id = await world.ready("sensor-1")
    install = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: world.phase("sensor-1").state == "transferring")
    cancel = world.hass.async_create_task(act(world, "cancel_update", entity_id=entity_id))
    await world.until(lambda: world.session("sensor-1").is_cancelling)
    assert await world.hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(HomeAssistantError) as raised:
        await cancel
    assert raised.value.translation_key == "goes_on_after_restart"
    with pytest.raises(HomeAssistantError):
        await install


async def test_the_actions_are_there_without_any_server(world: World) -> None:
    assert await async_setup_component(world.hass, DOMAIN, {})
    assert all(world.hass.services.has_service(DOMAIN, action) for action in ACTIONS)
