"""What a session may not miss: that it is cancelled, that bytes leave, and how much time it has."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.flownexus_ota.engine.courier import Courier
from custom_components.flownexus_ota.engine.refusal import CancelTooLateError
from custom_components.flownexus_ota.engine.session_runner import (
    MAX_PENDING_REPORTS,
    RunnerHooks,
    SessionRunner,
)
from custom_components.flownexus_ota.lwm2m.events import Awake, Sleeping
from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.ota.phase import Phase, Reason, WaitingReason
from custom_components.flownexus_ota.ota.report import (
    BytesServed,
    ResultReported,
    StateReported,
    VersionReported,
)
from custom_components.flownexus_ota.ota.session_state import Session
from tests.fakes import FakeDevice

from .stage import QUICK, Stage

HOUR = timedelta(hours=1)


async def downloading(stage: Stage, device: FakeDevice) -> SessionRunner:
    """Let a device download; it drops everything when its address is emptied."""
    device.on_write = lambda uri: setattr(device, "state", 1 if uri else 0)
    await stage.connected()
    runner = await stage.update(device)
    await stage.in_phase(device, Phase.OFFERED)
    stage.gateway.notify(device, state=1)
    await stage.in_phase(device, Phase.TRANSFERRING)
    return runner


async def test_a_cancellation_that_comes_as_the_device_begins_to_install_is_refused_at_once(
    stage: Stage,
) -> None:
    device = stage.gateway.add("a")
    runner = await downloading(stage, device)
    runner.report(StateReported(state=3))
    with pytest.raises(CancelTooLateError):
        await asyncio.wait_for(stage.engine.cancel(device.endpoint), 5)
    assert stage.view(device).phase is Phase.INSTALLING


async def test_a_device_that_talks_while_nothing_can_be_stored_does_not_talk_over_a_person(
    stage: Stage,
) -> None:
    device = stage.gateway.add("a")
    runner = await downloading(stage, device)
    stage.set_read_only(is_read_only=True)
    stage.gateway.notify(device, result=0)
    await stage.until(lambda: stage.writable == [False])
    for _ in range(MAX_PENDING_REPORTS):
        runner.report(ResultReported(result=0))
    cancelling = asyncio.create_task(stage.engine.cancel(device.endpoint))
    await asyncio.sleep(0)
    stage.set_read_only(is_read_only=False)
    session = await asyncio.wait_for(cancelling, 5)
    assert session.phase is Phase.CANCELLED


async def test_an_update_that_waited_in_vain_says_for_what_it_waits_by_then(stage: Stage) -> None:
    stage.profile = replace(QUICK, deadlines=replace(QUICK.deadlines, waiting=HOUR / 3600))
    stage.engine.set_max_parallel(1)
    first, sleeper = stage.gateway.add("a"), stage.gateway.add("b", is_queue_mode=True)
    await downloading(stage, first)
    stage.gateway.tell(Sleeping(endpoint=sleeper.endpoint))
    await stage.until(lambda: stage.view(sleeper).is_asleep)
    runner = await stage.update(sleeper)
    assert runner.session.waiting_reason is WaitingReason.ASLEEP
    stage.gateway.tell(Awake(endpoint=sleeper.endpoint))
    session = await asyncio.wait_for(runner.finished, 10)
    assert session.reason is Reason.WAITED_TOO_LONG
    assert session.evidence == "DeadlinePassed waits_for=queue"


@dataclass
class Watched:
    """A session at work by a clock that the test sets; nobody asks its device."""

    stage: Stage
    session: Session
    set_by: timedelta = timedelta(0)
    runner: SessionRunner = field(init=False)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.set_by

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[SessionRunner]:
        hooks = RunnerHooks(
            on_change=lambda: None,
            on_step=lambda *_: None,
            is_reachable=lambda: False,
            now=self.now,
        )
        self.runner = runner = SessionRunner(self.session, QUICK, self.stage.chronicle, hooks)
        runner.courier = Courier(
            self.stage.gateway,
            self.stage.offering,
            session=lambda: runner.session,
            facts=lambda: DeviceFacts(endpoint=runner.session.endpoint),
            profile=QUICK,
            objection=_no_objection,
            on_report=runner.report,
            on_facts=lambda _: None,
        )
        task = asyncio.create_task(runner.run())
        try:
            yield runner
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _no_objection(*_: object) -> None:
    return None


async def session_of(stage: Stage, **changes: object) -> Session:
    """Return the session of a device that downloads, as another engine left it."""
    device = stage.gateway.add("a")
    await downloading(stage, device)
    session = stage.session(device)
    await stage.engine.stop()
    return replace(session, **changes)  # type: ignore[arg-type] # fields of Session


@pytest.mark.parametrize("set_by", [24 * HOUR, -HOUR], ids=["a_day_ahead", "an_hour_back"])
async def test_a_clock_that_is_set_neither_takes_time_from_a_device_nor_gives_it_more(
    stage: Stage, set_by: timedelta
) -> None:
    session = await session_of(stage)
    watched = Watched(stage, session)
    async with watched.at_work() as runner:
        await asyncio.sleep(0)
        watched.set_by = set_by
        runner.report(ResultReported(result=0))
        await stage.until(lambda: runner.session.deadline_at != session.deadline_at)
        assert runner.session.deadline_at is not None
        assert session.deadline_at is not None
        moved_by = runner.session.deadline_at - session.deadline_at
        assert abs(moved_by - set_by) < timedelta(minutes=1)
        assert runner.session.started_at is not None
        assert session.started_at is not None
        assert abs(runner.session.started_at - session.started_at - set_by) < timedelta(minutes=1)
        assert runner.session.phase is Phase.TRANSFERRING
        assert not runner.session.is_overdue


async def test_the_time_when_a_window_opens_is_a_time_of_day(stage: Stage) -> None:
    opens_at = datetime.now(UTC) + 6 * HOUR
    session = await session_of(
        stage, phase=Phase.STAGED, waiting_reason=WaitingReason.WINDOW, deadline_at=opens_at
    )
    watched = Watched(stage, session)
    async with watched.at_work() as runner:
        await asyncio.sleep(0)
        watched.set_by = HOUR
        runner.report(VersionReported(version="1.0.1"))
        await stage.until(lambda: runner.session.reported_version == "1.0.1")
        assert runner.session.deadline_at is not None
        assert runner.session.deadline_at - opens_at < timedelta(minutes=1)


async def test_bytes_count_again_after_more_was_told_than_could_be_taken(stage: Stage) -> None:
    device = stage.gateway.add("a")
    runner = await downloading(stage, device)
    runner.report(ResultReported(result=0))
    await stage.until(lambda: runner.session.device_result == 0)
    for _ in range(2 * MAX_PENDING_REPORTS):
        runner.report(ResultReported(result=0))
    before = runner.session.deadline_at
    runner.report(BytesServed())
    await stage.until(lambda: runner.session.deadline_at != before)
    assert runner.session.phase is Phase.TRANSFERRING
