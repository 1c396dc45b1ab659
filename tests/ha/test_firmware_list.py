"""The list of firmware: what there is, for whom, and why not."""

import hashlib
import os
from pathlib import Path

import pytest
from homeassistant.exceptions import ServiceValidationError

from custom_components.flownexus_ota.const import CONF_PUBLIC_KEYS, DOMAIN
from simulator.image import make_image
from tests.ota.mcuboot_images import mcuboot_image, signing_key

from .firmware_actions import act
from .fleet import NEW, SETTLED, World
from .test_services import device_id

SHA256 = hashlib.sha256(make_image(NEW, 50_000)).hexdigest()


async def test_the_list_counts_the_devices_and_names_the_files_that_are_not_used(
    world: World, folder: Path
) -> None:
    await world.add_device("sensor-1")
    await world.add_device("other-1")
    world.add_image(NEW, endpoint="sensor-*", title="Sensor")
    (folder / "half.bin").write_bytes(b"x")
    await world.set_up()
    await world.ready("sensor-1")
    await world.ready("other-1")
    await world.runtime.shared.keeper.rescan()

    answer = await act(world, "list_firmware")

    [image] = answer["images"]
    assert (image["file_name"], image["sha256"]) == (f"sensor-{NEW}.bin", SHA256)
    assert (image["version"], image["title"], image["kind"]) == (NEW, "Sensor", "plain")
    assert image["is_in_folder"] is True
    assert (image["fits_count"], image["device_count"]) == (1, 2)
    [unused] = answer["unused"]
    assert (unused["file_name"], unused["problem"]) == ("half.bin", "no_sidecar")
    assert unused["message"].startswith("It has no sidecar")


async def test_the_list_names_files_that_contradict_each_other(world: World, folder: Path) -> None:
    world.add_image(NEW)
    (folder / "other.bin").write_bytes(b"other build")
    os.utime(folder / "other.bin", SETTLED)
    (folder / "other.bin.json").write_bytes((folder / f"sensor-{NEW}.bin.json").read_bytes())
    await world.set_up()
    await world.until(lambda: bool(world.runtime.shared.keeper.problems))

    answer = await act(world, "list_firmware")

    assert answer["images"] == []
    unused = {each["file_name"]: each["problem"] for each in answer["unused"]}
    assert unused == {f"sensor-{NEW}.bin": "duplicate_version", "other.bin": "duplicate_version"}


async def test_the_list_says_for_a_device_what_is_offered_and_why_not(world: World) -> None:
    await world.add_device("sensor-1", version="1.1.0")
    for version in ("1.0.0", "1.2.0", "1.3.0"):
        world.add_image(version)
    world.add_image("2.0.0", model="Other")
    world.add_image("2.1.0", endpoint="meter-*")
    world.add_image("2.2.0", min_installed_version="1.2.0")
    await world.set_up()
    await world.ready("sensor-1", version="1.1.0")
    await world.runtime.shared.keeper.rescan()

    answer = await act(world, "list_firmware", device_id=[device_id(world, "sensor-1")])

    rows = {image["version"]: image["devices"][0] for image in answer["images"]}
    reasons = {version: (row["fits"], row["reason"]) for version, row in rows.items()}
    assert reasons == {
        "1.0.0": (True, "not_newer"),
        "1.2.0": (True, "better_image"),
        "1.3.0": (True, None),
        "2.0.0": (False, "model"),
        "2.1.0": (False, "endpoint"),
        "2.2.0": (False, "installed_too_old"),
    }
    assert [version for version, row in rows.items() if row["is_offered"]] == ["1.3.0"]
    assert rows["2.0.0"]["message"] == "other model"
    assert rows["1.3.0"]["message"] is None
    assert rows["1.3.0"]["device_id"] == device_id(world, "sensor-1")
    assert rows["1.3.0"]["endpoint"] == "sensor-1"


async def test_the_list_minds_what_is_pinned_and_what_runs_already(world: World) -> None:
    await world.add_device("sensor-1", version="1.1.0")
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        world.add_image(version)
    await world.set_up()
    await world.ready("sensor-1", version="1.1.0")
    aim = {"entity_id": world.entity_id("sensor-1", "firmware_version", "select")}
    await world.hass.services.async_call(
        "select", "select_option", aim | {"option": "1.0.0"}, blocking=True
    )

    answer = await act(world, "list_firmware", device_id=[device_id(world, "sensor-1")])

    reasons = {each["version"]: each["devices"][0]["reason"] for each in answer["images"]}
    assert reasons == {"1.2.0": "other_pinned", "1.1.0": "installed", "1.0.0": None}


async def test_the_list_says_nothing_is_offered_to_a_device_whose_version_nobody_knows(
    world: World,
) -> None:
    await world.add_device("sensor-1", version="")
    world.add_image()
    await world.set_up()
    await world.until(lambda: world.find("sensor-1", "firmware", "update") is not None)

    answer = await act(world, "list_firmware", device_id=[device_id(world, "sensor-1")])

    [row] = answer["images"][0]["devices"]
    assert (row["fits"], row["reason"]) == (True, "version_unknown")


async def test_the_list_says_why_a_device_does_not_get_what_fits_its_kind(world: World) -> None:
    await world.add_device("sensor-1")
    world.add_image("2.0.0", channel="beta")
    entry = world.add_entry(**{CONF_PUBLIC_KEYS: signing_key("ed25519").public_pem.decode()})
    signed = mcuboot_image(key=signing_key("ecdsa-p256"), version="3.0.0")
    folder = Path(world.hass.config.path(DOMAIN, "firmware"))
    (folder / "signed.bin").write_bytes(signed)
    (folder / "signed.bin.json").write_text('{"manufacturer": "Flownexus"}')
    await world.hass.config_entries.async_setup(entry.entry_id)
    await world.ready("sensor-1")
    await world.until(lambda: bool(world.runtime.server_catalogue.distrusted))

    answer = await act(world, "list_firmware", device_id=[device_id(world, "sensor-1")])

    reasons = {each["version"]: each["devices"][0]["reason"] for each in answer["images"]}
    assert reasons == {"3.0.0": "untrusted", "2.0.0": "channel"}


async def test_a_device_that_is_not_ours_is_refused(world: World) -> None:
    await world.set_up()
    with pytest.raises(ServiceValidationError, match="no device of this integration"):
        await act(world, "list_firmware", device_id=["nobody"])
