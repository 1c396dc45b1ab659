"""What is told of sessions, and what becomes of devices after them."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.flownexus_ota.engine.refusal import (
    DeviceUnknownError,
    ResetFailedError,
    UpdateActiveError,
)
from custom_components.flownexus_ota.engine.session_runner import SessionRunner
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.lwm2m.firmware_update import UpdateState
from custom_components.flownexus_ota.ota.happening import happening_of
from custom_components.flownexus_ota.ota.phase import Phase, Reason
from custom_components.flownexus_ota.ota.profile import Deadlines
from custom_components.flownexus_ota.storage.errors import HistoryError
from tests.fakes import TIMEOUT, FakeDevice

from .gateways import HeldGateway
from .stage import BRIEF, IMAGE, QUICK, Stage

NEW = IMAGE.version
IMPATIENT = replace(
    QUICK,
    deadlines=Deadlines(
        settle=timedelta(milliseconds=5),
        reread=timedelta(milliseconds=5),
        installing=BRIEF,
        silence=timedelta(seconds=30),
    ),
)


def told(stage: Stage) -> list[str]:
    """Return what was told, in order."""
    happenings = [happening_of(before, after) for before, after in stage.steps]
    return [str(each) for each in happenings if each is not None]


def obedient(stage: Stage, device: FakeDevice) -> None:
    """Let a device download at once, and install when it is told to."""
    device.on_write = lambda _: stage.gateway.notify(device, state=2)
    device.on_execute = lambda: stage.gateway.notify(device, version=NEW, state=0, result=1)


async def failed(stage: Stage) -> FakeDevice:
    """Let a device never come back from an installation, as far as its session waits."""
    stage.profile = IMPATIENT
    device = stage.gateway.add("a")
    device.on_write = lambda _: stage.gateway.notify(device, state=2)
    device.on_execute = lambda: stage.gateway.notify(device, state=3)
    await stage.connected()
    await stage.update(device)
    await stage.in_phase(device, Phase.FAILED)
    await stage.until(lambda: stage.engine.server_view().running_count == 0)
    assert stage.session(device).reason is Reason.DID_NOT_COME_BACK
    return device


async def evidence(stage: Stage, device: FakeDevice) -> list[str | None]:
    """Return what the history has seen in a device's last session."""
    session = stage.session(device)
    events = await stage.chronicle.ask_in_turn(lambda history: history.events(session.id))
    return [event.evidence for event in events]


async def test_every_remembered_step_is_told_in_order(stage: Stage) -> None:
    device = stage.gateway.add("a")
    obedient(stage, device)
    await stage.connected()
    await stage.update(device)
    await stage.in_phase(device, Phase.SUCCEEDED)
    assert told(stage) == ["queued", "started", "downloaded", "installing", "succeeded"]
    before, first = stage.steps[0]
    assert before is None
    assert first.phase is Phase.WAITING
    assert [step[0] for step in stage.steps[1:]] == [step[1] for step in stage.steps[:-1]]


async def test_who_is_told_of_the_end_may_begin_anew_at_once(stage: Stage) -> None:
    device = stage.gateway.add("a")
    device.on_write = lambda _: stage.gateway.notify(device, state=0, result=2)
    await stage.connected()
    await stage.update(device)
    again: list[asyncio.Task[SessionRunner]] = []

    def note(_: Endpoint) -> None:
        is_over = stage.view(device).phase is Phase.FAILED and not again
        again.extend([asyncio.create_task(stage.update(device))] if is_over else [])

    stage.on_change = note
    await stage.until(lambda: bool(again))
    runner = await again[0]
    assert runner.session.id != stage.steps[0][1].id


async def test_of_two_who_begin_anew_at_once_one_is_refused(stage: Stage) -> None:
    device = stage.gateway.add("a")
    device.on_write = lambda _: stage.gateway.notify(device, state=0, result=2)
    await stage.connected()
    await stage.update(device)
    again: list[asyncio.Future[list[object]]] = []

    def note(_: Endpoint) -> None:
        is_over = stage.view(device).phase is Phase.FAILED and not again
        asks = [stage.update(device), stage.update(device)] if is_over else []
        again.extend([asyncio.gather(*asks, return_exceptions=True)] if asks else [])

    stage.on_change = note
    await stage.until(lambda: bool(again))
    assert [type(each) for each in await again[0]] == [SessionRunner, UpdateActiveError]


async def test_a_cancelled_download_loses_its_url_although_the_write_has_no_answer_yet(
    stage: Stage, gateway: HeldGateway
) -> None:
    device = stage.gateway.add("a")
    device.on_write = lambda _: stage.gateway.notify(device, state=1)
    await stage.connected()
    gateway.writing.clear()
    await stage.update(device)
    await stage.in_phase(device, Phase.TRANSFERRING)
    assert stage.offering.open
    cancelling = asyncio.create_task(stage.engine.cancel(device.endpoint))
    await stage.until(lambda: not stage.offering.open)
    assert not cancelling.done()
    stage.gateway.notify(device, state=0)
    device.on_write = lambda _: None
    gateway.writing.set()
    assert (await cancelling).phase is Phase.CANCELLED


async def test_what_cannot_be_stored_is_not_told(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.set_read_only(is_read_only=True)
    with pytest.raises(HistoryError):
        await stage.update(device)
    assert stage.steps == []


async def test_a_device_that_comes_back_late_is_told_once_and_stays_failed(stage: Stage) -> None:
    device = await failed(stage)
    device.version, device.state = NEW, 0
    stage.gateway.register(device, "r2")
    await stage.until(lambda: bool(stage.latecomers))
    assert stage.latecomers == [stage.session(device)]
    assert stage.session(device).phase is Phase.FAILED
    assert (await evidence(stage, device))[-1] == f"arrived late: runs {NEW}"
    device.asked.clear()
    stage.gateway.register(device, "r3")
    await stage.until(lambda: len(device.asked) == 2)
    await stage.chronicle.ask_in_turn(lambda _: None)
    assert len(stage.latecomers) == 1


async def test_a_device_that_comes_back_after_our_restart_arrives_late_too(stage: Stage) -> None:
    device = await failed(stage)
    await stage.restart()
    device.version, device.state = NEW, 0
    stage.gateway.register(device, "r2")
    await stage.connected()
    await stage.until(lambda: bool(stage.latecomers))
    assert [session.target.version for session in stage.latecomers] == [NEW]


async def test_a_device_that_comes_back_on_its_old_version_has_not_arrived(stage: Stage) -> None:
    device = await failed(stage)
    device.state = 0
    stage.gateway.register(device, "r2")
    await stage.until(lambda: stage.view(device).facts.update_state == 0)
    assert stage.latecomers == []


async def test_a_busy_device_without_a_session_is_busy_with_somebody_elses_update(
    stage: Stage,
) -> None:
    device = stage.gateway.add("a", state=1)
    await stage.connected()
    assert stage.view(device).is_foreign_busy
    assert sorted(device.asked) == ["read /3/0", "read /5/0"]


async def test_what_our_failed_update_left_behind_is_not_somebody_elses(stage: Stage) -> None:
    device = await failed(stage)
    device.state = UpdateState.DOWNLOADED
    stage.gateway.register(device, "r2")
    await stage.until(lambda: stage.view(device).facts.update_state == 2)
    assert not stage.view(device).is_foreign_busy


async def test_an_update_of_a_foreign_busy_device_is_refused_by_what_it_reads(
    stage: Stage,
) -> None:
    device = stage.gateway.add("a", state=1)
    await stage.connected()
    await stage.update(device)
    await stage.in_phase(device, Phase.FAILED)
    assert stage.session(device).reason is Reason.FOREIGN_UPDATE
    assert not [each for each in device.asked if each.startswith("write")]
    await stage.until(lambda: stage.view(device).is_foreign_busy)


async def test_a_device_that_is_idle_again_is_not_busy_any_more(stage: Stage) -> None:
    device = stage.gateway.add("a", state=1)
    await stage.connected()
    stage.gateway.notify(device, state=0)
    await stage.until(lambda: not stage.view(device).is_foreign_busy)


async def test_a_device_that_was_busy_is_looked_at_again_after_a_restart(stage: Stage) -> None:
    device = stage.gateway.add("a", state=1)
    idle = stage.gateway.add("b")
    await stage.connected()
    device.asked.clear()
    idle.asked.clear()
    await stage.restart()
    await stage.connected()
    await stage.until(lambda: stage.view(device).is_foreign_busy)
    assert sorted(device.asked) == ["read /3/0", "read /5/0"]
    assert idle.asked == []


async def test_a_reset_makes_a_device_drop_somebody_elses_image(stage: Stage) -> None:
    device = stage.gateway.add("a", state=2)
    device.on_write = lambda _: setattr(device, "state", 0)
    device.on_execute = lambda: setattr(device, "state", 0)
    await stage.connected()
    await stage.engine.reset_device(device.endpoint)
    assert not stage.view(device).is_foreign_busy
    obedient(stage, device)
    await stage.update(device)
    await stage.in_phase(device, Phase.SUCCEEDED)


async def test_a_reset_that_changes_nothing_is_told(stage: Stage) -> None:
    device = stage.gateway.add("a", state=1)
    await stage.connected()
    with pytest.raises(ResetFailedError):
        await stage.engine.reset_device(device.endpoint)
    assert stage.view(device).is_foreign_busy


async def test_a_reset_that_nobody_hears_is_told(stage: Stage) -> None:
    device = stage.gateway.add("a", state=2)
    await stage.connected()
    device.errors.extend([TIMEOUT] * 8)
    with pytest.raises(ResetFailedError):
        await stage.engine.reset_device(device.endpoint)


async def test_nothing_begins_during_a_reset_and_nothing_is_reset_during_an_update(
    stage: Stage, gateway: HeldGateway
) -> None:
    device = stage.gateway.add("a", state=2)
    device.on_write = lambda _: setattr(device, "state", 0)
    device.on_execute = lambda: setattr(device, "state", 0)
    await stage.connected()
    gateway.reading.clear()
    resetting = asyncio.create_task(stage.engine.reset_device(device.endpoint))
    await stage.until(lambda: gateway.in_flight > 0)
    with pytest.raises(UpdateActiveError):
        await stage.update(device)
    with pytest.raises(UpdateActiveError):
        await stage.engine.reset_device(device.endpoint)
    gateway.reading.set()
    await resetting
    await stage.update(device)
    with pytest.raises(UpdateActiveError):
        await stage.engine.reset_device(device.endpoint)


async def test_a_device_that_nobody_knows_cannot_be_reset(stage: Stage) -> None:
    with pytest.raises(DeviceUnknownError):
        await stage.engine.reset_device(Endpoint("nobody"))
