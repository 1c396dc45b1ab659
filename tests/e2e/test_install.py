"""A release as people get it: unpacked, set up, used and removed, on both ends of what it supports.

The zip file is the only thing of ours that is in Home Assistant's folder.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from harness.hass import Hass
from harness.hass_folder import DOMAIN, firmware_folder
from harness.hass_socket import CommandError
from harness.hass_version import NEWEST, OLDEST, HassVersion
from harness.leshan_simulated import SimulatedSite
from harness.stage import Stage
from harness.waiting import poll_until
from scripts.releasing.archive import ARCHIVE_NAME, write_archive
from simulator.download import DownloadSettings

from .complaints import complaints
from .conftest import new_stage
from .fleet import install, sensors, until_phase, until_up_to_date

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PACKAGE_URI: Final = (5, 0, 1)
# Home Assistant logs what it installs because an integration requires it.
INSTALLER: Final = "homeassistant.util.package"
TABLES: Final = ("devices", "firmware_update", "firmware_update_event")
LIMIT_SECONDS: Final = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=[OLDEST, NEWEST])
async def installed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """Home Assistant with the zip file, before a simulated Leshan; early-1 was there first."""
    version: HassVersion = request.param
    folder = tmp_path_factory.mktemp("install")
    archive = folder / ARCHIVE_NAME
    write_archive(archive)
    async with AsyncExitStack() as ends:
        hass = Hass(folder, version=version, archive=archive, also_debugged=[INSTALLER])
        yield await new_stage(ends, folder, SimulatedSite(), hass)


async def ours(stage: Stage, command: str, key: str) -> list[dict[str, Any]]:
    """Return what a list of Home Assistant's has of the integration."""
    listed = await stage.hass.socket.command(command)
    rows = listed["issues"] if isinstance(listed, dict) else listed
    return [row for row in rows if DOMAIN in str(row[key])]


def an_issue_is_shown(stage: Stage) -> Callable[[], Awaitable[bool]]:
    async def is_shown() -> bool:
        return bool(await ours(stage, "repairs/list_issues", "domain"))

    return is_shown


def row_counts(stage: Stage) -> dict[str, int]:
    file = stage.hass.folder / DOMAIN / f"{DOMAIN}.db"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in TABLES
        }


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*")}


def address_given_to(stage: Stage, endpoint: str) -> str:
    assert isinstance(stage.site, SimulatedSite)
    asked = stage.site.devices[endpoint].record.asked(PACKAGE_URI)
    return str(asked[-1].value)


async def status_of(stage: Stage, address: str) -> int:
    async with stage.hass.http.session.get(address) as answer:
        return answer.status


async def test_a_release_is_set_up_and_updates_a_device(installed: Stage) -> None:
    (entry,) = await installed.hass.socket.command("config_entries/get", domain=DOMAIN)
    assert entry["state"] == "loaded"
    await install(installed, await installed.hass.update_entity("early-1"))
    await until_up_to_date(installed, "early-1")


async def test_nothing_is_installed_for_it(installed: Stage) -> None:
    manifest = await installed.hass.socket.command("manifest/get", integration=DOMAIN)
    log = installed.hass.log_file.read_text(encoding="utf-8")
    assert manifest["requirements"] == []
    assert [line for line in log.splitlines() if "Attempting install" in line] == []


async def test_home_assistants_log_has_nothing_to_complain_of(installed: Stage) -> None:
    assert complaints(installed.hass.process.lines) == []


async def test_a_removed_server_leaves_what_the_user_put_there_and_nothing_else(
    installed: Stage,
) -> None:
    hass, folder = installed.hass, firmware_folder(installed.hass.folder)
    # It stops in the middle of its download.
    downloads = DownloadSettings(valve=asyncio.Event())
    await installed.site.add_devices(replace(sensors("slow-"), downloads=downloads))
    entity_id = await hass.update_entity("slow-1")
    installing = asyncio.create_task(install(installed, entity_id))
    await until_phase(installed, "slow-1", "transferring")
    (folder / "no-firmware.bin").write_bytes(b"neither an image nor described")
    await hass.socket.call("homeassistant.update_entity", {"entity_id": entity_id})
    await poll_until(an_issue_is_shown(installed), "an issue", limit_seconds=LIMIT_SECONDS)
    address, kept = address_given_to(installed, "slow-1"), files_in(folder)
    assert await status_of(installed, address) == 200
    assert files_in(hass.folder / DOMAIN / "images")

    await hass.remove_server()

    with pytest.raises(CommandError):
        await installing
    assert await status_of(installed, address) == 404
    assert await ours(installed, "repairs/list_issues", "domain") == []
    assert await ours(installed, "config/device_registry/list", "identifiers") == []
    assert await ours(installed, "config/entity_registry/list", "platform") == []
    assert await ours(installed, "config_entries/get", "domain") == []
    assert row_counts(installed) == dict.fromkeys(TABLES, 0)
    assert not (hass.folder / DOMAIN / "images").exists()
    assert files_in(folder) == kept
    assert len(kept) == 3
