"""Record what a version leaves behind, so that later ones can be held to loading it.

Run in a checkout of that version, by the tests' Python: `python -m tests.upgrade.record FOLDER`.
"""

import asyncio
import json
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path
from typing import Any, Final

from harness.catalogue import Firmware, add_firmware
from harness.hass import Hass
from harness.hass_folder import DOMAIN, firmware_folder
from harness.hass_socket import CommandError
from harness.leshan_simulated import SimulatedSite
from harness.waiting import StageError, poll_until
from simulator.fleet import FleetOptions
from simulator.settings import Timing

# Small, to be kept here, and yet more than a second of download for a slow device.
IMAGE: Final = Firmware(
    version="1.1.0",
    manufacturer="Flownexus",
    model="Simulated sensor",
    size_bytes=24_000,
    title="Sensor firmware",
    release_notes="* faster\n",
)
FAST: Final = Timing(install_seconds=0.1, reboot_seconds=0.1)
OPTIONS: Final = {"max_parallel_updates": 3, "history_days": 100, "min_battery_percent": 5}
PROFILE: Final = {"manufacturer": "Flow*", "max_attempts": 2, "times": {"back_off_first": 1}}
LIMIT_SECONDS: Final = 60.0
# What Home Assistant stores of an entity that says which one it is.
IDENTITY: Final = ("entity_id", "unique_id")


async def record(target: Path) -> None:
    """Run updates of each kind, end Home Assistant in the middle of one, and keep what is left."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as ends:
            hass, site = Hass(Path(folder)), SimulatedSite()
            await site.start(ends, Path(folder))
            for prefix in ("updated", "damaged", "cancelled", "waiting", "halfway"):
                await site.add_devices(_device(prefix))
            add_firmware(firmware_folder(hass.folder), IMAGE)
            await hass.start(ends)
            await hass.onboard()
            await hass.add_server(site.base_url)
            await hass.set_options(**OPTIONS)
            await hass.add_profile("Sensors", **PROFILE)
            await _run_updates(hass, site)
            entities = await _entities(hass)
            await _interrupt(hass)
        _keep(hass.folder, target, entities)


def _device(prefix: str) -> FleetOptions:
    behaviour = {"damaged": "bad_checksum", "cancelled": "slow", "halfway": "slow"}
    return FleetOptions(
        server="",
        count=1,
        behaviours=(behaviour.get(prefix, "happy"),),
        name_prefix=f"{prefix}-",
        timing=FAST,
    )


async def _run_updates(hass: Hass, site: SimulatedSite) -> None:
    """Let one succeed, one fail, one be cancelled, and one wait for its device."""
    entities = {name: await hass.update_entity(name) for name in site.devices}
    await _install(hass, entities["updated-1"])
    with suppress(CommandError):
        await _install(hass, entities["damaged-1"])
    cancelled = asyncio.create_task(_install(hass, entities["cancelled-1"]))
    await _until_phase(hass, "cancelled-1", "transferring")
    await hass.socket.call(f"{DOMAIN}.cancel_update", {"entity_id": entities["cancelled-1"]})
    with suppress(CommandError):
        await cancelled
    await site.devices["waiting-1"].stop(deregisters=True)
    await _install(hass, entities["waiting-1"])
    await _until_phase(hass, "waiting-1", "waiting")


async def _interrupt(hass: Hass) -> None:
    """End Home Assistant as a power cut does, while a device downloads."""
    entity_id = await hass.update_entity("halfway-1")
    installing = asyncio.create_task(_install(hass, entity_id))
    await _until_phase(hass, "halfway-1", "transferring")
    await hass.kill()
    with suppress(StageError):
        await installing


async def _install(hass: Hass, entity_id: str) -> None:
    await hass.socket.call("update.install", {"entity_id": entity_id}, limit_seconds=LIMIT_SECONDS)


async def _until_phase(hass: Hass, endpoint: str, phase: str) -> None:
    entity_id = await hass.entity_id("sensor", endpoint, "update_phase")
    await hass.socket.until(
        lambda: hass.states[entity_id]["state"] == phase,
        f"{endpoint} to be {phase}",
        limit_seconds=LIMIT_SECONDS,
    )


async def _entities(hass: Hass) -> list[dict[str, str]]:
    """Return how entities are called, once Home Assistant has written the entry down."""

    async def is_stored() -> bool:
        return bool(_entry(hass.folder)["subentries"])

    await poll_until(is_stored, "the entry to be stored", limit_seconds=LIMIT_SECONDS)
    listed = await hass.socket.command("config/entity_registry/list")
    kept = [{key: each[key] for key in IDENTITY} for each in listed if each["platform"] == DOMAIN]
    return sorted(kept, key=lambda each: each["entity_id"])


def _keep(folder: Path, target: Path, entities: list[dict[str, str]]) -> None:
    target.mkdir(parents=True)
    _write(target / "entities.json", entities)
    _write(target / "entry.json", _entry(folder))
    shutil.copy(folder / ".storage" / DOMAIN, target / "secret.json")
    shutil.copytree(firmware_folder(folder), target / "firmware")
    with closing(sqlite3.connect(folder / DOMAIN / f"{DOMAIN}.db")) as database:
        text = "\n".join(_statements(database)) + "\n"
    (target / "history.sql").write_text(text, encoding="utf-8")


def _statements(database: sqlite3.Connection) -> Iterator[str]:
    """Yield what makes the database anew; SQLite's own dump leaves its version out."""
    yield from database.iterdump()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    yield f"PRAGMA user_version = {version};"


def _entry(folder: Path) -> dict[str, Any]:
    stored = json.loads((folder / ".storage/core.config_entries").read_text(encoding="utf-8"))
    (entry,) = [each for each in stored["data"]["entries"] if each["domain"] == DOMAIN]
    found: dict[str, Any] = entry
    return found


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(record(Path(sys.argv[1])))
