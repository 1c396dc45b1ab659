"""The topic *Firmware* of the options: what there is, and removing it."""

import asyncio
from pathlib import Path

from tests.ota.mcuboot_images import mcuboot_image, signing_key

from .fleet import NEW, OLD, World
from .options_page import Person, error_text, names


async def test_the_list_shows_what_is_used_for_how_many_and_what_is_not_used_and_why(
    world: World, person: Person, folder: Path
) -> None:
    await world.add_device("sensor-1")
    await world.ready("sensor-1")
    world.add_image()
    (folder / "half|way.bin").write_bytes(b"x")
    (folder / "bad.bin").write_bytes(b"x")
    (folder / "bad.bin.json").write_text('{"version": "1", "colour": "red"}')
    await world.runtime.shared.keeper.rescan()
    await person.open()

    page = await person.choose("firmware_list")

    told = page["description_placeholders"]
    assert told["images"] == r"| sensor\-1\.1\.0\.bin | 1\.1\.0 | without header | 50 kB | 1 / 1 |"
    heading, _, first, second, _, advice = told["problems"].splitlines()
    assert (heading, advice[:7]) == ("Not used:", "Correct")
    assert first.startswith(r"* **bad\.bin\.json**: Its sidecar, or its entry in an index, has")
    assert "a member colour, which does not exist" in first
    assert second.startswith(r"* **half\|way\.bin**: It has no sidecar and does not")
    assert (await person.send())["step_id"] == "firmware"


async def test_the_list_shows_what_an_image_tells_of_itself(
    world: World, person: Person, folder: Path
) -> None:
    padded = mcuboot_image("--pad", "--security-counter", "9", key=signing_key("ed25519"))
    (folder / "padded.bin").write_bytes(padded)
    (folder / "padded.bin.json").write_text('{"model": "x"}')
    await world.runtime.shared.keeper.rescan()
    await person.open()
    told = (await person.choose("firmware_list"))["description_placeholders"]
    assert "| MCUboot, ed25519, security counter 9, fills its slot | 33 kB |" in told["images"]


async def test_the_list_of_an_empty_folder_says_so(person: Person) -> None:
    await person.open()
    told = (await person.choose("firmware_list"))["description_placeholders"]
    assert told["images"] == "| – | – | – | – | – |"
    assert told["problems"].startswith("There is no firmware yet.")


async def test_the_list_says_that_nothing_is_left_out(world: World, person: Person) -> None:
    world.add_image()
    await world.runtime.shared.keeper.rescan()
    await person.open()
    told = (await person.choose("firmware_list"))["description_placeholders"]
    assert told["problems"] == "Nothing is left out: whatever there is can be used."


async def test_a_firmware_is_removed_and_no_longer_offered(
    world: World, person: Person, folder: Path
) -> None:
    await world.add_device("sensor-1")
    await world.ready("sensor-1")
    world.add_image()
    (folder / "lonely.bin.json").write_text("{}")
    await world.runtime.shared.keeper.rescan()
    await world.until(lambda: world.firmware("sensor-1").state == "on")
    await person.open()

    form = await person.choose("firmware_remove")

    [field] = form["data_schema"]
    options = field["selector"]["select"]["options"]
    assert [option["value"] for option in options] == ["lonely.bin", f"sensor-{NEW}.bin"]
    assert error_text(await person.send(), "file_name") == "Choose what to remove."
    end = await person.send(file_name=f"sensor-{NEW}.bin")
    assert (end["type"], end["reason"]) == ("abort", "firmware_removed")
    assert names(folder) == ["lonely.bin.json"]
    await world.until(lambda: world.firmware("sensor-1").state == "off")
    await person.open()
    await person.choose("firmware_remove")
    assert (await person.send(file_name="lonely.bin"))["reason"] == "firmware_removed"
    assert names(folder) == []


async def test_nothing_is_removed_while_nobody_knows_whether_it_is_used(
    world: World, person: Person, folder: Path
) -> None:
    world.add_image()
    await world.runtime.shared.keeper.rescan()
    await person.open()
    await person.choose("firmware_remove")
    await asyncio.to_thread(world.runtime.shared.writer.close)

    end = await person.send(file_name=f"sensor-{NEW}.bin")

    assert (end["type"], end["reason"]) == ("abort", "history_not_readable")
    assert f"sensor-{NEW}.bin" in names(folder)


async def test_a_firmware_that_an_update_is_to_install_is_not_removed(
    world: World, person: Person, folder: Path
) -> None:
    device = await world.add_device("sensor-1")
    entity_id = await world.ready("sensor-1")
    world.add_image()
    await world.runtime.shared.keeper.rescan()
    await device.stop()
    await world.until(lambda: not world.view("sensor-1").is_registered)
    await world.install(entity_id)
    await person.open()
    await person.choose("firmware_remove")

    form = await person.send(file_name=f"sensor-{NEW}.bin")

    assert "An update of sensor-1 that has not ended" in error_text(form, "file_name")
    assert f"sensor-{NEW}.bin" in names(folder)


async def test_a_firmware_that_somebody_else_removed_is_told(
    world: World, person: Person, folder: Path
) -> None:
    world.add_image()
    world.add_image(OLD)
    await world.runtime.shared.keeper.rescan()
    await person.open()
    await person.choose("firmware_remove")
    for name in (f"sensor-{NEW}.bin", f"sensor-{NEW}.bin.json"):
        (folder / name).unlink()

    form = await person.send(file_name=f"sensor-{NEW}.bin")

    assert "Somebody may have removed it" in error_text(form, "file_name")
    [field] = form["data_schema"]
    assert [each["value"] for each in field["selector"]["select"]["options"]] == [
        f"sensor-{OLD}.bin"
    ]


async def test_there_is_nothing_to_remove_from_an_empty_folder(person: Person) -> None:
    await person.open()
    end = await person.choose("firmware_remove")
    assert (end["type"], end["reason"]) == ("abort", "firmware_none")


async def test_without_its_server_the_firmware_cannot_be_seen(world: World, person: Person) -> None:
    assert world.entry is not None
    await world.hass.config_entries.async_unload(world.entry.entry_id)
    end = await person.open()
    assert (end["type"], end["reason"]) == ("abort", "server_not_loaded")
