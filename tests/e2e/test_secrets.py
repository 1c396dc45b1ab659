"""After updates of each kind, nothing that Home Assistant leaves behind opens a door.

Its log is at debug level, its web server's too; the tokens are those that the devices were given.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from harness.catalogue import add_firmware
from harness.hass import Hass
from harness.hass_folder import DOMAIN, firmware_folder
from harness.hass_socket import CommandError
from harness.leshan_simulated import SimulatedSite
from harness.stage import Stage
from simulator.download import DownloadSettings

from .fleet import FIRMWARE, install, sensors, until_phase, until_up_to_date

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

WEB_SERVER: Final = "homeassistant.components.http"
USERNAME: Final = "alice-of-the-proxy"
PASSWORD: Final = "correct-horse-battery"
# Where Home Assistant keeps the credentials of every integration.
CREDENTIALS_FILE: Final = "core.config_entries"
PACKAGE_URI: Final = (5, 0, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What a run has left behind, after Home Assistant has ended."""

    log: str
    databases: dict[str, str]
    """All rows of each, by file name."""
    diagnostics: str
    folder: Path
    tokens: frozenset[str]


def tokens_of(site: SimulatedSite) -> frozenset[str]:
    """Return the tokens in the addresses that the devices themselves were given."""
    uris = [
        str(asked.value)
        for device in site.devices.values()
        for asked in device.record.asked(PACKAGE_URI)
        if asked.value
    ]
    return frozenset(uri.split("/")[-2] for uri in uris)


def rows_of(database: Path) -> str:
    """Return everything in a database, as text."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return "\n".join(connection.iterdump())


async def run_updates(stage: Stage) -> None:
    """Let an update succeed, one fail with a second address, and one be cancelled."""
    await install(stage, await stage.hass.update_entity("good-1"))
    await until_up_to_date(stage, "good-1")
    with pytest.raises(CommandError):
        await install(stage, await stage.hass.update_entity("lost-1"))
    entity_id = await stage.hass.update_entity("slow-1")
    installing = asyncio.create_task(install(stage, entity_id))
    await until_phase(stage, "slow-1", "transferring")
    await stage.hass.socket.call(f"{DOMAIN}.cancel_update", {"entity_id": entity_id})
    await until_phase(stage, "slow-1", "cancelled")
    with pytest.raises(CommandError):
        await installing


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def left(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Left]:
    folder = tmp_path_factory.mktemp("secrets")
    site, hass = SimulatedSite(), Hass(folder, also_debugged=[WEB_SERVER])
    async with AsyncExitStack() as ends:
        await site.start(ends, folder)
        await site.add_devices(sensors("good-"))
        await site.add_devices(sensors("lost-", "invalid_uri"))
        # It stops in the middle of its download.
        downloads = DownloadSettings(valve=asyncio.Event())
        await site.add_devices(replace(sensors("slow-"), downloads=downloads))
        add_firmware(firmware_folder(hass.folder), FIRMWARE)
        await hass.start(ends)
        await hass.onboard()
        await hass.add_server(site.base_url, username=USERNAME, password=PASSWORD)
        # Invalid URI, result 7, makes the second attempt one with an address of its own.
        await hass.add_profile(
            "Twice", manufacturer="Flownexus", max_attempts=2, times={"back_off_first": 1}
        )
        await run_updates(Stage(site=site, hass=hass))
        diagnostics = await hass.diagnostics()
        tokens = tokens_of(site)
        await hass.process.stop()
    databases = [hass.folder / "home-assistant_v2.db", hass.folder / DOMAIN / f"{DOMAIN}.db"]
    yield Left(
        log=hass.log_file.read_text(encoding="utf-8"),
        databases={file.name: rows_of(file) for file in databases},
        diagnostics=diagnostics,
        folder=hass.folder,
        tokens=tokens,
    )


def files_with(folder: Path, text: str) -> list[str]:
    """Return the names of the files that have `text` in them."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path.name for path in files if text.encode() in path.read_bytes())


async def test_what_is_searched_is_there(left: Left) -> None:
    assert len(left.tokens) >= 4
    assert {len(token) for token in left.tokens} == {22}
    assert f"DEBUG (MainThread) [{WEB_SERVER}" in left.log
    assert f"DEBUG (MainThread) [custom_components.{DOMAIN}" in left.log
    assert all("good_1" in rows or "good-1" in rows for rows in left.databases.values())
    assert "**REDACTED**" in left.diagnostics


async def test_no_token_is_in_the_log(left: Left) -> None:
    assert {token for token in left.tokens if token in left.log} == set()


async def test_no_token_is_in_the_diagnostics(left: Left) -> None:
    assert {token for token in left.tokens if token in left.diagnostics} == set()


async def test_no_token_is_in_a_database(left: Left) -> None:
    rows = "\n".join(left.databases.values())
    assert {token for token in left.tokens if token in rows} == set()


async def test_no_token_is_in_any_other_file(left: Left) -> None:
    found = {token: files_with(left.folder, token) for token in left.tokens}
    assert set().union(*found.values()) == set()


async def test_credentials_are_only_where_home_assistant_keeps_them(left: Left) -> None:
    for secret in (USERNAME, PASSWORD):
        assert files_with(left.folder, secret) == [CREDENTIALS_FILE]
        assert secret not in left.log
        assert secret not in left.diagnostics
        assert not any(secret in rows for rows in left.databases.values())
