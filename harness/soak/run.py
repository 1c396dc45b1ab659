"""One soak: set the stage, ask and break for as long as was wished, wait for the ends, judge."""

import asyncio
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from harness.catalogue import Firmware
from harness.hass import Hass
from harness.history_file import StoredUpdate, stored_updates
from harness.leshan_simulated import SimulatedSite
from harness.soak.asking import Asking
from harness.soak.faults import Faults
from harness.soak.life import life_of
from harness.soak.verdict import Verdict, judge
from harness.stage import Stage, set_stage
from harness.waiting import poll_until
from scripts.setup.console import say
from scripts.soaking.options import Options
from simulator.behaviours import BEHAVIOURS
from simulator.download import DownloadSettings
from simulator.fleet import FleetOptions
from simulator.settings import Timing

FIRST: Final = "1.0.0"
SECOND: Final = "1.1.0"
_MANUFACTURER: Final = "Flownexus"
_MODEL: Final = "Simulated sensor"
_SIZE_BYTES: Final = 60_000
_RATE_BYTES_PER_SECOND: Final = 60_000
_PARALLEL: Final = 40
# Seconds: what takes minutes in life shall happen often, and end soon.
_TIMES: Final = {
    "offered": 10,
    "transferring": 15,
    "staged": 10,
    "installing": 20,
    "answer": 5,
    "reread": 2,
    "silence": 3,
    "settle": 1,
    "back_off_first": 2,
    "back_off_second": 4,
    "back_off_later": 8,
}
# Half of all devices do nothing wrong, so that there is much to lose.
_HAPPY_SHARE: Final = 0.5
_END_LIMIT_SECONDS: Final = 240.0


async def soak(options: Options, folder: Path) -> Verdict:
    """Run one; raise StageError or SetupError when a part of it fails."""
    site = SimulatedSite()
    hass = Hass(folder)
    async with AsyncExitStack() as ends:
        stage = await set_stage(
            ends,
            folder=folder,
            site=site,
            hass=hass,
            fleet=_fleet(options, hass.base_url),
            firmware=[_firmware(version) for version in (FIRST, SECOND)],
            tell=say,
        )
        await hass.set_options(max_parallel_updates=_PARALLEL)
        await hass.set_options("downloads", max_parallel_downloads=_PARALLEL)
        await hass.add_profile("hurried", manufacturer=_MANUFACTURER, max_attempts=2, times=_TIMES)
        asking = Asking(stage, (FIRST, SECOND), options.seed)
        faults = Faults(site, hass, asking, seed=options.seed, tell=say)
        await _ask_and_break(options, stage, asking, faults)
        say(f"Faults: {faults.counts}; asked {len(asking.asks)}; waiting for the ends")
        await faults.revive()
        updates = await _until_ended(hass, faults)
        lives = {
            endpoint: life_of(endpoint, FIRST, device.record)
            for endpoint, device in site.devices.items()
        }
        _tell_outcomes(updates, asking)
        return judge(asks=asking.asks, lives=lives, updates=updates, end_s=time.time())


async def _ask_and_break(options: Options, stage: Stage, asking: Asking, faults: Faults) -> None:
    site = stage.site
    assert isinstance(site, SimulatedSite)  # noqa: S101  it was made above
    asking.up.set()
    until_s = time.monotonic() + options.minutes * 60
    async with asyncio.TaskGroup() as tasks:
        for endpoint in site.devices:
            tasks.create_task(asking.keep_asking(endpoint))
        async with asyncio.TaskGroup() as breaking:
            breaking.create_task(faults.break_parts(until_s))
            breaking.create_task(faults.kill_home_assistant(until_s))
        asking.stopped.set()


async def _until_ended(hass: Hass, faults: Faults) -> list[StoredUpdate]:
    """Return the rows once none is active, or after the limit."""
    updates: list[StoredUpdate] = []

    async def is_over() -> bool:
        await faults.revive()
        updates[:] = await asyncio.to_thread(stored_updates, hass.folder)
        return not any(update.is_active for update in updates) or time.monotonic() > end_s

    end_s = time.monotonic() + _END_LIMIT_SECONDS
    await poll_until(is_over, "every update to end", limit_seconds=2 * _END_LIMIT_SECONDS)
    return updates


def _tell_outcomes(updates: list[StoredUpdate], asking: Asking) -> None:
    outcomes = Counter((update.phase, update.reason or "") for update in updates)
    for (phase, reason), count in sorted(outcomes.items()):
        say(f"  {count:6} {phase} {reason}")
    say(f"  {len(asking.refusals):6} refused at once")


def _fleet(options: Options, base_url: str) -> FleetOptions:
    chance = random.Random(f"{options.seed} behaviours")
    behaviours = [
        "happy" if chance.random() < _HAPPY_SHARE else chance.choice(sorted(BEHAVIOURS))
        for _ in range(options.devices)
    ]
    return FleetOptions(
        server="",
        count=options.devices,
        behaviours=behaviours,
        name_prefix="soak-",
        version=FIRST,
        manufacturer=_MANUFACTURER,
        model=_MODEL,
        # Renewed every fifteen seconds: that is how a device notices that its server forgot it.
        timing=Timing(lifetime_seconds=20, install_seconds=0.5, reboot_seconds=0.5),
        downloads=DownloadSettings(compiled_origin=base_url, tries_without_progress=20),
        bytes_per_second=_RATE_BYTES_PER_SECOND,
        seed=options.seed,
    )


def _firmware(version: str) -> Firmware:
    return Firmware(
        version=version,
        manufacturer=_MANUFACTURER,
        model=_MODEL,
        size_bytes=_SIZE_BYTES,
        title="Sensor firmware",
        release_notes="* steady\n",
    )
