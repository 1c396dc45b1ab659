"""A history that cannot be written: nothing is sent meanwhile, and it goes on by itself."""

import asyncio
import logging

import pytest

from custom_components.flownexus_ota.engine.refusal import EngineStoppedError
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.phase import Phase
from custom_components.flownexus_ota.storage.errors import HistoryUnavailableError
from tests.fakes import FakeDevice

from .stage import Stage


async def transferring(stage: Stage) -> FakeDevice:
    """Return a device that is in the middle of its download."""
    device = stage.gateway.add("a")
    await stage.connected()
    await stage.update(device)
    await stage.in_phase(device, Phase.OFFERED)
    stage.gateway.notify(device, state=1)
    await stage.in_phase(device, Phase.TRANSFERRING)
    return device


async def test_nothing_is_sent_while_the_disk_fails_and_it_goes_on_by_itself(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    device = await transferring(stage)
    stage.set_read_only(is_read_only=True)
    stage.gateway.notify(device, state=2)
    await stage.until(lambda: stage.writable == [False])
    assert stage.engine.server_view().is_history_writable is False
    assert stage.view(device).phase is Phase.TRANSFERRING
    assert "execute /5/0/2" not in device.asked
    stage.set_read_only(is_read_only=False)
    await stage.until(lambda: "execute /5/0/2" in device.asked)
    assert stage.writable == [False, True]
    assert stage.engine.server_view().is_history_writable is True
    errors = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert [each.exc_info for each in errors] == [None]


async def test_an_update_is_not_begun_while_the_disk_fails(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.set_read_only(is_read_only=True)
    with pytest.raises(HistoryUnavailableError):
        await stage.update(device)
    assert stage.view(device).session is None
    assert stage.engine.server_view().running_count == 0
    stage.set_read_only(is_read_only=False)
    await stage.update(device)
    await stage.in_phase(device, Phase.OFFERED)


async def test_other_devices_are_shown_while_the_disk_fails(stage: Stage) -> None:
    await stage.connected()
    stage.set_read_only(is_read_only=True)
    stage.gateway.register(stage.gateway.add("a"), "r1")
    await stage.until(lambda: stage.engine.endpoints == [Endpoint("a")])
    stage.set_read_only(is_read_only=False)


async def test_a_stop_does_not_wait_for_a_disk_that_fails(stage: Stage) -> None:
    device = await transferring(stage)
    stage.set_read_only(is_read_only=True)
    stage.gateway.notify(device, state=2)
    await stage.until(lambda: stage.writable == [False])
    await stage.restart()
    assert stage.view(device).phase is Phase.TRANSFERRING
    assert "execute /5/0/2" not in device.asked


async def test_what_was_told_after_the_history_was_closed_is_left_out(stage: Stage) -> None:
    await stage.stop()
    stage.chronicle.tell_later(lambda history: history.remove_server("server"))
    await stage.start()
    assert stage.engine.endpoints == []


async def test_an_update_that_is_asked_for_while_the_engine_stops_goes_on_after_the_restart(
    stage: Stage,
) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    held = stage.writer.hold()
    request = asyncio.create_task(stage.update(device))
    await stage.until(lambda: stage.view(device).is_session_active and held.done())
    stopping = asyncio.create_task(stage.stop())
    runner = await request
    with pytest.raises(EngineStoppedError):
        await runner.finished
    await stopping
    assert not [each for each in asyncio.all_tasks() if "session" in each.get_name()]
    await stage.start()
    await stage.connected()
    await stage.in_phase(device, Phase.OFFERED)
    assert stage.session(device).id == runner.session.id
