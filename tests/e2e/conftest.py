"""Stages of real processes, each shared by the tests of a file."""

import os
from collections.abc import AsyncIterator, Generator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from harness.device_site import DeviceSite
from harness.hass import Hass
from harness.leshan_real import RealSite
from harness.leshan_simulated import SimulatedSite
from harness.stage import Stage, set_stage
from scripts.setup import java, leshan
from scripts.setup.places import REPOSITORY
from simulator.leshan_generation import Generation

from .fleet import FIRMWARE, sensors

SITES = ("real", "m4", "m15", "m18")


def new_site(name: str) -> DeviceSite:
    """Return a Leshan: the real one that set-up found, or the simulated one of a generation.

    Without a real one this raises SetupError, with the line to type: nothing is skipped.
    """
    if name == "real":
        return RealSite(leshan.leshan_jar(), java.java())
    return SimulatedSite(Generation(name))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the last lines of every process of the stage with a test that failed."""
    report = yield
    if report.failed:
        stages = (each for each in item.funcargs.values() if isinstance(each, Stage))
        parts = (part for each in stages for part in (each.hass.process, *each.site.processes))
        report.sections += [(f"last lines of {part.name}", part.tail) for part in parts]
    return report


@pytest.fixture
def images_folder(tmp_path: Path) -> Path:
    """Return where screenshots go: into the documentation if FLOWNEXUS_OTA_IMAGES is set."""
    return REPOSITORY / "docs/images" if os.environ.get("FLOWNEXUS_OTA_IMAGES") else tmp_path


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=SITES)
async def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """Home Assistant 2026.11 before each of the Leshans; the device early-1 was there first."""
    folder = tmp_path_factory.mktemp(request.param)
    async with AsyncExitStack() as ends:
        yield await new_stage(ends, folder, new_site(request.param), Hass(folder))


async def new_stage(ends: AsyncExitStack, folder: Path, site: DeviceSite, hass: Hass) -> Stage:
    """Start all parts."""
    return await set_stage(
        ends, folder=folder, site=site, hass=hass, fleet=sensors("early-"), firmware=[FIRMWARE]
    )
