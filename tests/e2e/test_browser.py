"""What a person sees: the login form, the device's page, the update's dialog."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from harness.browser import HassPage
from harness.fleet_plan import NEW_VERSION, demo_firmware, demo_fleet
from harness.hass import Hass
from harness.stage import Stage, set_stage
from scripts.demonstration.options import parse
from scripts.setup import browser
from simulator.image import make_image

from .conftest import new_site
from .fleet import INSTALL_LIMIT_SECONDS

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ENDPOINT = "thingy-3"
FAILING_ENDPOINT = "thingy-2"
OTHER_ENDPOINT = "thingy-5"
UPLOADED_VERSION = "1.3.0"


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
    demo_stage: Stage, page: HassPage, images_folder: Path
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
    await page.screenshot(images_folder / "update-dialog.png")
    await page.dialog_shows("Up-to-date")
    await page.close_dialog()
    await page.page_shows(f"Firmware: {NEW_VERSION}")
    await page.page_shows("Succeeded")
    await page.screenshot(images_folder / "device-page.png")
    await demo_stage.devices.until_running(ENDPOINT, NEW_VERSION)


async def test_a_person_reads_in_the_dialog_what_went_wrong(
    demo_stage: Stage, page: HassPage, images_folder: Path
) -> None:
    await demo_stage.hass.update_entity(FAILING_ENDPOINT)
    await page.open_device(FAILING_ENDPOINT)
    await page.open_update_dialog()
    await page.press_update()
    await page.dialog_shows(f"{FAILING_ENDPOINT} has not enough flash memory for version 1.2.0")
    await page.page_shows("Failed")
    await page.screenshot(images_folder / "update-failed.png")


async def test_a_person_uploads_an_image_and_sees_it_offered(
    demo_stage: Stage, page: HassPage, images_folder: Path
) -> None:
    hass = demo_stage.hass
    entity_id = await hass.update_entity(OTHER_ENDPOINT)
    await page.open_options("Firmware", "Add firmware")
    await page.choose_file("built.bin", make_image(UPLOADED_VERSION, 200_000))
    await page.press("Next")
    await page.fill_in(Version=UPLOADED_VERSION, Model="thing?", Title="Thingy, uploaded")
    await page.press("Next")
    await page.form_shows(f"version {UPLOADED_VERSION}, 200 kB")
    await page.form_shows("of 5 devices: thingy-1, thingy-2, thingy-3, thingy-4, thingy-5")
    await page.screenshot(images_folder / "firmware-add.png")
    await page.press("Add")
    await page.form_shows("built.bin (version 1.3.0) is in the firmware folder now.")
    await hass.socket.until(
        lambda: hass.states[entity_id]["attributes"]["latest_version"] == UPLOADED_VERSION,
        "the uploaded image to be offered",
        limit_seconds=10.0,
    )
    await page.open_device(OTHER_ENDPOINT)
    await page.page_shows("Update available")
    await page.open_update_dialog()
    await page.dialog_shows("Thingy, uploaded")
    await page.dialog_shows(UPLOADED_VERSION)


async def test_a_person_adds_a_profile_and_finds_it_as_it_was_left(page: HassPage) -> None:
    await page.open_new("Add profile")
    await page.fill_in(Name="Others", Manufacturer="Acme")
    await page.unfold("Maintenance window")
    await page.tick("Saturday")
    await page.press("Submit")
    await page.form_shows("Others")
    await page.press("Finish")
    await page.open_existing("Others")
    await page.unfold("Maintenance window")
    assert await page.is_ticked("Saturday")
    await page.press("Submit")
    await page.form_shows("Reconfiguration was successful")
