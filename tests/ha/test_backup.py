"""Backups by Home Assistant's own backup component, made while updates run, and what they restore.

The way back is Home Assistant's own too: what it does at a start that finds restore instructions.
"""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from homeassistant.backup_restore import RESTORE_BACKUP_FILE, restore_backup
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.flownexus_ota.backup import (
    HOLD_LIMIT_SECONDS,
    async_post_backup,
    async_pre_backup,
)
from custom_components.flownexus_ota.const import CONF_MAX_PARALLEL_UPDATES, DOMAIN
from custom_components.flownexus_ota.ota.phase import Phase, Reason, WaitingReason
from simulator.record import Kind

from .fleet import NEW, OLD, World


@pytest.fixture
async def backups(hass: HomeAssistant, tmp_path: Path) -> None:
    """Set Home Assistant's backup component up, before the web server starts."""
    hass.config.config_dir = str(tmp_path)
    for component in ("homeassistant", "http", "backup"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()


@pytest.fixture
async def backed_up(backups: None, world: World) -> AsyncIterator[World]:
    """Return a world that can be backed up."""
    yield world
    await async_post_backup(world.hass)  # where a test ended in the middle of a backup


@pytest.fixture
def restored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where a backup is restored to."""
    return tmp_path_factory.mktemp("restored")


def database(folder: Path | str) -> Path:
    """Return the history below a configuration directory."""
    return Path(folder, DOMAIN, f"{DOMAIN}.db")


def journal_size(folder: Path | str) -> int | None:
    """Return how much is not in the database's own file yet; `None` once it is closed."""
    journal = Path(f"{database(folder)}-wal")
    return journal.stat().st_size if journal.exists() else None


def rows(folder: Path | str, statement: str) -> list[tuple[object, ...]]:
    """Ask or change the history from outside."""
    with closing(sqlite3.connect(database(folder), autocommit=True)) as connection:
        return connection.execute(statement).fetchall()


def phases(folder: Path | str) -> dict[object, object]:
    """Return the stored phase of each device's update."""
    return dict(rows(folder, "SELECT endpoint, phase FROM firmware_update"))  # type: ignore[arg-type] # pairs


def only_file(folder: str) -> Path:
    """Return the one file of a folder."""
    (file,) = Path(folder).iterdir()
    return file


def stored_images(folder: Path) -> int:
    """Return how many files the image store has."""
    return len(list(folder.glob("*")))


async def make_backup(hass: HomeAssistant) -> Path:
    """Make a backup as a person does, and return its file."""
    await hass.services.async_call("backup", "create", {}, blocking=True)
    return only_file(hass.config.path("backups"))


async def restore(archive: Path, folder: Path) -> None:
    """Unpack a backup into an empty configuration directory, as Home Assistant does."""
    instructions = {
        "path": str(archive),
        "password": None,
        "remove_after_restore": False,
        "restore_database": True,
        "restore_homeassistant": True,
    }
    (folder / RESTORE_BACKUP_FILE).write_text(json.dumps(instructions))
    assert await asyncio.to_thread(restore_backup, str(folder))


async def unload(world: World) -> None:
    """Take our entry down, so that its files are closed."""
    assert world.entry is not None
    assert await world.hass.config_entries.async_unload(world.entry.entry_id)


async def begin_anew(world: World, folder: Path) -> None:
    """Let our entry run on another configuration directory."""
    assert world.entry is not None
    world.hass.config.config_dir = str(folder)
    assert await world.hass.config_entries.async_setup(world.entry.entry_id)


async def replace_device(world: World, endpoint: str, version: str) -> None:
    """Put a device in place of one, which runs `version`."""
    await world.devices[endpoint].stop(deregisters=True)
    await world.add_device(endpoint, version=version)


async def back_up_while_updating(world: World, restored: Path, *waiting: str) -> None:
    """Back up while `running` downloads and others wait; let all end well; restore and take down.

    The restored history is where it was; the devices are where they have come to.
    """
    await world.add_held_device("running")
    for endpoint in waiting:
        await world.add_device(endpoint)
    world.add_image()
    await world.set_up(**{CONF_MAX_PARALLEL_UPDATES: 1})
    calls = []
    for endpoint, phase in [("running", "transferring"), *((each, "waiting") for each in waiting)]:
        entity_id = await world.ready(endpoint)
        calls.append(world.hass.async_create_task(world.install(entity_id)))
        await world.until(lambda e=endpoint, p=phase: world.phase(e).state == p)  # type: ignore[misc] # bound at once
    archive = await make_backup(world.hass)
    world.let_go("running")
    await asyncio.gather(*calls)
    for endpoint in ("running", *waiting):
        await world.until(lambda e=endpoint: world.phase(e).state == "succeeded")  # type: ignore[misc] # bound at once
    await restore(archive, restored)
    await unload(world)


async def test_home_assistant_finds_what_it_has_to_call(backed_up: World) -> None:
    assert DOMAIN in backed_up.hass.data["backup"].platforms


async def test_a_backup_made_during_updates_restores_to_a_sound_history(
    backed_up: World, restored: Path
) -> None:
    await back_up_while_updating(backed_up, restored, "waiting")
    assert rows(restored, "PRAGMA integrity_check") == [("ok",)]
    assert phases(restored) == {"running": "transferring", "waiting": "waiting"}
    assert phases(backed_up.hass.config.config_dir) == {
        "running": "succeeded",
        "waiting": "succeeded",
    }


async def test_restored_updates_that_have_ended_since_are_found_to_be_so(
    backed_up: World, restored: Path
) -> None:
    world = backed_up
    await back_up_while_updating(world, restored, "waiting")
    await begin_anew(world, restored)
    await world.until(lambda: world.session("waiting").phase.is_final)
    assert world.session("running").phase is Phase.SUCCEEDED
    assert world.session("running").reason is Reason.INSTALLED_BY_ITSELF
    assert world.session("waiting").reason is Reason.ALREADY_INSTALLED
    assert [
        world.devices[each].record.counts[Kind.INSTALLED] for each in ("running", "waiting")
    ] == [1, 1]


async def test_restored_updates_of_devices_that_went_back_too_go_on(
    backed_up: World, restored: Path
) -> None:
    world = backed_up
    await back_up_while_updating(world, restored, "waiting")
    for endpoint in ("running", "waiting"):
        await replace_device(world, endpoint, OLD)
    # What the folder has is stored again, before anything is offered.
    shutil.rmtree(restored / DOMAIN / "images")
    await begin_anew(world, restored)
    await world.until(lambda: world.session("waiting").phase.is_final)
    assert [world.session(each).phase for each in ("running", "waiting")] == [
        Phase.SUCCEEDED,
        Phase.SUCCEEDED,
    ]
    assert world.devices["waiting"].record.running_version == NEW


async def test_a_restored_update_whose_image_is_gone_fails_by_that_name(
    backed_up: World, restored: Path
) -> None:
    world = backed_up
    await back_up_while_updating(world, restored, "waiting")
    for endpoint in ("running", "waiting"):
        await replace_device(world, endpoint, OLD)
    for folder in ("images", "firmware"):
        shutil.rmtree(restored / DOMAIN / folder)
    await begin_anew(world, restored)
    await world.until(lambda: world.session("waiting").phase.is_final)
    for endpoint in ("running", "waiting"):
        assert world.session(endpoint).reason is Reason.PREFLIGHT_REFUSED
        assert "image_missing" in str(world.session(endpoint).evidence)
        assert world.devices[endpoint].record.running_version == OLD


async def test_a_restored_update_does_not_take_a_device_back_that_has_moved_on(
    backed_up: World, restored: Path
) -> None:
    world = backed_up
    await back_up_while_updating(world, restored, "waiting")
    for endpoint in ("running", "waiting"):
        await replace_device(world, endpoint, "2.0.0")
    await begin_anew(world, restored)
    await world.until(lambda: world.session("waiting").phase.is_final)
    for endpoint in ("running", "waiting"):
        assert world.session(endpoint).reason is Reason.PREFLIGHT_REFUSED
        assert "downgrade" in str(world.session(endpoint).evidence)
        assert world.devices[endpoint].record.running_version == "2.0.0"


async def test_updates_restored_after_weeks_are_not_judged_by_their_old_deadlines(
    backed_up: World, restored: Path
) -> None:
    world = backed_up
    await back_up_while_updating(world, restored, "waiting", "gone")
    rows(restored, "UPDATE firmware_update SET deadline_at = '2026-01-01T00:00:00.000000Z'")
    await world.devices["gone"].stop(deregisters=True)
    await world.devices["running"].stop(deregisters=True)
    await begin_anew(world, restored)
    # Not begun within its thirty days, and its device is not there to be asked.
    await world.until(lambda: world.session("gone").phase.is_final)
    assert world.session("gone").reason is Reason.WAITED_TOO_LONG
    await world.until(lambda: world.session("running").waiting_reason is WaitingReason.UNREGISTERED)
    deadline_at = world.session("running").deadline_at
    assert deadline_at is not None
    assert deadline_at > datetime.now(UTC) + timedelta(days=29)
    await world.add_device("running", version=NEW)
    await world.until(lambda: world.session("running").phase is Phase.SUCCEEDED)


async def test_while_a_backup_is_made_updates_wait_and_go_on_after_it(backed_up: World) -> None:
    world = backed_up
    device = await world.add_held_device("sensor-1")
    world.add_image()
    await world.set_up()
    call = world.hass.async_create_task(world.install(await world.ready("sensor-1")))
    await world.until(lambda: world.phase("sensor-1").state == "transferring")
    await async_pre_backup(world.hass)
    world.let_go("sensor-1")
    await world.until(lambda: world.view("sensor-1").facts.update_state == 2)
    assert world.phase("sensor-1").state == "transferring"
    assert phases(world.hass.config.config_dir) == {"sensor-1": "transferring"}
    assert journal_size(world.hass.config.config_dir) == 0
    await async_post_backup(world.hass)
    await call
    assert device.record.running_version == NEW


async def test_a_backup_that_never_ends_holds_updates_for_a_limited_time(
    backed_up: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = backed_up
    device = await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    await async_pre_backup(world.hass)
    await async_pre_backup(world.hass)  # the limit begins anew
    call = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: world.view("sensor-1").session is not None)
    assert not call.done()
    assert "has not ended" not in caplog.text
    async_fire_time_changed(
        world.hass, dt_util.utcnow() + timedelta(seconds=HOLD_LIMIT_SECONDS + 1)
    )
    await call
    await world.until(lambda: device.record.running_version == NEW)
    assert "has not ended within 30 minutes" in caplog.text


async def test_the_end_of_a_backup_that_was_never_begun_changes_nothing(backed_up: World) -> None:
    await async_post_backup(backed_up.hass)
    await backed_up.set_up()
    await async_post_backup(backed_up.hass)
    assert backed_up.runtime.shared.user_count == 1


async def test_an_entry_that_is_unloaded_during_a_backup_leaves_the_files_as_they_are(
    backed_up: World,
) -> None:
    world = backed_up
    await world.set_up()
    folder = world.hass.config.config_dir
    writer = world.runtime.shared.writer
    await async_pre_backup(world.hass)
    await unload(world)
    assert journal_size(folder) == 0
    await async_post_backup(world.hass)
    assert journal_size(folder) is None
    await begin_anew(world, Path(folder))
    assert world.runtime.shared.writer is not writer


async def test_an_image_that_comes_during_a_backup_is_stored_after_it(backed_up: World) -> None:
    world = backed_up
    await world.set_up()
    images = Path(world.hass.config.path(DOMAIN, "images"))
    keeper = world.runtime.shared.keeper
    await async_pre_backup(world.hass)
    world.add_image()
    reading = world.hass.async_create_task(keeper.rescan())
    await async_pre_backup(world.hass)
    assert not reading.done()
    assert stored_images(images) == 0
    await async_post_backup(world.hass)
    await reading
    assert stored_images(images) == 1


async def test_an_entry_that_is_set_up_during_a_backup_comes_after_it(backed_up: World) -> None:
    world = backed_up
    await async_pre_backup(world.hass)
    setting_up = world.hass.async_create_task(world.set_up())
    await world.until(database(world.hass.config.config_dir).exists)
    await asyncio.to_thread(rows, world.hass.config.config_dir, "SELECT 1")
    assert not setting_up.done()
    await async_post_backup(world.hass)
    await setting_up


async def test_a_journal_that_cannot_be_merged_goes_into_the_backup_beside_the_file(
    backed_up: World, restored: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = backed_up
    await world.add_held_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    with closing(
        sqlite3.connect(database(world.hass.config.config_dir), autocommit=True)
    ) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM firmware_update").fetchone()
        call = world.hass.async_create_task(world.install(entity_id))
        await world.until(lambda: world.phase("sensor-1").state == "transferring")
        archive = await make_backup(world.hass)
    assert "goes into the backup with its journal" in caplog.text
    world.let_go("sensor-1")
    await call
    await restore(archive, restored)
    assert rows(restored, "PRAGMA integrity_check") == [("ok",)]
    assert list(phases(restored)) == ["sensor-1"]
