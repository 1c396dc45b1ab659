"""Sessions and backups: they wait where they would remember, restored ones for their server."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial

from custom_components.flownexus_ota.ota.phase import Phase, WaitingReason
from custom_components.flownexus_ota.ota.session_state import Session
from custom_components.flownexus_ota.storage.awaiting import stored
from tests.fakes import FakeDevice

from .stage import IMAGE, Stage


async def stored_sessions(stage: Stage) -> list[Session]:
    """Return what a backup made now would find active."""
    return await stage.chronicle.ask(lambda history: history.active_sessions("server"))


async def let_pass(stage: Stage) -> None:
    """Let everything go on that is not held back."""
    for _ in range(10):
        await stage.chronicle.ask(lambda _: None)


def executes(device: FakeDevice) -> list[str]:
    """Return the Executes that reached a device."""
    return [each for each in device.asked if each == "execute /5/0/2"]


async def test_steps_wait_during_a_backup_and_are_stored_after_it(stage: Stage) -> None:
    devices = [stage.gateway.add(name) for name in ("a", "b", "c")]
    for device in devices:
        device.on_write = partial(lambda device, _: stage.gateway.notify(device, state=1), device)
    await stage.connected()
    for device in devices:
        await stage.update(device)
    for device in devices:
        await stage.in_phase(device, Phase.TRANSFERRING)
    await stored(stage.writer.hold())
    for device in devices:
        stage.gateway.notify(device, state=2)
    await stage.until(lambda: all(stage.view(each).facts.update_state == 2 for each in devices))
    assert {each.phase for each in await stored_sessions(stage)} == {Phase.TRANSFERRING}
    assert [stage.view(each).phase for each in devices] == [Phase.TRANSFERRING] * 3
    assert [executes(each) for each in devices] == [[]] * 3
    stage.writer.release()
    await stage.until(lambda: all(executes(each) for each in devices))
    assert [len(executes(each)) for each in devices] == [1, 1, 1]
    assert {each.execute_count for each in await stored_sessions(stage)} == {1}


async def test_a_deadline_does_not_run_while_its_step_waits_for_a_backup(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    await stage.update(device)
    await stage.in_phase(device, Phase.OFFERED)
    await stage.until(lambda: stage.session(device).is_uri_answered)
    await stored(stage.writer.hold())
    stage.gateway.notify(device, state=1)
    await stage.until(lambda: stage.view(device).facts.update_state == 1)
    began_at = datetime.now(UTC)
    await let_pass(stage)
    held_for = datetime.now(UTC) - began_at
    stage.writer.release()
    await stage.in_phase(device, Phase.TRANSFERRING)
    shown = stage.session(device).deadline_at
    (session,) = await stored_sessions(stage)
    assert shown is not None
    assert session.deadline_at is not None
    assert shown - session.deadline_at >= held_for > timedelta(0)


async def test_an_update_asked_for_during_a_backup_begins_after_it(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    await stored(stage.writer.hold())
    asked = asyncio.create_task(
        stage.engine.request_update(device.endpoint, IMAGE, asked_by="user")
    )
    await stage.until(lambda: stage.view(device).session is not None)
    assert await stored_sessions(stage) == []
    assert not asked.done()
    stage.writer.release()
    await asked
    await stage.in_phase(device, Phase.OFFERED)


async def test_an_engine_that_starts_during_a_backup_knows_the_last_steps_of_the_one_before(
    stage: Stage,
) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    await stage.update(device)
    await stage.in_phase(device, Phase.OFFERED)
    await stage.until(lambda: stage.session(device).is_uri_answered)
    await stored(stage.writer.hold())
    stage.gateway.notify(device, state=1)
    await stage.until(lambda: stage.view(device).facts.update_state == 1)
    await let_pass(stage)
    await stage.engine.stop()
    after = stage.new_engine()
    loading = asyncio.create_task(after.load())
    await let_pass(stage)
    assert not loading.done()
    stage.writer.release()
    await loading
    view = after.view(device.endpoint)
    await after.stop()
    assert view is not None
    assert view.phase is Phase.TRANSFERRING


async def test_a_session_from_long_ago_is_not_judged_before_its_server_is_there(
    stage: Stage,
) -> None:
    device = stage.gateway.add("a")
    device.on_write = lambda _: stage.gateway.notify(device, state=1)
    await stage.connected()
    await stage.update(device)
    await stage.in_phase(device, Phase.TRANSFERRING)
    await stage.stop()
    with closing(sqlite3.connect(stage.folder / "history.db", autocommit=True)) as outside:
        outside.execute("UPDATE firmware_update SET deadline_at = '2026-01-01T00:00:00.000000Z'")
    await stage.start()
    await stage.until(lambda: stage.view(device).waiting_reason is WaitingReason.SERVER_DOWN)
    deadline_at = stage.session(device).deadline_at
    assert deadline_at is not None
    assert deadline_at > datetime.now(UTC) + timedelta(days=29)
    device.state, device.version = 0, IMAGE.version
    await stage.connected()
    await stage.in_phase(device, Phase.SUCCEEDED)
