"""Adding firmware by the page: upload, describe, see whom it fits, confirm."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from homeassistant.core import HomeAssistant

from custom_components.flownexus_ota.backup import async_post_backup, async_pre_backup
from custom_components.flownexus_ota.const import CONF_PUBLIC_KEYS
from simulator.image import make_image
from tests.ota.esp_images import esp_image
from tests.ota.mcuboot_images import mcuboot_image, signing_key

from ..small_disk import files_limited_to
from .fleet import NEW, OLD, World
from .options_page import Person, error_text, names, shown

IMAGE = make_image(NEW, 50_000)


@pytest.fixture(autouse=True)
def own_folder_for_uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep uploads apart: each Home Assistant removes those of all others on the same machine."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def uploads(hass: HomeAssistant) -> list[str]:
    """Return the files that Home Assistant still keeps for us."""
    data: Any = hass.data.get("file_upload")
    return [] if data is None else sorted(data.files)


async def test_a_firmware_is_uploaded_described_confirmed_and_offered(
    world: World, person: Person, folder: Path
) -> None:
    await world.add_device("sensor-1")
    await world.ready("sensor-1")
    form = await person.describe(IMAGE, "My sensor (1).bin")
    assert form["step_id"] == "firmware_describe"
    assert shown(form) == {"file_name": "My-sensor-1.bin"}

    summary = await person.send(
        file_name="sensor.bin", version=f" {NEW} ", manufacturer="flown*", title="Sensor"
    )

    assert summary["step_id"] == "firmware_confirm"
    told = summary["description_placeholders"]
    assert (told["file"], told["version"], told["size"]) == ("sensor.bin", r"1\.1\.0", "50 kB")
    assert (told["count"], told["total"], told["names"]) == ("1", "1", r"sensor\-1")
    assert told["misfits"] == "There is no device here that it does not fit."
    assert told["header"] == ""
    assert names(folder) == []

    end = await person.send()

    assert (end["type"], end["reason"]) == ("abort", "firmware_added")
    assert names(folder) == ["sensor.bin", "sensor.bin.json"]
    assert json.loads((folder / "sensor.bin.json").read_text()) == {
        "version": NEW,
        "manufacturer": "flown*",
        "title": "Sensor",
    }
    await world.until(lambda: world.firmware("sensor-1").state == "on")
    assert world.firmware("sensor-1").attributes["latest_version"] == NEW
    assert world.firmware("sensor-1").attributes["title"] == "Sensor"
    await world.until(lambda: uploads(world.hass) == [])


async def test_what_an_image_tells_is_filled_in(person: Person) -> None:
    key = signing_key("ecdsa-p256")
    form = await person.describe(mcuboot_image(key=key, version="1.4.2+7"))
    assert shown(form) == {"file_name": "built.bin", "version": "1.4.2+7"}
    assert form["description_placeholders"]["kind"] == "MCUboot"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (mcuboot_image(key=signing_key("ed25519")), "\n\nMCUboot, ed25519"),
        (
            mcuboot_image("--security-counter", "9"),
            "\n\nMCUboot, not signed, security counter 9",
        ),
        (esp_image(security_counter=3), "\n\nESP-IDF, security counter 3"),
    ],
    ids=["signed", "counter", "esp"],  # a signature is another one in each process
)
async def test_the_summary_says_what_the_image_tells_of_itself(
    person: Person, content: bytes, told: str
) -> None:
    await person.describe(content)
    summary = await person.send(file_name="built.bin", model="x", allow_unsigned=True)
    assert summary["description_placeholders"]["header"] == told


async def test_the_summary_warns_of_an_image_that_fills_its_slot(person: Person) -> None:
    await person.describe(mcuboot_image("--pad", key=signing_key("ed25519")))
    summary = await person.send(file_name="built.bin", model="x")
    told = summary["description_placeholders"]["header"]
    assert told.startswith("\n\nMCUboot, ed25519, fills its slot\n\n**It fills a whole slot**")


async def test_the_project_of_an_esp_image_is_its_title_and_its_model_as_it_is(
    person: Person,
) -> None:
    form = await person.describe(esp_image(b"2.1.0", b"blinky[v2]"))
    assert shown(form) == {
        "file_name": "built.bin",
        "version": "2.1.0",
        "title": "blinky[v2]",
        "model": "blinky[[]v2]",
    }


async def test_an_unsigned_image_is_taken_only_when_somebody_allows_it(
    person: Person, folder: Path
) -> None:
    await person.describe(mcuboot_image(version="1.4.2"))
    described = {"file_name": "built.bin", "version": "1.4.2", "model": "x"}

    form = await person.send(**described)
    assert "no signature" in error_text(form)

    await person.send(**described, allow_unsigned=True)
    assert (await person.send())["reason"] == "firmware_added"
    sidecar = {"version": "1.4.2", "model": "x", "allow_unsigned": True}
    assert json.loads((folder / "built.bin.json").read_text()) == sidecar


async def test_a_version_that_is_not_the_images_own_is_refused(person: Person) -> None:
    await person.describe(esp_image(b"2.1.0"))
    form = await person.send(file_name="built.bin", version="2.2.0", model="x")
    assert "itself says 2.1.0, not 2.2.0" in error_text(form)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x7fELF" + bytes(60), "ELF file"),
        (b"PK\x03\x04" + bytes(60), "ZIP archive"),
        (b"", "no bytes"),
        (mcuboot_image(key=signing_key("ecdsa-p256"))[:-300], "not complete"),
    ],
    ids=["elf", "zip", "empty", "incomplete"],  # a signature is another one in each process
)
async def test_what_is_no_image_is_refused_with_what_to_choose_instead(
    world: World, person: Person, content: bytes, said: str
) -> None:
    form = await person.describe(content)

    assert form["step_id"] == "firmware_add"
    assert said in error_text(form, "file")
    await world.until(lambda: uploads(world.hass) == [])
    assert (await person.send(file=await person.upload(IMAGE)))["step_id"] == "firmware_describe"


async def test_a_file_that_is_gone_is_asked_for_again(person: Person) -> None:
    await person.open()
    await person.choose("firmware_add")
    form = await person.send(file="0" * 32)
    assert (form["step_id"], form["errors"]) == ("firmware_add", {"file": "upload_gone"})


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"model": "Thingy"}, "base", "does not tell its version"),
        ({"version": "1.0"}, "base", "Say which devices"),
        ({"version": "1.0", "model": "*"}, "base", "fits every device"),
        ({"version": "1.0", "model": "x" * 256}, "model", "model is longer than 255"),
        ({"version": "1\x07", "model": "x"}, "version", "control character"),
        ({"version": "1.0", "endpoint": "a/b"}, "base", "a/b has a slash"),
        (
            {"version": "1.0", "model": "x", "min_installed_version": "blue"},
            "min_installed_version",
            "blue, which cannot be compared",
        ),
        (
            {"version": "1", "model": "x", "release_url": "javascript:alert(1)"},
            "release_url",
            "no http or https",
        ),
    ],
)
async def test_a_description_that_no_scan_would_take_is_told_and_can_be_corrected(
    person: Person, folder: Path, values: dict[str, str], field: str, said: str
) -> None:
    await person.describe(IMAGE)

    form = await person.send(file_name="built.bin", **values)

    assert form["step_id"] == "firmware_describe"
    assert said in error_text(form, field)
    assert shown(form) == {"file_name": "built.bin", "allow_unsigned": False, **values}
    corrected = await person.send(file_name="built.bin", version="1.0", model="x")
    assert corrected["step_id"] == "firmware_confirm"
    assert names(folder) == []


async def test_the_summary_counts_the_devices_and_the_reasons(world: World, person: Person) -> None:
    for number in range(12):
        await world.add_device(f"sensor-{number:02}")
    for name in ("other_1", "other-2"):
        await world.add_device(name)
    await world.ready("other-2")
    await person.describe(IMAGE)

    summary = await person.send(file_name="built.bin", version=NEW, endpoint="sensor-*")

    told = summary["description_placeholders"]
    assert (told["count"], told["total"]) == ("12", "14")
    assert told["names"] == ", ".join([*(f"sensor\\-{number:02}" for number in range(10)), "…"])
    assert told["misfits"] == "It does not fit:\n\n* 2 × other endpoint name"


async def test_the_summary_minds_the_public_keys_of_the_server(
    world: World, person: Person
) -> None:
    await world.add_device("sensor-1")
    await world.ready("sensor-1")
    ours, theirs = signing_key("ecdsa-p256"), signing_key("ecdsa-p256", 2)
    assert world.entry is not None
    options = {**world.entry.options, CONF_PUBLIC_KEYS: ours.public_pem.decode()}
    world.hass.config_entries.async_update_entry(world.entry, options=options)
    described = {"file_name": "x.bin", "manufacturer": "Flownexus"}

    await person.describe(mcuboot_image(key=theirs))
    told = (await person.send(**described))["description_placeholders"]
    assert told["count"] == "0"
    assert told["misfits"] == "It does not fit:\n\n* 1 × not signed with a key of the server"

    await person.describe(mcuboot_image(key=ours))
    told = (await person.send(**described))["description_placeholders"]
    assert told["count"] == "1"
    assert told["misfits"] == "There is no device here that it does not fit."


async def test_a_name_that_is_taken_is_told_and_another_can_be_chosen(
    world: World, person: Person, folder: Path
) -> None:
    world.add_image(OLD)
    taken = f"sensor-{OLD}.bin"
    before = (folder / taken).read_bytes()
    await person.describe(IMAGE)
    await person.send(file_name=taken, version=NEW, model="x")

    form = await person.send()

    assert f"There is a {taken} in the firmware folder" in error_text(form, "file_name")
    assert (folder / taken).read_bytes() == before
    await person.send(file_name="other.bin", version=NEW, model="x")
    assert (await person.send())["reason"] == "firmware_added"
    assert names(folder) == ["other.bin", "other.bin.json", taken, f"{taken}.json"]


async def test_a_name_that_would_leave_the_folder_is_cleaned(
    person: Person, folder: Path, tmp_path: Path
) -> None:
    await person.describe(IMAGE)
    summary = await person.send(file_name="../../evil.json", version=NEW, model="x")
    assert summary["description_placeholders"]["file"] == "evil.json.bin"
    await person.send()
    assert names(folder) == ["evil.json.bin", "evil.json.bin.json"]


async def test_a_full_disk_is_told_and_the_upload_is_kept_for_another_try(
    person: Person, folder: Path
) -> None:
    await person.describe(make_image(NEW, 2_000_000))
    await person.send(file_name="built.bin", version=NEW, model="x")
    with files_limited_to(1_000_000):
        form = await person.send()
    assert "cannot be written: File too large" in error_text(form)
    assert names(folder) == []

    await person.send(file_name="built.bin", version=NEW, model="x")
    assert (await person.send())["reason"] == "firmware_added"


async def test_nothing_is_added_while_a_backup_is_made(
    world: World, person: Person, folder: Path
) -> None:
    await person.describe(IMAGE)
    await person.send(file_name="built.bin", version=NEW, model="x")
    await async_pre_backup(world.hass)
    form = await person.send()
    await async_post_backup(world.hass)
    assert "makes a backup" in error_text(form)
    assert names(folder) == []


async def test_a_person_who_leaves_leaves_no_file_behind(
    world: World, person: Person, folder: Path
) -> None:
    await person.describe(IMAGE)
    assert len(uploads(world.hass)) == 1
    await person.leave()
    await world.until(lambda: uploads(world.hass) == [])
    assert names(folder) == []


async def test_a_file_that_home_assistant_has_removed_meanwhile_is_told(
    world: World, person: Person, folder: Path
) -> None:
    await person.describe(IMAGE)
    await person.send(file_name="built.bin", version=NEW, model="x")
    [upload] = uploads(world.hass)
    data: Any = world.hass.data["file_upload"]
    await asyncio.to_thread(data.file_path(upload).unlink)

    form = await person.send()

    assert "cannot be read: No such file" in error_text(form)
    assert names(folder) == []
    await person.leave()
