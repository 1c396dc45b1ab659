"""The update entity, through services and states."""

import pytest
from homeassistant.exceptions import HomeAssistantError

from .fleet import NEW, OLD, World


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
