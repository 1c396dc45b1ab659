"""The actions about firmware: add by path or address, list, remove."""

import hashlib
import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from homeassistant.auth.models import User
from homeassistant.core import Context
from homeassistant.exceptions import Unauthorized

from custom_components.flownexus_ota.backup import async_post_backup, async_pre_backup
from custom_components.flownexus_ota.sources.guarded_fetch import GuardedFetcher
from simulator.image import make_image
from tests.ota.mcuboot_images import mcuboot_image, signing_key
from tests.sources.authority import Authority
from tests.sources.file_server import FileServer

from .firmware_actions import act, refusal
from .fleet import NEW, OLD, SETTLED, World
from .options_page import names
from .web_server import ServerThread

IMAGE = make_image(NEW, 50_000)
SHA256 = hashlib.sha256(IMAGE).hexdigest()


@pytest.fixture
async def server(world: World, tmp_path: Path) -> AsyncIterator[FileServer]:
    """Return a server of the internet, which is 127.0.0.1 for once, and is trusted."""
    await world.set_up()
    authority = Authority(tmp_path)
    fetcher = GuardedFetcher(authority.trusting(), allows_private=True)
    world.runtime.shared.fetcher = fetcher
    with ServerThread(FileServer(authority.serving())) as running:
        yield running


@pytest.fixture
def media(world: World, tmp_path: Path) -> Path:
    """Return a folder from which Home Assistant may pass files on, with an image in it."""
    path = tmp_path / "media"
    path.mkdir()
    (path / "built.bin").write_bytes(IMAGE)
    world.hass.config.allowlist_external_dirs = {str(path)}
    return path


@pytest.mark.parametrize("action", ["add_firmware", "remove_firmware", "list_firmware"])
async def test_only_an_administrator_may_use_an_action(
    world: World, hass_read_only_user: User, action: str
) -> None:
    await world.set_up()
    with pytest.raises(Unauthorized):
        await act(world, action, Context(user_id=hass_read_only_user.id))


@pytest.mark.parametrize("action", ["add_firmware", "remove_firmware", "list_firmware"])
async def test_without_a_server_there_is_no_firmware(world: World, action: str) -> None:
    assert "No Leshan server is set up" in await refusal(world, action)


async def test_a_file_of_an_allowed_folder_is_added_and_offered(
    world: World, media: Path, folder: Path
) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")

    answer = await act(
        world,
        "add_firmware",
        path=str(media / "built.bin"),
        version=NEW,
        manufacturer="Flownexus",
        release_notes="* Größer.",
    )

    assert answer["file_name"] == "built.bin"
    assert (answer["sha256"], answer["size_bytes"]) == (SHA256, len(IMAGE))
    assert (answer["version"], answer["kind"]) == (NEW, "plain")
    assert names(folder) == ["built.bin", "built.bin.json"]
    assert "Größer" in (folder / "built.bin.json").read_text(encoding="utf-8")
    await world.until(lambda: world.firmware("sensor-1").state == "on")
    assert (media / "built.bin").read_bytes() == IMAGE


async def test_what_the_image_tells_need_not_be_said(
    world: World, media: Path, folder: Path
) -> None:
    await world.set_up()
    signed = mcuboot_image(key=signing_key("ecdsa-p256"), version="1.4.2")
    (media / "signed.bin").write_bytes(signed)

    answer = await act(
        world,
        "add_firmware",
        path=str(media / "signed.bin"),
        model="Thingy",
        file_name="../thingy 1.bin",
    )

    assert (answer["version"], answer["signature"]) == ("1.4.2", "ecdsa-p256")
    assert json.loads((folder / "thingy-1.bin.json").read_text()) == {"model": "Thingy"}


async def test_a_file_that_is_fetched_is_added(
    world: World,
    server: FileServer,
    folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    server.put("/releases/built 1.bin", IMAGE)
    url = server.url("/releases/built%201.bin?download=1#top")

    answer = await act(
        world, "add_firmware", url=url, sha256=SHA256.upper(), version=NEW, model="x"
    )

    assert answer["file_name"] == "built-1.bin"
    assert (folder / "built-1.bin").read_bytes() == IMAGE
    assert json.loads((folder / "built-1.bin.json").read_text())["sha256"] == SHA256.upper()
    assert names(temporary) == []


async def test_other_bytes_than_were_said_are_not_added(
    world: World, server: FileServer, folder: Path
) -> None:
    url = server.put("/built.bin", IMAGE[:-1])
    said = await refusal(world, "add_firmware", url=url, sha256=SHA256, version=NEW, model="x")
    assert f"expected was {SHA256}" in said
    assert names(folder) == []


async def test_an_address_of_the_own_network_is_not_fetched(
    world: World, folder: Path, tmp_path: Path
) -> None:
    await world.set_up()
    async with FileServer(Authority(tmp_path).serving()) as server:
        url = server.put("/built.bin", IMAGE)
        said = await refusal(world, "add_firmware", url=url, sha256=SHA256, version=NEW, model="x")
    assert "127.0.0.1, which is no public address" in said
    assert server.paths == []
    assert names(folder) == []


async def test_a_temporary_folder_that_cannot_be_made_is_told(
    world: World, server: FileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nothing"))
    url = server.put("/built.bin", IMAGE)
    said = await refusal(world, "add_firmware", url=url, sha256=SHA256, version=NEW, model="x")
    assert "could not be written: No such file or directory" in said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "either a path on this machine, or an https url"),
        ({"path": "/x", "url": "https://x.example/x"}, "either a path on this machine"),
        ({"url": "https://x.example/x"}, "Give the sha256"),
        ({"url": "https://[", "sha256": SHA256}, "no complete https address"),
        ({"url": "https://[::1]@", "sha256": SHA256}, "no complete https address"),
        ({"url": "http://x.example/x", "sha256": SHA256}, "does not begin with https"),
        ({"path": "/etc/hostname"}, "/etc/hostname is not in a folder"),
        ({"path": "relative.bin"}, "relative.bin is not in a folder"),
        ({"path": "{media}/../secret.bin"}, "secret.bin is not in a folder"),
        ({"path": "{media}/link.bin"}, "link.bin is not in a folder"),
        ({"path": "{media}/a\0b"}, "is not in a folder"),
        ({"path": "{media}/nothing.bin"}, "cannot be read: No such file"),
        ({"path": "{media}"}, "no ordinary file"),
        ({"path": "{media}/built.bin", "model": ""}, "Say which devices"),
        ({"path": "{media}/built.bin", "model": "*"}, "fits every device"),
        ({"path": "{media}/built.bin", "sha256": "12"}, "64 hexadecimal digits"),
        ({"path": "{media}/built.bin", "sha256": "0" * 64}, f"has the SHA-256 {SHA256}"),
        ({"path": "{media}/built.elf"}, "ELF file"),
        ({"path": "{media}/unsigned.bin", "version": "1.4.2"}, "no signature"),
    ],
)
async def test_what_cannot_be_added_is_told_with_what_to_do(
    world: World, media: Path, folder: Path, tmp_path: Path, data: dict[str, str], said: str
) -> None:
    (tmp_path / "secret.bin").write_bytes(IMAGE)
    (media / "link.bin").symlink_to(tmp_path / "secret.bin")
    (media / "built.elf").write_bytes(b"\x7fELF" + bytes(60))
    (media / "unsigned.bin").write_bytes(mcuboot_image(version="1.4.2"))
    await world.set_up()
    placed = {name: value.replace("{media}", str(media)) for name, value in data.items()}

    assert said in await refusal(world, "add_firmware", **{"version": NEW, "model": "x", **placed})

    assert names(folder) == []


async def test_an_unknown_field_is_refused(world: World, media: Path) -> None:
    await world.set_up()
    with pytest.raises(Exception, match="colour"):
        await act(world, "add_firmware", path=str(media / "built.bin"), colour="red")


async def test_a_version_that_is_there_for_the_same_devices_is_not_added(
    world: World, media: Path, folder: Path
) -> None:
    world.add_image(NEW, size_bytes=4000)
    await world.set_up()
    await world.runtime.shared.keeper.rescan()

    said = await refusal(
        world,
        "add_firmware",
        path=str(media / "built.bin"),
        version=NEW,
        manufacturer="flownexus",
    )

    assert f"sensor-{NEW}.bin has version {NEW} too" in said
    assert names(folder) == [f"sensor-{NEW}.bin", f"sensor-{NEW}.bin.json"]


async def test_nothing_is_changed_while_a_backup_is_made(
    world: World, media: Path, folder: Path
) -> None:
    world.add_image(OLD)
    await world.set_up()
    await world.runtime.shared.keeper.rescan()
    await async_pre_backup(world.hass)
    added = await refusal(
        world, "add_firmware", path=str(media / "built.bin"), version=NEW, model="x"
    )
    removed = await refusal(world, "remove_firmware", file_name=f"sensor-{OLD}.bin")
    await async_post_backup(world.hass)
    assert "makes a backup" in added
    assert f"sensor-{OLD}.bin was not removed" in removed
    assert names(folder) == [f"sensor-{OLD}.bin", f"sensor-{OLD}.bin.json"]


async def test_firmware_is_removed_by_name_or_by_digest(world: World, folder: Path) -> None:
    world.add_image(OLD)
    world.add_image(NEW)
    await world.set_up()
    await world.runtime.shared.keeper.rescan()

    await act(world, "remove_firmware", file_name=f"sensor-{OLD}.bin")
    assert names(folder) == [f"sensor-{NEW}.bin", f"sensor-{NEW}.bin.json"]

    await act(world, "remove_firmware", sha256=SHA256.upper())
    assert names(folder) == []


async def test_every_copy_of_a_digest_is_removed(world: World, folder: Path) -> None:
    world.add_image(NEW)
    (folder / "copy.bin").write_bytes(IMAGE)
    os.utime(folder / "copy.bin", SETTLED)
    (folder / "copy.bin.json").write_bytes((folder / f"sensor-{NEW}.bin.json").read_bytes())
    await world.set_up()
    await world.runtime.shared.keeper.rescan()
    await act(world, "remove_firmware", sha256=SHA256)
    assert names(folder) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "either by file_name, or by sha256"),
        ({"file_name": "x", "sha256": "x"}, "either by file_name, or by sha256"),
        ({"file_name": "nothing.bin"}, "There is no nothing.bin in the firmware folder"),
        ({"file_name": "../flownexus_ota.db"}, "There is no ../flownexus_ota.db"),
        ({"sha256": "0" * 64}, f"There is no {'0' * 64}"),
    ],
)
async def test_what_is_not_there_cannot_be_removed(
    world: World, data: dict[str, str], said: str
) -> None:
    await world.set_up()
    assert said in await refusal(world, "remove_firmware", **data)


async def test_firmware_that_an_update_is_to_install_is_not_removed(
    world: World, folder: Path
) -> None:
    device = await world.add_device("sensor-1")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("sensor-1")
    await device.stop()
    await world.until(lambda: not world.view("sensor-1").is_registered)
    await world.install(entity_id)

    said = await refusal(world, "remove_firmware", sha256=SHA256)

    assert "An update of sensor-1 that has not ended is to install it" in said
    assert f"sensor-{NEW}.bin" in names(folder)


async def test_nothing_is_removed_while_nobody_knows_whether_it_is_used(
    world: World, folder: Path
) -> None:
    world.add_image()
    await world.set_up()
    await world.runtime.shared.keeper.rescan()
    await world.hass.async_add_executor_job(world.runtime.shared.writer.close)
    said = await refusal(world, "remove_firmware", sha256=SHA256)
    assert "The update history does not answer" in said
    assert f"sensor-{NEW}.bin" in names(folder)
