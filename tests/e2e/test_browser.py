"""What a person sees: the login form, the device's page, the update's dialog."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from harness.browser import HassPage
from harness.fleet_plan import NEW_VERSION, demo_firmware, demo_fleet
from harness.hass import Hass
from harness.stage import Stage, set_stage
from scripts.demonstration.options import parse
from scripts.setup import browser

from .conftest import new_site
from .fleet import INSTALL_LIMIT_SECONDS

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ENDPOINT = "thingy-3"
FAILING_ENDPOINT = "thingy-2"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The stage of scripts/demo --failing 2, on the real Leshan."""
    folder = tmp_path_factory.mktemp("demo")
    async with AsyncExitStack() as ends:
        yield await set_stage(
            ends,
            folder=folder,
            site=new_site("real"),
            hass=Hass(folder),
            fleet=demo_fleet(parse(["--failing=2"])),
            firmware=demo_firmware(),
        )


@pytest_asyncio.fixture(loop_scope="session")
async def page(demo_stage: Stage) -> AsyncIterator[HassPage]:
    """A browser of its own for each test, with a person who has just logged in by the form."""
    async with AsyncExitStack() as ends:
        opened = await HassPage.open(ends, browser.chromium(), demo_stage.hass)
        await opened.log_in()
        yield opened


async def test_a_person_presses_update_sees_progress_and_then_up_to_date(
    demo_stage: Stage, page: HassPage
) -> None:
    hass = demo_stage.hass
    entity_id = await hass.update_entity(ENDPOINT)
    await page.open_device(ENDPOINT)
    await page.page_shows("Update available")
    await page.open_update_dialog()
    await page.dialog_shows("What is new")
    await page.press_update()
    await hass.socket.until(
        lambda: (hass.states[entity_id]["attributes"]["update_percentage"] or 0) > 40,
        "half of the image to be downloaded",
        limit_seconds=INSTALL_LIMIT_SECONDS,
    )
    await page.dialog_shows("Installing (")
    assert 0 < await page.progress_percent() <= 100
    await page.dialog_shows("Up-to-date")
    await page.close_dialog()
    await page.page_shows(f"Firmware: {NEW_VERSION}")
    await page.page_shows("Succeeded")
    await demo_stage.devices.until_running(ENDPOINT, NEW_VERSION)


async def test_a_person_reads_in_the_dialog_what_went_wrong(
    demo_stage: Stage, page: HassPage
) -> None:
    await demo_stage.hass.update_entity(FAILING_ENDPOINT)
    await page.open_device(FAILING_ENDPOINT)
    await page.open_update_dialog()
    await page.press_update()
    await page.dialog_shows(f"{FAILING_ENDPOINT} has not enough flash memory for version 1.2.0")
    await page.page_shows("Failed")
