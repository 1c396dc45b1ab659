"""Updates that are not begun, or that pause: a disk that fails, a device that takes no offers."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from custom_components.flownexus_ota.const import DOMAIN

from .complaints import tracebacks
from .fleet import NEW, World


@contextmanager
def locked_history(world: World) -> Iterator[None]:
    """Hold the database, as another program may, until the block ends."""
    path = world.hass.config.path(DOMAIN, f"{DOMAIN}.db")
    with closing(sqlite3.connect(path, autocommit=True)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


async def test_an_update_is_refused_by_name_while_it_cannot_be_remembered(world: World) -> None:
    device = await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    with locked_history(world), pytest.raises(HomeAssistantError) as raised:
        await world.install(entity_id)
    assert raised.value.translation_key == "history_not_writable"
    assert world.phase("sensor-1").state == "unknown"
    await world.install(entity_id)
    assert device.record.running_version == NEW


async def test_an_update_pauses_while_the_disk_fails_and_a_repair_issue_says_so(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    device = await world.add_held_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    call = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: world.phase("sensor-1").state == "transferring")
    issue = (DOMAIN, "history_not_writable")
    with locked_history(world):
        world.let_go("sensor-1")
        await world.until(lambda: issue in ir.async_get(world.hass).issues)
    await call
    assert issue not in ir.async_get(world.hass).issues
    assert device.record.running_version == NEW
    assert len(tracebacks(caplog)) == 1
    assert [each.exc_info for each in caplog.records if each.levelname == "ERROR"] == [None]


async def test_a_device_that_takes_only_pushed_images_is_refused_by_name(world: World) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    resource = {"kind": "singleResource", "id": 9, "type": "INTEGER", "value": "1"}
    told = {"ep": "sensor-1", "kind": "single", "res": "/5/0/9", "val": resource}
    await world.until(lambda: world.leshan.event_stream_count == 1)
    event = f"event: NOTIFICATION\ndata: {json.dumps(told)}\n\n"
    world.leshan.send_raw_event_bytes(event.encode())
    await world.until(lambda: world.view("sensor-1").facts.delivery_method == 1)
    with pytest.raises(ServiceValidationError) as raised:
        await world.install(entity_id)
    assert raised.value.translation_key == "refused_push_only"
