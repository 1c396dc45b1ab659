"""All entities of a device, or its update entity alone."""

from collections import Counter

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from custom_components.flownexus_ota.const import CONF_ENTITIES_PER_DEVICE, EVENT_UPDATE
from custom_components.flownexus_ota.entity_choice import EntitiesPerDevice

from .fleet import NEW, World
from .forms import open_topic, suggestions

MINIMAL = {CONF_ENTITIES_PER_DEVICE: EntitiesPerDevice.MINIMAL.value}
STANDARD = {CONF_ENTITIES_PER_DEVICE: EntitiesPerDevice.STANDARD.value}


def of_devices(world: World) -> Counter[str]:
    """Return how many entities of each platform the devices have in the registry."""
    return Counter(entity.domain for entity in entries(world) if is_of_a_device(world, entity))


def of_the_server(world: World) -> set[str]:
    return {entity.entity_id for entity in entries(world) if not is_of_a_device(world, entity)}


def entries(world: World) -> list[er.RegistryEntry]:
    registry = er.async_get(world.hass)
    return er.async_entries_for_config_entry(registry, world.runtime.entry.entry_id)


def is_of_a_device(world: World, entity: er.RegistryEntry) -> bool:
    return entity.device_id != world.runtime.hub_device_id


async def choose(world: World, choice: str) -> None:
    """Choose in the form, and wait until the server is set up so."""
    entry, before = world.runtime.entry, world.runtime
    form = await open_topic(world.hass, entry, "settings")
    answers = {**suggestions(form), CONF_ENTITIES_PER_DEVICE: choice}
    await world.hass.config_entries.options.async_configure(form["flow_id"], answers)
    await world.until(
        lambda: entry.state is ConfigEntryState.LOADED and world.runtime is not before
    )
    await world.hass.async_block_till_done()


async def test_minimal_is_one_update_entity_per_device_and_those_of_the_server(
    world: World,
) -> None:
    await world.add_device("sensor-1")
    await world.set_up(**MINIMAL)
    await world.ready("sensor-1")
    await world.add_device("sensor-2")
    await world.ready("sensor-2")
    assert of_devices(world) == {"update": 2}
    assert len(of_the_server(world)) == 3


async def test_with_the_switch_to_minimal_the_others_are_removed_and_come_back_with_standard(
    world: World,
) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    await world.hass.async_block_till_done()
    standard, server = of_devices(world), of_the_server(world)
    phase_id = world.entity_id("sensor-1", "update_phase", "sensor")
    assert standard >= Counter({"update": 1, "sensor": 1, "event": 1, "button": 1})
    assert phase_id is not None
    await choose(world, "minimal")
    assert of_devices(world) == {"update": 1}
    assert (world.hass.states.get(phase_id), of_the_server(world)) == (None, server)
    assert world.firmware("sensor-1").state == "off"
    await choose(world, "standard")
    assert of_devices(world) == standard
    assert world.entity_id("sensor-1", "update_phase", "sensor") == phase_id
    assert world.entity_id("sensor-1", "firmware", "update") == entity_id


async def test_an_update_needs_no_more_than_its_entity(world: World) -> None:
    heard: list[str] = []
    world.hass.bus.async_listen(EVENT_UPDATE, lambda event: heard.append(event.data["type"]))
    device = await world.add_device("sensor-1")
    world.add_image()
    await world.set_up(**MINIMAL)
    await world.install(await world.ready("sensor-1"))
    assert device.record.running_version == NEW
    await world.until(lambda: heard[-1:] == ["succeeded"])


async def test_an_update_goes_on_over_the_switch(world: World) -> None:
    device = await world.add_held_device("sensor-1")
    world.add_image()
    await world.set_up(**STANDARD)
    entity_id = await world.ready("sensor-1")
    call = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: world.phase("sensor-1").state == "transferring")
    await choose(world, "minimal")
    world.let_go("sensor-1")
    await world.until(lambda: device.record.running_version == NEW)
    await world.until(lambda: world.view("sensor-1").phase == "succeeded")
    with pytest.raises(HomeAssistantError) as raised:
        await call
    assert raised.value.translation_key == "goes_on_after_restart"
