"""Faults in each phase, with a real Leshan and devices that talk to it over UDP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final, cast, override

import pytest
import pytest_asyncio

from harness.hass import Hass
from harness.history_file import stored_updates
from harness.leshan_held import HeldSite
from harness.leshan_watch import watched
from harness.stage import Stage, set_stage
from scripts.setup import java, leshan
from simulator.settings import QueueMode

from .fleet import FIRMWARE, NEW, install, sensors, until_phase, until_up_to_date
from .matrix import MAX_ATTEMPTS, SUCCEEDED, TIMES, Cell, Fault, When
from .matrix_wave import SIZE_BYTES, Wave

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

# More patient than the matrix: Java starts anew meanwhile, and one device sleeps.
_TIMES: Final = {
    **TIMES,
    "waiting": 300,
    "offered": 30,
    "transferring": 60,
    "staged": 60,
    "installing": 60,
    "answer": 30,
}
_PHASES: Final = (When.OFFERED, When.TRANSFERRING, When.STAGED, When.INSTALLING)
_SLEEPY: Final = "sleepy-1"
# StaticClientAwakeTimeProvider: a device that said something is awake for so long.
_AWAKE_WINDOW_SECONDS: Final = 93.0


class RealWave(Wave):
    """A wave whose Leshan is a process."""

    @override
    async def _restart_leshan(self) -> None:
        await cast("HeldSite", self._stage.site).restart()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def real_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Home Assistant before the real Leshan that set-up found."""
    folder = tmp_path_factory.mktemp("real-faults")
    async with AsyncExitStack() as ends:
        stage = await set_stage(
            ends,
            folder=folder,
            site=HeldSite(leshan.leshan_jar(), java.java()),
            hass=Hass(folder),
            fleet=sensors("early-"),
            firmware=[replace(FIRMWARE, size_bytes=SIZE_BYTES)],
        )
        await stage.hass.set_options(max_parallel_updates=1000)
        await stage.hass.set_options("downloads", max_parallel_downloads=1000)
        await stage.hass.add_profile(
            "hurried", manufacturer=FIRMWARE.manufacturer, max_attempts=MAX_ATTEMPTS, times=_TIMES
        )
        yield stage


async def test_a_device_asleep_for_the_server_waits_and_is_updated_once_it_wakes(
    real_stage: Stage,
) -> None:
    """The server takes a device for awake for 93 s after its last word; others go on meanwhile."""
    async with watched(real_stage.site.base_url) as told:
        sleepy = replace(
            sensors("sleepy-"),
            sleepy_count=1,
            queue_mode=QueueMode(awake_seconds=30, sleep_seconds=900),
        )
        await real_stage.site.add_devices(sleepy)
        card = await real_stage.hass.update_entity(_SLEEPY)
        assert await _outcomes(real_stage, Fault.NONE, When.ANY) == {SUCCEEDED}
        assert await _outcomes(real_stage, Fault.DEVICE_REBOOTED, *_PHASES) == {SUCCEEDED}
        await told.until("SLEEPING", _SLEEPY, limit_seconds=_AWAKE_WINDOW_SECONDS + 30)
    await install(real_stage, card)
    phase = await until_phase(real_stage, _SLEEPY, "waiting")
    assert phase["attributes"]["waiting_reason"] == "asleep"
    device = cast("HeldSite", real_stage.site).devices[_SLEEPY]
    assert device.record.asked((5, 0, 1)) == []
    device.wake()
    await until_up_to_date(real_stage, _SLEEPY)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.LESHAN_RESTARTED,
        Fault.HASS_KILLED,
        Fault.HASS_RESTARTED,
        Fault.BOTH_RESTARTED,
    ],
    ids=lambda fault: fault.name.lower(),
)
async def test_every_device_is_updated_whatever_is_restarted(
    real_stage: Stage, fault: Fault
) -> None:
    assert await _outcomes(real_stage, fault, *_PHASES) == {SUCCEEDED}


async def test_no_row_of_the_history_is_unfinished_or_untrue(real_stage: Stage) -> None:
    rows = await asyncio.to_thread(stored_updates, real_stage.hass.folder)
    last = {row.endpoint: row for row in rows}
    devices = cast("HeldSite", real_stage.site).devices
    assert [row.endpoint for row in rows if row.is_active] == []
    assert {endpoint: row.phase for endpoint, row in last.items()} == dict.fromkeys(
        devices.keys() - {"early-1"}, "succeeded"
    )
    assert {devices[endpoint].record.running_version for endpoint in last} == {NEW}


async def _outcomes(stage: Stage, fault: Fault, *phases: When) -> set[str]:
    cells = [
        Cell(behaviour="happy", fault=fault, when=when, outcomes=frozenset({SUCCEEDED}))
        for when in phases
    ]
    return {each.outcome for each in await RealWave(stage, fault, cells).run()}
