"""Every behaviour, under every fault, in every phase: real processes, really killed."""

import os
from collections.abc import AsyncIterator, Generator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
import pytest_asyncio

from harness.hass import Hass
from harness.held_device import HeldDevice
from harness.leshan_simulated import SimulatedSite
from harness.stage import Stage, set_stage
from scripts.setup.places import REPOSITORY

from .fleet import FIRMWARE, sensors
from .matrix import BRIEF_TIMES, MAX_ATTEMPTS, TIMES, Fault, cells
from .matrix_report import report
from .matrix_wave import SIZE_BYTES, Ended, Wave

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def matrix_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Home Assistant before a simulated Leshan whose devices can be held."""
    folder = tmp_path_factory.mktemp("matrix")
    async with AsyncExitStack() as ends:
        hass = Hass(folder)
        stage = await set_stage(
            ends,
            folder=folder,
            site=SimulatedSite(make_device=HeldDevice),
            hass=hass,
            fleet=sensors("early-"),
            firmware=[replace(FIRMWARE, size_bytes=SIZE_BYTES)],
        )
        await hass.set_options(max_parallel_updates=1000)
        await hass.set_options("downloads", max_parallel_downloads=1000)
        await hass.add_profile(
            "hurried",
            manufacturer=FIRMWARE.manufacturer,
            max_attempts=MAX_ATTEMPTS,
            times=TIMES,
        )
        for endpoint, times in BRIEF_TIMES.items():
            await hass.add_profile(
                endpoint, endpoint=endpoint, max_attempts=MAX_ATTEMPTS, times=times
            )
        yield stage


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Generator[list[Ended]]:
    """Collect them; the page is the documentation's if FLOWNEXUS_OTA_RELIABILITY is set."""
    ended: list[Ended] = []
    yield ended
    is_asked_for = bool(os.environ.get("FLOWNEXUS_OTA_RELIABILITY"))
    folder = REPOSITORY / "docs" if is_asked_for else tmp_path_factory.mktemp("reliability")
    (folder / "reliability.md").write_text(report(ended), encoding="utf-8")


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name.lower())
async def test_every_device_ends_as_its_cell_says(
    matrix_stage: Stage, outcomes: list[Ended], fault: Fault
) -> None:
    ended = await Wave(matrix_stage, fault, cells(fault)).run()
    outcomes += ended
    unexpected = {each.cell.endpoint: each.outcome for each in ended if not each.is_as_expected}
    assert unexpected == {}
