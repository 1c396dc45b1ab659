"""One scenario, on a real Leshan over UDP and on the simulated one in each generation."""

import pytest

from harness.hass_socket import CommandError
from harness.stage import Stage

from .complaints import complaints
from .fleet import NEW, OLD, Watcher, install, sensors, until_phase, until_up_to_date

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_a_device_from_before_home_assistant_started_is_updated(stage: Stage) -> None:
    entity_id = await stage.hass.update_entity("early-1")
    watcher = Watcher(stage, entity_id)
    await install(stage, entity_id)
    card = await until_up_to_date(stage, "early-1")
    assert card["attributes"]["installed_version"] == NEW
    assert stage.devices.booted_versions["early-1"] == [OLD, NEW]
    assert any(0 < each < 100 for each in watcher.percentages(entity_id))
    phase = await until_phase(stage, "early-1", "succeeded")
    assert phase["attributes"]["last_result"] == "success"


async def test_a_device_that_registers_later_appears_and_is_updated(stage: Stage) -> None:
    await stage.site.add_devices(sensors("late-"))
    await install(stage, await stage.hass.update_entity("late-1"))
    await until_up_to_date(stage, "late-1")
    devices = await stage.hass.socket.command("config/device_registry/list")
    assert [each["sw_version"] for each in devices if each["name"] == "late-1"] == [NEW]


async def test_what_goes_wrong_on_the_device_is_told_in_words(stage: Stage) -> None:
    await stage.site.add_devices(sensors("damaged-", "bad_checksum"))
    entity_id = await stage.hass.update_entity("damaged-1")
    with pytest.raises(CommandError) as raised:
        await install(stage, entity_id)
    assert raised.value.message == (
        "damaged-1 found the image of version 1.1.0 damaged (result 5). Check that the file in "
        "the firmware folder is complete, and signed for this device"
    )
    phase = await until_phase(stage, "damaged-1", "failed")
    assert phase["attributes"]["last_result"] == "integrity_failed"
    assert stage.hass.states[entity_id]["state"] == "on"
    assert stage.devices.running_version("damaged-1") == OLD


async def test_two_devices_are_updated_at_once(stage: Stage) -> None:
    await stage.site.add_devices(sensors("twin-", count=2))
    twins = [await stage.hass.update_entity(endpoint) for endpoint in ("twin-1", "twin-2")]
    watcher = Watcher(stage, *twins)
    await install(stage, *twins)
    await until_up_to_date(stage, "twin-1")
    await until_up_to_date(stage, "twin-2")
    assert watcher.most_at_once == 2


async def test_home_assistants_log_has_nothing_to_complain_of(stage: Stage) -> None:
    assert complaints(stage.hass.process.lines) == []
