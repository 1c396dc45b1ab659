"""Updates that wait for a time: their maintenance window, or the one that somebody named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from custom_components.flownexus_ota.engine.surroundings import EnginePauses
from custom_components.flownexus_ota.ota.phase import Phase, WaitingReason
from custom_components.flownexus_ota.ota.window import MaintenanceWindow, WindowGate
from tests.fakes import FakeDevice

from .stage import IMAGE, QUICK, Stage

URI_WRITE = "write /5/0/1 http://127.0.0.1/f/token/a.bin"


def closed_now() -> MaintenanceWindow:
    """Return a window that opens in some hours."""
    opens = datetime.now(UTC) + timedelta(hours=6)
    return MaintenanceWindow(
        opens=opens.time(), closes=(opens + timedelta(hours=1)).time(), zone=UTC
    )


def waits_for(stage: Stage, device: FakeDevice) -> WaitingReason | None:
    return stage.view(device).waiting_reason


async def test_an_update_outside_the_window_waits_and_begins_when_that_opens(
    stage: Stage,
) -> None:
    stage.profile = replace(QUICK, window=closed_now())
    device = stage.gateway.add("a")
    await stage.connected()
    runner = await stage.update(device)
    assert not stage.engine.is_started(runner)
    assert waits_for(stage, device) is WaitingReason.WINDOW
    assert URI_WRITE not in device.asked
    stage.profile = QUICK
    stage.engine.profiles_changed()
    await stage.until(lambda: URI_WRITE in device.asked)


async def test_an_image_may_be_downloaded_before_the_window(stage: Stage) -> None:
    stage.profile = replace(QUICK, window=closed_now(), window_gate=WindowGate.INSTALL)
    device = stage.gateway.add("a")
    await stage.connected()
    await stage.update(device)
    await stage.until(lambda: URI_WRITE in device.asked)
    stage.gateway.notify(device, state=1)
    stage.gateway.notify(device, state=2)
    await stage.until(lambda: waits_for(stage, device) is WaitingReason.WINDOW)
    assert stage.view(device).phase is Phase.STAGED
    assert "execute /5/0/2" not in device.asked
    assert stage.engine.server_view().running_count == 0
    stage.profile = QUICK
    stage.engine.profiles_changed()
    await stage.until(lambda: "execute /5/0/2" in device.asked)


async def test_an_update_for_later_begins_by_itself_when_its_time_has_come(
    stage: Stage,
) -> None:
    await stage.stop()
    stage.pauses = EnginePauses(resync=0.01, restart=0.01, clock=0.01)
    await stage.start()
    device = stage.gateway.add("a")
    await stage.connected()
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await stage.engine.request_update(device.endpoint, IMAGE, asked_by=None, not_before=soon)
    await stage.until(lambda: URI_WRITE in device.asked)
    # Nobody knows how much of the second is left once it is stored: what it was then is kept.
    _, as_asked_for = stage.steps[0]
    started_at = stage.session(device).started_at
    assert as_asked_for.waiting_reason is WaitingReason.SCHEDULED
    assert started_at is not None
    assert int(started_at.timestamp()) >= as_asked_for.not_before_s == int(soon.timestamp())


async def test_an_update_for_later_is_remembered_over_a_restart(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    later = datetime.now(UTC) + timedelta(days=40)
    await stage.engine.request_update(device.endpoint, IMAGE, asked_by=None, not_before=later)
    await stage.restart()
    await stage.connected()
    session = stage.view(device).session
    assert session is not None
    assert waits_for(stage, device) is WaitingReason.SCHEDULED
    assert session.not_before_s == int(later.timestamp())
    assert session.deadline_at is not None
    assert session.deadline_at > later
    assert URI_WRITE not in device.asked


async def test_one_that_waits_for_its_window_does_not_hold_up_the_others(stage: Stage) -> None:
    patient, other = stage.gateway.add("a"), stage.gateway.add("b")
    await stage.connected()
    later = datetime.now(UTC) + timedelta(hours=1)
    await stage.engine.request_update(patient.endpoint, IMAGE, asked_by=None, not_before=later)
    stage.engine.set_max_parallel(1)
    await stage.update(other)
    await stage.until(lambda: URI_WRITE in other.asked)
    assert waits_for(stage, patient) is WaitingReason.SCHEDULED
