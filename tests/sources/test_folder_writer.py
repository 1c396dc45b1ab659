import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import disk_usage
from typing import Any

import pytest

from custom_components.flownexus_ota.ota.image_problem import ImageHeaderError, ImageProblem
from custom_components.flownexus_ota.ota.sidecar import SidecarError, SidecarProblem
from custom_components.flownexus_ota.sources.folder import FolderScan, scan_folder
from custom_components.flownexus_ota.sources.folder_writer import (
    FolderWriteError,
    FolderWriter,
    NameTakenError,
    VersionTakenError,
    writable_name,
)
from custom_components.flownexus_ota.storage.image_store import (
    IMAGE_SIZE_LIMIT_BYTES,
    ImageDigestError,
    ImageStore,
)
from custom_components.flownexus_ota.storage.source_file import (
    SourceEmptyError,
    SourceNotAFileError,
    SourceTooLargeError,
    SourceUnreadableError,
)

from ..small_disk import files_limited_to
from .added_firmware import CONTENT, NAME, SHA256, add, described, names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that is not made yet."""
    return tmp_path / "firmware"


def scan(folder: Path, tmp_path: Path) -> FolderScan:
    return scan_folder(folder, ImageStore(tmp_path / "images"))


def test_what_was_added_is_what_the_folder_has(
    writer: FolderWriter, folder: Path, source: Path, tmp_path: Path
) -> None:
    added = add(writer, source, title="Thingy")

    assert (added.sha256, added.size_bytes) == (SHA256, len(CONTENT))
    assert (added.version, added.file_name, added.title) == ("1.0.0", NAME, "Thingy")
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


def test_a_version_that_another_image_has_for_the_same_devices_is_not_added(
    writer: FolderWriter, folder: Path, source: Path, tmp_path: Path
) -> None:
    other = add(writer, source)
    source.write_bytes(b"another build")
    sidecar = described(model="THINGY:91")

    with pytest.raises(VersionTakenError) as caught:
        writer.add(source, file_name="other.bin", sidecar=sidecar, known=[other])

    assert (caught.value.version, caught.value.other) == ("1.0.0", other)
    assert names(folder) == [NAME, f"{NAME}.json"]
    for again in (described(model="Thingy:52"), described(version="1.0.1"), described(channel="x")):
        writer.add(source, file_name="other.bin", sidecar=again, known=[other])
        writer.remove("other.bin")


def test_the_same_bytes_may_have_two_names(
    writer: FolderWriter, folder: Path, source: Path
) -> None:
    other = add(writer, source)
    writer.add(source, file_name="other.bin", sidecar=described(), known=[other])
    assert names(folder) == ["other.bin", "other.bin.json", NAME, f"{NAME}.json"]


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


def test_a_disk_that_others_need_is_not_filled(folder: Path, source: Path) -> None:
    everything = disk_usage(source).total
    with pytest.raises(FolderWriteError, match="No space left on device"):
        add(FolderWriter(folder, reserve_bytes=everything), source)
    assert names(folder) == []


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
