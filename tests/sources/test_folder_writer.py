import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from custom_components.flownexus_ota.ota.image_problem import ImageHeaderError, ImageProblem
from custom_components.flownexus_ota.ota.sidecar import SidecarError, SidecarProblem
from custom_components.flownexus_ota.sources.folder import FolderScan, scan_folder
from custom_components.flownexus_ota.sources.folder_writer import (
    FirmwareUnknownError,
    FolderWriteError,
    FolderWriter,
    NameTakenError,
    writable_name,
)
from custom_components.flownexus_ota.storage.image_store import (
    IMAGE_SIZE_LIMIT_BYTES,
    ImageDigestError,
    ImageStore,
    StoredImage,
)
from custom_components.flownexus_ota.storage.source_file import (
    SourceEmptyError,
    SourceNotAFileError,
    SourceTooLargeError,
    SourceUnreadableError,
)

from ..small_disk import files_limited_to

CONTENT = b"firmware " * 100_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = "thingy-1.0.0.bin"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "firmware"


@pytest.fixture
def writer(folder: Path) -> FolderWriter:
    return FolderWriter(folder)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "uploaded"
    path.write_bytes(CONTENT)
    return path


def described(**members: object) -> bytes:
    return json.dumps({"version": "1.0.0", "model": "Thingy:91"} | members).encode()


def add(writer: FolderWriter, source: Path, name: str = NAME, **members: object) -> StoredImage:
    return writer.add(source, file_name=name, sidecar=described(**members))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def scan(folder: Path, tmp_path: Path) -> FolderScan:
    return scan_folder(folder, ImageStore(tmp_path / "images"))


def test_what_was_added_is_what_the_folder_has(
    writer: FolderWriter, folder: Path, source: Path, tmp_path: Path
) -> None:
    added = add(writer, source, title="Thingy")

    assert added == StoredImage(sha256=SHA256, size_bytes=len(CONTENT))
    assert names(folder) == [NAME, f"{NAME}.json"]
    found = scan(folder, tmp_path)
    assert found.problems == ()
    assert found.digests == {NAME: SHA256}
    assert [(image.sha256, image.title) for image in found.images] == [(SHA256, "Thingy")]
    assert source.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("/etc/passwd", "etc-passwd"),
        ("..", "firmware"),
        ("", "firmware"),
        (".hidden.bin", "hidden.bin"),
        ("a\0b\n.bin", "a-b.bin"),
        ("My image (1).bin", "My-image-1.bin"),
        ("x.json", "x.json.bin"),
        ("x.JSON", "x.JSON.bin"),
        (".json", "firmware.json.bin"),
        ("x.bin.part", "x.bin.part.bin"),
        ("x.tmp", "x.tmp.bin"),
        ("прошивка.bin", "firmware.bin"),
        ("a" * 200 + ".bin", "a" * 96 + ".bin"),
        (
            "thingy91-application-1.2.0+build5.signed.bin",
            "thingy91-application-1.2.0-build5.signed.bin",
        ),
    ],
)
def test_a_name_stays_in_the_folder_and_is_that_of_an_image(
    writer: FolderWriter, folder: Path, source: Path, tmp_path: Path, asked: str, name: str
) -> None:
    assert writable_name(asked) == name
    assert writable_name(name) == name

    add(writer, source, asked)

    assert names(folder) == sorted([name, f"{name}.json"])
    assert names(tmp_path) == ["firmware", "uploaded"]
    assert list(scan(folder, tmp_path).digests) == [name]


@pytest.mark.parametrize("taken", [NAME, f"{NAME}.json"])
def test_a_file_that_is_there_is_never_overwritten(
    writer: FolderWriter, folder: Path, source: Path, taken: str
) -> None:
    folder.mkdir()
    (folder / taken).write_bytes(b"somebody's")

    with pytest.raises(NameTakenError, match=taken):
        add(writer, source)

    assert names(folder) == [taken]
    assert (folder / taken).read_bytes() == b"somebody's"


def test_other_bytes_of_the_same_length_are_not_the_same_file(
    writer: FolderWriter, folder: Path, source: Path
) -> None:
    folder.mkdir()
    (folder / NAME).write_bytes(CONTENT[::-1])

    with pytest.raises(NameTakenError):
        add(writer, source)

    assert (folder / NAME).read_bytes() == CONTENT[::-1]


def test_a_firmware_cannot_be_added_twice_under_one_name(
    writer: FolderWriter, folder: Path, source: Path
) -> None:
    add(writer, source)
    with pytest.raises(NameTakenError, match=rf"{NAME}\.json"):
        add(writer, source, title="Other")
    assert (folder / f"{NAME}.json").read_bytes() == described()


@pytest.mark.parametrize("link", [NAME, f"{NAME}.json"])
def test_a_link_in_the_folder_is_not_followed(
    writer: FolderWriter, folder: Path, source: Path, tmp_path: Path, link: str
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(CONTENT)
    folder.mkdir()
    (folder / link).symlink_to(outside)

    with pytest.raises(NameTakenError):
        add(writer, source)

    assert (folder / link).is_symlink()
    assert outside.read_bytes() == CONTENT


@pytest.mark.parametrize("link", [NAME, f"{NAME}.json"])
def test_nothing_is_made_where_a_dangling_link_leads(
    writer: FolderWriter, folder: Path, source: Path, tmp_path: Path, link: str
) -> None:
    folder.mkdir()
    (folder / link).symlink_to(tmp_path / "outside")

    with pytest.raises(NameTakenError):
        add(writer, source)

    assert names(tmp_path) == ["firmware", "uploaded"]


@pytest.mark.parametrize("left", [f"{NAME}.json", NAME])
def test_a_crash_that_left_an_empty_name_is_mended_by_adding_again(
    writer: FolderWriter, folder: Path, source: Path, tmp_path: Path, left: str
) -> None:
    add(writer, source)
    (folder / left).write_bytes(b"")
    (folder / ".incoming-image.part").write_bytes(b"half")
    (folder / ".incoming-sidecar.part").write_bytes(b"{")
    (folder / f"{NAME}.json").write_bytes(b"")

    add(writer, source)

    assert names(folder) == [NAME, f"{NAME}.json"]
    assert list(scan(folder, tmp_path).digests) == [NAME]


def test_a_crash_between_image_and_sidecar_is_mended_by_adding_again(
    writer: FolderWriter, folder: Path, source: Path, tmp_path: Path
) -> None:
    add(writer, source)
    (folder / f"{NAME}.json").unlink()
    inode = (folder / NAME).stat().st_ino

    add(writer, source)

    assert (folder / NAME).stat().st_ino == inode
    assert scan(folder, tmp_path).digests == {NAME: SHA256}
    assert names(folder) == [NAME, f"{NAME}.json"]


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"model": None}, SidecarProblem.NO_PATTERN),
        ({"colour": "red"}, SidecarProblem.UNKNOWN_MEMBER),
        ({"release_url": "javascript:alert(1)"}, SidecarProblem.INVALID_URL),
    ],
)
def test_a_sidecar_that_no_scan_would_take_is_not_written(
    writer: FolderWriter,
    folder: Path,
    source: Path,
    members: dict[str, Any],
    problem: SidecarProblem,
) -> None:
    with pytest.raises(SidecarError) as caught:
        add(writer, source, **members)
    assert caught.value.problem is problem
    assert list(folder.glob("*")) == []


def test_what_no_device_can_flash_is_not_written(
    writer: FolderWriter, folder: Path, source: Path
) -> None:
    source.write_bytes(b"PK\x03\x04")
    with pytest.raises(ImageHeaderError) as caught:
        add(writer, source)
    assert caught.value.problem is ImageProblem.ZIP
    assert list(folder.glob("*")) == []


def test_bytes_with_another_digest_are_not_added(
    writer: FolderWriter, folder: Path, source: Path
) -> None:
    with pytest.raises(ImageDigestError) as caught:
        add(writer, source, sha256="0" * 64)
    assert caught.value.details == {"expected": "0" * 64, "actual": SHA256}
    assert names(folder) == []


def test_a_file_that_is_no_image_is_refused_by_name(
    writer: FolderWriter, folder: Path, source: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(source)
    with pytest.raises(SourceUnreadableError):
        add(writer, link)
    with pytest.raises(SourceNotAFileError):
        add(writer, tmp_path)
    source.write_bytes(b"")
    with pytest.raises(SourceEmptyError):
        add(writer, source)
    assert names(folder) == []


def test_a_file_that_is_too_large_is_not_added(
    writer: FolderWriter, folder: Path, source: Path
) -> None:
    # A hole, which takes no room on the disk.
    os.truncate(source, IMAGE_SIZE_LIMIT_BYTES + 1)
    with pytest.raises(SourceTooLargeError) as caught:
        add(writer, source)
    assert caught.value.details == {"limit_bytes": str(IMAGE_SIZE_LIMIT_BYTES)}
    assert names(folder) == []


def test_a_full_disk_is_told_and_leaves_nothing_behind(
    writer: FolderWriter, folder: Path, source: Path
) -> None:
    with (
        files_limited_to(len(CONTENT) // 2),
        pytest.raises(FolderWriteError, match="File too large"),
    ):
        add(writer, source)

    assert names(folder) == []
    assert add(writer, source).sha256 == SHA256


def test_a_disk_that_is_full_after_the_image_leaves_nothing_behind(
    writer: FolderWriter, folder: Path, source: Path
) -> None:
    source.write_bytes(b"small")
    with files_limited_to(1000), pytest.raises(FolderWriteError, match="File too large"):
        add(writer, source, release_notes="x" * 2000)
    assert names(folder) == []


def test_a_file_in_the_folders_place_is_told(
    writer: FolderWriter, folder: Path, source: Path
) -> None:
    folder.write_bytes(b"in the way")
    with pytest.raises(FolderWriteError, match="File exists"):
        add(writer, source)
    with pytest.raises(FolderWriteError, match="Not a directory"):
        writer.remove(NAME)


def test_of_many_who_add_the_same_name_at_once_one_succeeds(
    writer: FolderWriter, folder: Path, tmp_path: Path
) -> None:
    sources = [tmp_path / f"source-{number}" for number in range(8)]
    contents = [str(number).encode() * 100_000 for number in range(8)]
    for path, content in zip(sources, contents, strict=True):
        path.write_bytes(content)

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(add, writer, path) for path in sources]
    errors = [future.exception() for future in futures]

    assert [type(error) for error in errors].count(NameTakenError) == 7
    winner = errors.index(None)
    assert (folder / NAME).read_bytes() == contents[winner]
    assert names(folder) == [NAME, f"{NAME}.json"]


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
