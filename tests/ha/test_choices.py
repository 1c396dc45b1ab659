"""What people choose for a device: a version that it is to have, and updates by themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from custom_components.flownexus_ota.auto_update import AutoUpdater

from .fleet import NEW, OLD, World
from .test_windows import closed_now


async def choose(world: World, endpoint: str, option: str) -> None:
    """Pin a device to a version, or to none."""
    entity_id = world.entity_id(endpoint, "firmware_version", "select")
    data = {"entity_id": entity_id, "option": option}
    await world.hass.services.async_call("select", "select_option", data, blocking=True)


async def switch(world: World, endpoint: str, state: str = "on") -> None:
    """Let a device update by itself, or no longer."""
    entity_id = world.entity_id(endpoint, "auto_update", "switch")
    await world.hass.services.async_call(
        "switch", f"turn_{state}", {"entity_id": entity_id}, blocking=True
    )


@asynccontextmanager
async def looked_after(world: World) -> AsyncIterator[None]:
    """Look for updates that begin by themselves, all the time."""
    running = asyncio.create_task(AutoUpdater(world.runtime, look_seconds=0.01).run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait((running,))


def pinned(world: World, endpoint: str) -> str:
    state = world.find(endpoint, "firmware_version", "select")
    assert state is not None
    return state.state


async def test_a_pinned_version_is_what_the_card_offers_also_if_it_is_older(
    world: World,
) -> None:
    world.add_image("0.9.0")
    world.add_image(NEW)
    await world.add_device("sensor-1")
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    select = world.find("sensor-1", "firmware_version", "select")
    assert select is not None
    assert (select.state, select.attributes["options"]) == ("latest", ["latest", NEW, "0.9.0"])
    assert world.firmware("sensor-1").attributes["latest_version"] == NEW

    await choose(world, "sensor-1", "0.9.0")

    await world.until(lambda: pinned(world, "sensor-1") == "0.9.0")
    assert world.firmware("sensor-1").attributes["latest_version"] == "0.9.0"
    assert world.firmware("sensor-1").state == "on"
    await world.install(entity_id)
    await world.until(lambda: world.firmware("sensor-1").state == "off")
    assert world.devices["sensor-1"].record.running_version == "0.9.0"


async def test_a_pin_survives_a_reload_and_the_loss_of_its_image(world: World) -> None:
    world.add_image("0.9.0")
    await world.add_device("sensor-1")
    entry = await world.set_up()
    await world.ready("sensor-1")
    await choose(world, "sensor-1", "0.9.0")
    world.remove_images()
    await world.hass.config_entries.async_reload(entry.entry_id)
    await world.ready("sensor-1")
    select = world.find("sensor-1", "firmware_version", "select")
    assert select is not None
    assert (select.state, select.attributes["options"]) == ("0.9.0", ["latest", "0.9.0"])
    assert world.firmware("sensor-1").attributes["latest_version"] == OLD
    await choose(world, "sensor-1", "latest")
    await world.until(lambda: pinned(world, "sensor-1") == "latest")


async def test_a_choice_that_cannot_be_stored_is_told_and_not_made(world: World) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")
    shared = world.runtime.shared
    await asyncio.to_thread(shared.writer.close)
    with pytest.raises(HomeAssistantError) as caught:
        await switch(world, "sensor-1")
    assert caught.value.translation_key == "choice_not_stored"
    state = world.find("sensor-1", "auto_update", "switch")
    assert state is not None
    assert state.state == "off"


async def test_devices_whose_switch_is_on_are_updated_by_themselves(world: World) -> None:
    world.add_image()
    for endpoint in ("sensor-1", "sensor-2", "sensor-3"):
        await world.add_device(endpoint)
    await world.set_up()
    for endpoint in ("sensor-1", "sensor-2", "sensor-3"):
        await world.ready(endpoint)
    await switch(world, "sensor-1")
    await switch(world, "sensor-3")
    async with looked_after(world):
        await world.until(lambda: world.phase("sensor-1").state == "succeeded")
        await world.until(lambda: world.phase("sensor-3").state == "succeeded")
    assert world.firmware("sensor-2").state == "on"
    first, second = world.view("sensor-1").session, world.view("sensor-3").session
    assert first is not None
    assert second is not None
    assert first.finished_at is not None
    assert second.created_at >= first.finished_at
    assert (first.asked_by, second.asked_by) == (None, None)


async def test_what_failed_was_skipped_or_has_no_window_now_does_not_begin_by_itself(
    world: World,
) -> None:
    world.add_image()
    await world.add_device("failing-1", "bad_checksum")
    await world.add_device("skipped-1")
    await world.add_device("patient-1")
    entry = await world.set_up()
    for endpoint in ("failing-1", "skipped-1", "patient-1"):
        await world.ready(endpoint)
    with pytest.raises(HomeAssistantError):
        await world.install(await world.ready("failing-1"))
    skipped = {"entity_id": world.entity_id("skipped-1", "firmware", "update")}
    await world.hass.services.async_call("update", "skip", skipped, blocking=True)
    for endpoint in ("failing-1", "skipped-1"):
        await switch(world, endpoint)
    updater = AutoUpdater(world.runtime)
    await updater.look()
    assert world.view("skipped-1").session is None
    failed = world.view("failing-1").session
    assert failed is not None
    assert failed.phase.is_final
    world.hass.config_entries.async_update_entry(
        entry, options={**entry.options, "window": closed_now()}
    )
    await world.hass.async_block_till_done()
    await switch(world, "patient-1")
    await updater.look()
    assert world.view("patient-1").session is None


async def test_what_speaks_against_an_update_now_lets_the_next_device_have_its_turn(
    world: World,
) -> None:
    world.add_image()
    await world.add_device("sensor-1")
    entry = await world.set_up()
    await world.ready("sensor-1")
    await switch(world, "sensor-1")
    world.hass.config.api = None
    without_address = {**entry.options}
    del without_address["firmware_base_url"]
    world.hass.config_entries.async_update_entry(entry, options=without_address)
    await world.hass.async_block_till_done()
    updater = AutoUpdater(world.runtime)
    await updater.look()
    await updater.look()
    assert world.view("sensor-1").session is None


async def test_nothing_is_known_of_versions_before_the_folder_was_read(
    hass: HomeAssistant, world: World
) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")
    select = world.find("sensor-1", "firmware_version", "select")
    assert select is not None
    assert select.attributes["options"] == ["latest"]
