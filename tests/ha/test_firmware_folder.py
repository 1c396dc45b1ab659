"""Changes of the firmware folder: read at once, and never while a backup copies it."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from custom_components.flownexus_ota.backup import async_post_backup, async_pre_backup
from custom_components.flownexus_ota.catalogue_keeper import FolderHeldError, async_keep_reading
from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.sources.folder_writer import (
    FirmwareUnknownError,
    FolderWriter,
)
from simulator.image import make_image

from .fleet import NEW, SETTLED, World

LIMIT_SECONDS = 20.0
SIDECAR = f'{{"version": "{NEW}", "manufacturer": "Flownexus"}}'.encode()


def adding(tmp_path: Path, held_until: Event | None = None) -> Callable[[FolderWriter], None]:
    """Return a job that adds a firmware, perhaps only when it is told to."""
    source = tmp_path / "built.bin"
    source.write_bytes(make_image(NEW, 5000))

    def add(writer: FolderWriter) -> None:
        assert held_until is None or held_until.wait(LIMIT_SECONDS)
        writer.add(source, file_name="built.bin", sidecar=SIDECAR)

    return add


def versions(world: World) -> list[str]:
    catalogue = world.runtime.shared.keeper.catalogue
    assert catalogue is not None
    return [image.version for image in catalogue.images]


async def test_what_is_added_is_offered_at_once(world: World, tmp_path: Path) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")

    await world.runtime.shared.keeper.change(adding(tmp_path))

    await world.until(lambda: world.firmware("sensor-1").state == "on")
    assert world.firmware("sensor-1").attributes["latest_version"] == NEW


async def test_a_change_during_a_reading_is_read_all_the_same(world: World, tmp_path: Path) -> None:
    await world.set_up()
    keeper = world.runtime.shared.keeper
    reading = world.hass.async_create_task(keeper.rescan())

    await keeper.change(adding(tmp_path))

    assert reading.done()
    assert versions(world) == [NEW]


async def test_what_is_put_into_the_folder_is_found_by_itself(world: World) -> None:
    await world.set_up()
    world.add_image()
    keeper = world.runtime.shared.keeper

    reading = world.hass.async_create_task(async_keep_reading(keeper, pause_seconds=0.001))

    await world.until(lambda: versions(world) == [NEW])
    reading.cancel()


async def test_what_is_still_being_copied_is_found_soon_after_it_is_whole(world: World) -> None:
    await world.set_up()
    world.add_image()
    image = Path(world.hass.config.path(DOMAIN, "firmware", f"sensor-{NEW}.bin"))
    in_a_moment = time.time() + 9  # the rest is waited for until ten seconds after it
    os.utime(image, (in_a_moment, in_a_moment))
    keeper = world.runtime.shared.keeper
    await keeper.rescan()
    waiting = versions(world)
    os.utime(image, SETTLED)

    reading = world.hass.async_create_task(async_keep_reading(keeper, settled_seconds=0.001))

    await world.until(lambda: versions(world) == [NEW])
    assert waiting == []
    assert not keeper.unsettled.is_set()
    reading.cancel()


async def test_a_change_that_fails_is_told_to_who_asked(world: World) -> None:
    await world.set_up()
    with pytest.raises(FirmwareUnknownError):
        await world.runtime.shared.keeper.change(lambda writer: writer.remove("nothing.bin"))


async def test_nothing_is_changed_while_a_backup_is_made(world: World, tmp_path: Path) -> None:
    await world.set_up()
    keeper = world.runtime.shared.keeper
    await async_pre_backup(world.hass)

    with pytest.raises(FolderHeldError):
        await keeper.change(adding(tmp_path))

    await async_post_backup(world.hass)
    await keeper.change(adding(tmp_path))
    assert versions(world) == [NEW]


async def test_a_backup_waits_for_a_change_under_way(world: World, tmp_path: Path) -> None:
    await world.set_up()
    may_write = Event()
    changing = world.hass.async_create_task(
        world.runtime.shared.keeper.change(adding(tmp_path, may_write)), eager_start=True
    )
    backup = world.hass.async_create_task(async_pre_backup(world.hass), eager_start=True)
    await asyncio.sleep(0)
    assert not backup.done()

    may_write.set()
    await backup

    folder = Path(world.hass.config.path(DOMAIN, "firmware"))
    assert (folder / "built.bin.json").read_bytes() == SIDECAR
    await async_post_backup(world.hass)
    await changing
    assert versions(world) == [NEW]


async def test_a_change_goes_on_when_nobody_waits_for_it_any_more(
    world: World, tmp_path: Path
) -> None:
    await world.set_up()
    may_write = Event()
    changing = world.hass.async_create_task(
        world.runtime.shared.keeper.change(adding(tmp_path, may_write)), eager_start=True
    )
    changing.cancel()
    may_write.set()
    await world.until(lambda: versions(world) == [NEW])
    assert changing.cancelled()
