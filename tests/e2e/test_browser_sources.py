"""Each way to add a firmware but the upload, gone by a person on the page; and a profile.

The servers of the index and of GitHub's API are on this machine, so the forms allow private
networks; Home Assistant trusts their authority as it would a company's.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from harness.browser import HassPage
from harness.catalogue import Firmware, add_firmware
from harness.fleet_plan import MANUFACTURER, MODEL, demo_fleet
from harness.hass import Hass
from harness.hass_folder import firmware_folder
from harness.stage import Stage, set_stage
from scripts.demonstration.options import parse
from scripts.setup import browser
from simulator.image import make_image
from tests.sources.authority import Authority
from tests.sources.file_server import FileServer
from tests.sources.github_server import REPOSITORY, GithubServer
from tests.sources.index_server import PublishedIndex

from .conftest import new_site

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Each image is for one device, so that no test sees another's.
OF_INDEX, OF_GITHUB, OF_ACTION, OF_FOLDER = (f"thingy-{number}" for number in range(1, 5))
NEW: Final = "1.3.0"
SIZE_BYTES: Final = 200_000


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceStage:
    """A stage whose catalogue is empty, and a server that publishes firmware."""

    stage: Stage
    server: FileServer

    @property
    def hass(self) -> Hass:
        return self.stage.hass


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sources(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SourceStage]:
    """Have the devices of scripts/demo, on the real Leshan."""
    folder = tmp_path_factory.mktemp("sources")
    authority = Authority(folder)
    async with AsyncExitStack() as ends:
        server = await ends.enter_async_context(FileServer(authority.serving()))
        stage = await set_stage(
            ends,
            folder=folder,
            site=new_site("real"),
            hass=Hass(folder, also_trusted_pem=authority.pem),
            fleet=demo_fleet(parse(["--devices=4"])),
            firmware=(),
        )
        yield SourceStage(stage=stage, server=server)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(sources: SourceStage) -> AsyncIterator[HassPage]:
    """A browser with a person who has logged in."""
    async with AsyncExitStack() as ends:
        opened = await HassPage.open(ends, browser.chromium(), sources.hass)
        await opened.log_in()
        yield opened


async def test_a_person_adds_an_index_and_a_device_installs_its_image(
    sources: SourceStage, page: HassPage, images_folder: Path
) -> None:
    index = PublishedIndex(sources.server)
    index.publish(NEW, make_image(NEW, SIZE_BYTES), endpoint=OF_INDEX, title="Of an index")
    await page.open_new("Add firmware index")
    await page.fill_in(Name="Our index", Address=index.url)
    await page.press("Submit")
    await page.form_shows("127.0.0.1 is not in the public internet")
    await page.screenshot(images_folder / "index-refused.png")
    await page.turn_switch("Allow private networks")
    await page.press("Submit")
    await page.form_shows("Images it names: 1.")
    await page.screenshot(images_folder / "index-added.png")
    await page.press("Finish")
    await page.page_shows("Firmware index")
    await sources.hass.update_entity(OF_INDEX)
    await page.open_device(OF_INDEX)
    await page.open_update_dialog()
    await page.dialog_shows("Of an index")
    await page.press_update()
    await page.dialog_shows("Up-to-date")
    await sources.stage.devices.until_running(OF_INDEX, NEW)


async def test_a_person_adds_a_repository_and_sees_its_release_offered(
    sources: SourceStage, page: HassPage, images_folder: Path
) -> None:
    github = GithubServer(sources.server)
    github.upload(github.release(f"v{NEW}"), "thingy.bin", make_image(NEW, SIZE_BYTES))
    await page.open_new("Add GitHub repository")
    repository = {"Name": "Our repository", "Repository": REPOSITORY, "Endpoint name": OF_GITHUB}
    await page.fill_in(**repository)
    await page.unfold("Further settings")
    await page.fill_in(**{"Address of the API": github.base_url})
    await page.turn_switch("Allow private networks")
    await page.screenshot(images_folder / "repository.png")
    await page.press("Submit")
    await page.form_shows("Images among its releases: 1.")
    await page.press("Finish")
    await page.page_shows("GitHub repository")
    await sources.hass.update_entity(OF_GITHUB)
    await page.open_device(OF_GITHUB)
    await page.open_update_dialog()
    await page.dialog_shows("Description of the release")
    await page.dialog_shows(NEW)


async def test_a_person_adds_a_file_by_the_action_among_the_tools(
    sources: SourceStage, page: HassPage, images_folder: Path
) -> None:
    # Home Assistant lets actions read this folder of its configuration without being told to.
    built = sources.hass.folder / "www" / "built.bin"
    built.write_bytes(make_image(NEW, SIZE_BYTES))
    described = {"path": str(built), "version": NEW, "title": "By the action"}
    await page.perform_action("flownexus_ota.add_firmware", described | {"endpoint": OF_ACTION})
    await sources.hass.update_entity(OF_ACTION)
    await page.screenshot(images_folder / "action.png")
    await page.open_device(OF_ACTION)
    await page.open_update_dialog()
    await page.dialog_shows("By the action")
    await page.dialog_shows(NEW)


async def test_a_person_puts_a_file_into_the_folder_and_has_it_read(
    sources: SourceStage, page: HassPage
) -> None:
    entity_id = await sources.hass.entity_id("update", OF_FOLDER, "firmware")
    firmware = Firmware(
        version=NEW,
        manufacturer=MANUFACTURER,
        model=MODEL,
        size_bytes=SIZE_BYTES,
        title="From the folder",
        release_notes="* faster",
        endpoint=OF_FOLDER,
    )
    add_firmware(firmware_folder(sources.hass.folder), firmware)
    await page.perform_action("homeassistant.update_entity", {"entity_id": entity_id})
    await sources.hass.update_entity(OF_FOLDER)
    await page.open_device(OF_FOLDER)
    await page.open_update_dialog()
    await page.dialog_shows("From the folder")
    await page.dialog_shows(NEW)


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
