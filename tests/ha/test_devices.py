"""The device registry and the sensors: what is shown of devices and of their server."""

from pathlib import Path

from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.storage.history import HistoryDb
from simulator.leshan import SimulatedLeshan

from .fleet import NEW, OLD, World


def registered(world: World, *endpoint: str) -> dr.DeviceEntry | None:
    """Return the registry's entry of a device, or of the server when no endpoint is named."""
    entry_id = world.runtime.entry.entry_id
    identifier = (DOMAIN, "_".join((entry_id, *endpoint)))
    return dr.async_get(world.hass).async_get_device_by_identifier(identifier, entry_id)


def device_entry(world: World, *endpoint: str) -> dr.DeviceEntry:
    """Return the same, which is there."""
    entry = registered(world, *endpoint)
    assert entry is not None
    return entry


def names(world: World) -> dict[str, tuple[str, str, str | None]]:
    """Return the entities of the server and its devices: id, device and name, by unique id."""
    entry_id = world.runtime.entry.entry_id
    return {
        each.unique_id: (each.entity_id, str(each.device_id), each.original_name)
        for each in er.async_entries_for_config_entry(er.async_get(world.hass), entry_id)
    }


async def test_a_device_is_registered_as_object_3_tells_it(world: World) -> None:
    device = await world.add_device("urn:imei:1 2")
    await world.set_up()
    await world.ready("urn:imei:1 2")
    identity = device.settings.identity
    entry = device_entry(world, "urn:imei:1 2")
    assert (entry.name, entry.manufacturer, entry.model) == (
        "urn:imei:1 2",
        identity.manufacturer,
        identity.model,
    )
    assert (entry.serial_number, entry.hw_version, entry.sw_version) == (
        identity.serial_number,
        identity.hardware_version,
        OLD,
    )
    assert entry.via_device_id == device_entry(world).id
    assert entry.configuration_url == f"{world.leshan.base_url}/#/clients/urn%3Aimei%3A1%202/3"


async def test_the_server_is_a_service_that_leads_to_its_own_pages(world: World) -> None:
    entry = await world.set_up()
    hub = device_entry(world)
    assert (hub.name, hub.entry_type, hub.configuration_url) == (
        entry.title,
        dr.DeviceEntryType.SERVICE,
        world.leshan.base_url,
    )


async def test_unique_ids_are_of_the_entry_and_the_endpoint(world: World) -> None:
    await world.add_device("sensor-1")
    entry = await world.set_up()
    await world.ready("sensor-1")
    entities = er.async_entries_for_config_entry(er.async_get(world.hass), entry.entry_id)
    assert {each.unique_id.removeprefix(f"{entry.entry_id}_") for each in entities} == {
        "connected",
        "updates_running",
        "updates_waiting",
        "sensor-1_auto_update",
        "sensor-1_cancel_update",
        "sensor-1_firmware",
        "sensor-1_firmware_update",
        "sensor-1_firmware_version",
        "sensor-1_last_result",
        "sensor-1_last_seen",
        "sensor-1_update_phase",
    }


async def test_ids_and_names_outlive_a_registration_another_address_and_a_renamed_server(
    world: World,
) -> None:
    device = await world.add_device("sensor-1")
    entry = await world.set_up()
    await world.ready("sensor-1")
    before = names(world)
    await device.stop()
    former, world.leshan = world.leshan, SimulatedLeshan()
    await former.stop()
    await world.leshan.start()
    moved = {**entry.data, "url": world.leshan.base_url}
    # Setting another address reloads the entry.
    world.hass.config_entries.async_update_entry(entry, title="Greenhouse", data=moved)
    await world.hass.async_block_till_done()
    device.start()
    await world.until(lambda: world.view("sensor-1").is_registered)
    assert device_entry(world, "sensor-1").configuration_url == (
        f"{world.leshan.base_url}/#/clients/sensor-1/3"
    )
    assert device_entry(world).name == "Greenhouse"
    assert names(world) == before
    await world.leshan.stop()


async def test_the_registry_follows_the_version_after_an_update(world: World) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    await world.install(await world.ready("sensor-1"))
    await world.until(lambda: device_entry(world, "sensor-1").sw_version == NEW)


async def test_the_phase_tells_what_a_person_asks_next(world: World) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    assert world.phase("sensor-1").state == "unknown"
    assert "attempt" not in world.phase("sensor-1").attributes
    await world.install(entity_id)
    attributes = world.phase("sensor-1").attributes
    assert (attributes["target_version"], attributes["attempt"]) == (NEW, 1)
    assert (attributes["last_result"], attributes["reason"]) == ("success", "version_proved")
    assert (attributes["waiting_reason"], attributes["queue_position"]) == (None, None)
    assert attributes["deadline"] is None
    told = world.phase("sensor-1").state_info
    assert told is not None
    # What changes often is of no use in the recorder.
    assert {"deadline", "queue_position"} <= told["unrecorded_attributes"]


async def test_the_server_counts_and_tells_whether_it_is_connected(world: World) -> None:
    await world.add_held_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    await world.until(lambda: world.hub_state("connected", "binary_sensor") == "on")
    assert (world.hub_state("updates_running"), world.hub_state("updates_waiting")) == ("0", "0")
    call = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: world.hub_state("updates_running") == "1")
    world.let_go("sensor-1")
    await call
    await world.until(lambda: world.hub_state("updates_running") == "0")
    await world.leshan.refuse_connections()
    await world.until(lambda: world.hub_state("connected", "binary_sensor") == "off")
    assert world.firmware("sensor-1").state == "off"
    await world.leshan.accept_connections()
    await world.until(lambda: world.hub_state("connected", "binary_sensor") == "on")


async def removal(world: World, client_of: WebSocketGenerator, device: dr.DeviceEntry) -> bool:
    """Ask to delete a device, as a person does; tell whether that was allowed."""
    client = await client_of()
    await client.send_json_auto_id(
        {
            "type": "config/device_registry/remove_config_entry",
            "config_entry_id": world.runtime.entry.entry_id,
            "device_id": device.id,
        }
    )
    return bool((await client.receive_json())["success"])


async def test_a_device_that_is_gone_may_be_deleted_and_comes_back(
    world: World, hass_ws_client: WebSocketGenerator
) -> None:
    device = await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")
    entry = device_entry(world, "sensor-1")
    assert await removal(world, hass_ws_client, device_entry(world)) is False
    assert await removal(world, hass_ws_client, entry) is False
    await device.stop()
    await world.until(lambda: not world.view("sensor-1").is_registered)
    assert await removal(world, hass_ws_client, entry) is True
    assert registered(world, "sensor-1") is None
    await world.until(lambda: world.find("sensor-1", "firmware", "update") is None)
    await world.add_device("sensor-1")
    await world.ready("sensor-1")
    assert device_entry(world, "sensor-1").sw_version == OLD


async def test_removing_the_entry_forgets_its_devices_and_their_history(world: World) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    entry = await world.set_up()
    await world.install(await world.ready("sensor-1"))
    assert await world.hass.config_entries.async_remove(entry.entry_id)
    history = HistoryDb.open(Path(world.hass.config.path(DOMAIN, f"{DOMAIN}.db")))
    left = (history.devices(entry.entry_id), history.sessions(server_id=entry.entry_id))
    history.close()
    assert left == ([], [])


async def test_what_nobody_knows_is_not_shown(world: World) -> None:
    entry = await world.set_up()
    entry.runtime_data.async_device_changed(Endpoint("nobody"))
    assert entry.runtime_data.devices == {}
