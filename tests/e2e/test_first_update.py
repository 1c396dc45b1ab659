"""The first ten minutes: what docs/getting-started.md says, step by step, on the real page.

There is a Leshan with two devices, and a Home Assistant that has nothing but the release's files.
Only what a person can do is done: clicks, typing, and copying files.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final

import pytest
import pytest_asyncio

from harness.browser import HassPage
from harness.hass import Hass
from harness.hass_folder import firmware_folder
from harness.leshan_held import HeldSite
from harness.stage import Stage
from scripts.releasing.archive import ARCHIVE_NAME, write_archive
from scripts.setup import browser, java, leshan
from simulator.download import DownloadSettings
from simulator.image import make_image

from .fleet import sensors

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NAME: Final = "flownexus OTA"
# What the page of a device says; the user enters it as patterns.
MANUFACTURER: Final = "Flownexus"
MODEL: Final = "Simulated sensor"
SIDECAR: Final = {"version": "1.1.0", "manufacturer": MANUFACTURER, "model": MODEL}
COPIED: Final = make_image("1.1.0", 200_000)
UPLOADED: Final = make_image("1.2.0", 200_000)


@pytest.fixture(scope="module")
def valve() -> asyncio.Event:
    """Return what lets downloads go on, which stop until the page has shown them."""
    return asyncio.Event()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def empty(
    tmp_path_factory: pytest.TempPathFactory, valve: asyncio.Event
) -> AsyncIterator[Stage]:
    """Start Leshan with two devices, and Home Assistant with the unpacked zip file."""
    folder = tmp_path_factory.mktemp("first")
    archive = folder / ARCHIVE_NAME
    write_archive(archive)
    async with AsyncExitStack() as ends:
        site = HeldSite(leshan.leshan_jar(), java.java())
        await site.start(ends, folder)
        downloads = DownloadSettings(valve=valve)
        await site.add_devices(replace(sensors("sensor-", count=2), downloads=downloads))
        hass = Hass(folder, archive=archive)
        await hass.start(ends)
        await hass.onboard()
        yield Stage(site=site, hass=hass)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(empty: Stage) -> AsyncIterator[HassPage]:
    """Log in, and add the server by the form."""
    async with AsyncExitStack() as ends:
        opened = await HassPage.open(ends, browser.chromium(), empty.hass)
        await opened.log_in()
        await opened.go_to("Settings", "Devices & services")
        await opened.add_integration(NAME)
        await opened.fill_in(URL=empty.site.base_url)
        await opened.press("Submit")
        await opened.form_shows("Name and assign")
        await opened.press("Skip and finish")
        yield opened


async def test_the_devices_of_the_server_are_on_the_page(page: HassPage) -> None:
    # Home Assistant shows the server's own page if that was quicker than its devices.
    await page.go_to("Settings", "Devices & services", NAME)
    await page.page_shows("2 devices")
    await page.go_to("sensor-1")
    await page.page_shows(f"by {MANUFACTURER}")
    await page.page_shows(MODEL)
    await page.page_shows("Firmware: 1.0.0")


async def test_an_image_is_copied_to_the_folder_and_installed(
    empty: Stage, page: HassPage, valve: asyncio.Event
) -> None:
    folder = firmware_folder(empty.hass.folder)
    (folder / "sensor-1.1.0.bin").write_bytes(COPIED)
    (folder / "sensor-1.1.0.bin.json").write_text(json.dumps(SIDECAR), encoding="utf-8")
    await page.go_to("Settings", "System", "Updates")
    await page.press_on_page("Check for updates")
    await page.go_to("sensor-1")
    await page.dialog_shows("1.1.0")
    await page.press_update()
    await page.dialog_shows("Installing")
    valve.set()
    await page.dialog_shows("Up-to-date")
    await empty.devices.until_running("sensor-1", "1.1.0")
    valve.clear()


async def test_an_image_is_uploaded_and_installed(
    empty: Stage, page: HassPage, valve: asyncio.Event
) -> None:
    await page.close_dialog()
    await page.go_to("Settings", "Devices & services", NAME)
    await page.press_on_page("Configure")
    await page.choose("Firmware", "Add firmware")
    await page.choose_file("sensor-1.2.0.bin", UPLOADED)
    await page.press("Next")
    await page.fill_in(Version="1.2.0", Manufacturer=MANUFACTURER, Model=MODEL)
    await page.press("Next")
    await page.form_shows("of 2 devices: sensor-1, sensor-2")
    await page.press("Add")
    await page.form_shows("sensor-1.2.0.bin (version 1.2.0) is in the firmware folder now.")
    await page.press("Close")
    await page.go_to("sensor-2")
    await page.page_shows("Update available")
    await page.open_update_dialog()
    await page.press_update()
    await page.dialog_shows("Installing")
    valve.set()
    await page.dialog_shows("Up-to-date")
    await page.close_dialog()
    await page.page_shows("Firmware: 1.2.0")
    await page.page_shows("Succeeded")
    await empty.devices.until_running("sensor-2", "1.2.0")
