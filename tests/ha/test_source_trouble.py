"""Sources in trouble: an error of ours, and many who need the same image at once."""

import hashlib
from pathlib import Path

import pytest
from homeassistant.exceptions import HomeAssistantError

from custom_components.flownexus_ota.catalogue_keeper import Listed
from custom_components.flownexus_ota.ota.sidecar import Sidecar
from custom_components.flownexus_ota.sources.remote import RemoteImage, RemoteListing
from custom_components.flownexus_ota.storage.image_store import StoredImage
from tests.ota.mcuboot_images import mcuboot_image, signing_key

from .firmware_sources import add_damaged
from .fleet import World


async def test_an_error_of_ours_does_not_end_the_asking(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.set_up()
    add_damaged(world)
    await world.until(lambda: "Asking Example failed by an error of ours" in caplog.text)
    [state] = world.runtime.sources.states()
    assert state["failure_count"] == 1


async def test_an_image_that_was_fetched_for_another_device_a_moment_ago_is_looked_into_too(
    world: World, tmp_path: Path
) -> None:
    await world.add_device("thing")
    await world.set_up()
    await world.ready("thing")
    key = signing_key("ed25519")
    content = mcuboot_image("--security-counter", "9", key=key, version="2.0.0")
    image = RemoteImage(
        name="Example: a.bin",
        url="https://firmware.example/a.bin",
        file_name="a.bin",
        stored=StoredImage(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content)),
        sidecar=Sidecar(version="2.0.0", manufacturer="Flownexus"),
    )
    listed = Listed(source=None, listing=RemoteListing(images=(image,)))
    await world.runtime.shared.keeper.put("example", listed)
    await world.until(lambda: world.firmware("thing").state == "on")
    fetched = tmp_path / "fetched"
    fetched.write_bytes(content)
    await world.hass.async_add_executor_job(world.runtime.shared.store.add, fetched)

    entity_id = str(world.entity_id("thing", "firmware", "update"))
    installing = world.hass.async_create_task(world.install(entity_id))
    await world.until(lambda: world.view("thing").session is not None)

    session = world.view("thing").session
    assert session is not None
    assert session.security_counter == 9
    # The simulated device takes no MCUboot image.
    with pytest.raises(HomeAssistantError, match="does not accept the image"):
        await installing
