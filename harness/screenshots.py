"""scripts/screenshots, once its Python is there: every picture of the documentation, taken anew.

Real parts: Leshan, Home Assistant and Chromium; the devices are simulated. What differs from one
time to the next is the clock.
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image

from harness.browser import HassPage
from harness.catalogue import add_firmware
from harness.device_site import DeviceSite
from harness.fleet_plan import NEW_VERSION, demo_firmware, demo_fleet
from harness.hass import Hass
from harness.hass_folder import firmware_folder
from harness.leshan_real import RealSite
from harness.stage import Stage
from harness.waiting import StageError
from scripts.demonstration.options import parse
from scripts.setup import browser, java, leshan
from scripts.setup.console import SetupError, say
from scripts.setup.places import cache_lock
from simulator.image import make_image

_NAME: Final = "flownexus OTA"
# Leshan's own port, as in the documents: it is in the name that Home Assistant gives the server.
_LESHAN_PORT: Final = 8080
_UPDATED, _FAILING = "thingy-3", "thingy-2"
_UPLOADED: Final = "thingy-1.3.0.bin"
_DOWNLOADED_PERCENT: Final = 40
_LIMIT_SECONDS: Final = 60.0
# Home Assistant's pages have few colours; so many look the same in a third of the space.
_COLOURS: Final = 256


async def take_pictures(ends: AsyncExitStack, folder: Path, site: DeviceSite) -> None:
    """Write them into `folder`; `ends` gets what ends the stage. Raise StageError."""
    own = Path(ends.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)))
    stage = await _set_stage(ends, own, site)
    page = await HassPage.open(ends, browser.chromium(), stage.hass)
    await page.log_in()
    album = _Album(stage, page, folder)
    await album.take_setting_up()
    await album.take_options()
    await album.take_an_update()
    await album.take_a_failure()
    await album.take_firmware()


async def _set_stage(ends: AsyncExitStack, folder: Path, site: DeviceSite) -> Stage:
    await site.start(ends, folder)
    await site.add_devices(demo_fleet(parse(["--failing=2"])))
    hass = Hass(folder)
    for each in demo_firmware():
        add_firmware(firmware_folder(hass.folder), each)
    await hass.start(ends)
    await hass.onboard()
    await hass.until_running()
    return Stage(site=site, hass=hass)


class _Album:
    """The pictures, in the order in which a user comes by."""

    def __init__(self, stage: Stage, page: HassPage, folder: Path) -> None:
        self._stage = stage
        self._page = page
        self._folder = folder

    async def take_setting_up(self) -> None:
        """Fill in the form as the documents say, and set up the server that there is."""
        page, hass = self._page, self._stage.hass
        await page.go_to("Settings", "Devices & services")
        await page.add_integration(_NAME)
        await page.set_height(800)
        await page.fill_in(URL="http://192.168.1.20:8080")
        await self._take("server-form", is_dialog=True)
        await hass.add_server(self._stage.site.base_url)
        await hass.update_entity(_UPDATED)
        await page.open_integration()
        await page.page_shows("5 devices")
        await page.page_shows(_UPDATED)
        await page.set_height(880)
        await self._take("devices")
        await page.set_height(680)

    async def take_options(self) -> None:
        """Open the menu, and the form of one of its topics."""
        page = self._page
        await page.open_options()
        await page.form_shows("Choose what you want")
        await self._take("options", is_dialog=True)
        await page.set_height(1100)
        await page.choose("Maintenance window", "Saturday", "Sunday")
        await page.form_shows("What waits")
        await self._take("maintenance-window", is_dialog=True)
        await page.set_height(680)

    async def take_an_update(self) -> None:
        """Press Update and look on, then at the device's page and at what was noted."""
        page, hass = self._page, self._stage.hass
        entity_id = await hass.update_entity(_UPDATED)
        await page.open_device(_UPDATED)
        await page.page_shows("Update available")
        await page.open_update_dialog()
        await page.dialog_shows("What is new")
        await page.press_update()
        await hass.socket.until(
            lambda: (
                (hass.states[entity_id]["attributes"]["update_percentage"] or 0)
                > _DOWNLOADED_PERCENT
            ),
            "half of the image to be downloaded",
            limit_seconds=_LIMIT_SECONDS,
        )
        await page.dialog_shows("Installing (")
        await self._take("update-dialog", is_dialog=True)
        await page.dialog_shows("Up-to-date")
        await page.close_dialog()
        await page.page_shows(f"Firmware: {NEW_VERSION}")
        await page.set_height(860)
        await page.page_shows("was updated from")
        await self._take("device-page")
        await page.set_height(680)
        await page.go_to("Activity")
        await page.press_on_page("Sources")
        await page.page_shows("was updated from")
        await self._take("activity")

    async def take_a_failure(self) -> None:
        """Let an update fail before one's eyes, and another one unseen."""
        page, hass = self._page, self._stage.hass
        entity_id = await hass.update_entity(_FAILING)
        await page.open_device(_FAILING)
        await page.open_update_dialog()
        await page.dialog_shows("What is new")
        await page.press_update()
        await page.dialog_shows("has not enough flash memory")
        await self._take("update-failed", is_dialog=True)
        await page.close_dialog()
        await hass.socket.call("flownexus_ota.retry_update", {"entity_id": entity_id})
        await page.go_to("Settings", "System", "Repairs")
        await page.go_to(f"The update of {_FAILING} to version {NEW_VERSION} failed")
        await page.page_shows("then retry the update")
        await self._take("repair", is_dialog=True)

    async def take_firmware(self) -> None:
        """Upload an image for some of the devices."""
        page = self._page
        await page.open_options("Firmware", "Add firmware")
        await page.choose_file(_UPLOADED, make_image("1.3.0", 1_500_000))
        await page.press("Next")
        await page.set_height(950)
        await page.fill_in(Manufacturer="Flownexus", Model="Thingy")
        await page.fill_in(Title="Thingy firmware", Version="1.3.0")
        await self._take("firmware-describe", is_dialog=True)
        await page.fill_in(**{"Endpoint name": "thingy-[345]"})
        await page.press("Next")
        await page.form_shows("of 5 devices")
        await page.set_height(680)
        await self._take("firmware-add", is_dialog=True)

    async def _take(self, name: str, *, is_dialog: bool = False) -> None:
        file = self._folder / f"{name}.png"
        await self._page.screenshot(file, is_dialog=is_dialog)
        await asyncio.to_thread(_shrink, file)
        say(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")


def _shrink(file: Path) -> None:
    with Image.open(file) as image:
        few = image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    few.save(file, optimize=True)


async def _run(folder: Path) -> None:
    with cache_lock():
        site = RealSite(leshan.leshan_jar(), java.java(), web_port=_LESHAN_PORT)
        browser.chromium()
    async with AsyncExitStack() as ends:
        await take_pictures(ends, folder, site)


def main() -> int:
    """Take all pictures; return the exit status for the shell."""
    (folder,) = sys.argv[1:]
    try:
        asyncio.run(_run(Path(folder)))
    except (SetupError, StageError) as err:
        say(f"scripts/screenshots: {err}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
