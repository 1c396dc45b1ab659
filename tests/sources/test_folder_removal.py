import os
from pathlib import Path

import pytest

from custom_components.flownexus_ota.sources.folder_writer import (
    FirmwareUnknownError,
    FolderWriter,
)

from .added_firmware import CONTENT, NAME, add, names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that is not made yet."""
    return tmp_path / "firmware"


@pytest.mark.parametrize("named", [NAME, f"{NAME}.json"])
def test_image_and_sidecar_go_together(
    writer: FolderWriter, folder: Path, source: Path, named: str
) -> None:
    add(writer, source)
    add(writer, source, "other.bin", version="2.0.0")

    writer.remove(named)

    assert names(folder) == ["other.bin", "other.bin.json"]


@pytest.mark.parametrize("left", [NAME, f"{NAME}.json"])
def test_half_a_firmware_can_be_removed(
    writer: FolderWriter, folder: Path, source: Path, left: str
) -> None:
    add(writer, source)
    (folder / left).unlink()

    writer.remove(NAME)

    assert names(folder) == []


@pytest.mark.parametrize("name", ["nothing.bin", "../outside", "sub", ".hidden", "", "half.part"])
def test_only_what_the_folder_lists_can_be_removed(
    writer: FolderWriter, folder: Path, source: Path, tmp_path: Path, name: str
) -> None:
    add(writer, source)
    (tmp_path / "outside").write_bytes(b"kept")
    (folder / "sub").mkdir()
    (folder / ".hidden").write_bytes(b"kept")
    (folder / "half.part").write_bytes(b"kept")
    before = names(folder)

    with pytest.raises(FirmwareUnknownError):
        writer.remove(name)

    assert names(folder) == before
    assert (tmp_path / "outside").exists()


def test_nothing_can_be_removed_from_a_folder_that_is_not_there(writer: FolderWriter) -> None:
    with pytest.raises(FirmwareUnknownError):
        writer.remove(NAME)


def test_of_a_link_the_link_is_removed(writer: FolderWriter, folder: Path, source: Path) -> None:
    folder.mkdir()
    (folder / NAME).symlink_to(source)
    writer.remove(NAME)
    assert names(folder) == []
    assert source.read_bytes() == CONTENT


def test_a_name_that_is_no_utf8_is_removed_by_what_is_shown_of_it(
    writer: FolderWriter, folder: Path
) -> None:
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.bin")).write_bytes(b"x")
    writer.remove("caf\ufffd.bin")
    assert names(folder) == []
