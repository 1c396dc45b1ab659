import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from custom_components.flownexus_ota.sources.folder import (
    SIDECAR_SIZE_LIMIT_BYTES,
    FolderScan,
    SeenFiles,
    scan_folder,
)
from custom_components.flownexus_ota.sources.problem import Problem
from custom_components.flownexus_ota.storage.image_store import (
    IMAGE_SIZE_LIMIT_BYTES,
    ImageStore,
)

from .firmware_folder import GOOD, only_problem_beside_a_good_image, problem, put, sha256, versions


def test_an_image_with_a_sidecar_is_found_and_stored(folder: Path, store: ImageStore) -> None:
    put(folder, "Thingy 1.4.2.bin", b"new", version="1.4.2", sha256=sha256(b"new").upper())
    scan = scan_folder(folder, store)
    assert scan.problems == ()
    assert [(i.version, i.file_name, i.size_bytes, i.sha256) for i in scan.images] == [
        ("1.4.2", "Thingy-1.4.2.bin", 3, sha256(b"new"))
    ]
    assert store.path(sha256(b"new")).read_bytes() == b"new"


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path, store: ImageStore) -> None:
    assert scan_folder(tmp_path / "nothing", store) == FolderScan()


def test_a_file_in_the_folders_place_is_a_problem(tmp_path: Path, store: ImageStore) -> None:
    (tmp_path / "firmware").write_bytes(b"")
    assert scan_folder(tmp_path / "firmware", store).problems == (
        problem("firmware", "folder_unreadable", error="Not a directory"),
    )


@pytest.mark.parametrize("name", [".hidden.bin", "thingy.bin.part", "thingy.bin.tmp"])
def test_files_that_are_not_meant_to_be_seen_are_left_alone(
    folder: Path, store: ImageStore, name: str
) -> None:
    (folder / name).write_bytes(b"half")
    assert scan_folder(folder, store) == FolderScan()


def test_directories_are_left_alone(folder: Path, store: ImageStore) -> None:
    put(folder, "thingy.bin").rename(folder / "elsewhere")
    (folder / "thingy.bin.json").unlink()
    (folder / "elsewhere").unlink()
    (folder / "old").mkdir()
    put(folder / "old", "thingy.bin")
    assert scan_folder(folder, store) == FolderScan()


def test_an_image_without_a_sidecar_is_named(folder: Path, store: ImageStore) -> None:
    (folder / "lonely.bin").write_bytes(b"x")
    assert only_problem_beside_a_good_image(folder, store) == problem("lonely.bin", "no_sidecar")
    assert not store.has(sha256(b"x"))


def test_a_sidecar_without_an_image_is_named(folder: Path, store: ImageStore) -> None:
    put(folder, "thingy.bin").unlink()
    found = only_problem_beside_a_good_image(folder, store)
    assert found == problem("thingy.bin.json", "image_missing")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", problem("bad.bin.json", "empty")),
        ("{]", problem("bad.bin.json", "not_json", line="1")),
        ('{"version": "1"}', problem("bad.bin", "no_pattern")),
        ('{"model": "T"}', problem("bad.bin", "version_missing")),
        ('{"version": "1", "model": "*"}', problem("bad.bin.json", "matches_everything")),
        ('{"modell": "T"}', problem("bad.bin.json", "unknown_member", member="modell")),
        (
            " " * (SIDECAR_SIZE_LIMIT_BYTES + 1),
            problem("bad.bin.json", "too_large", limit_bytes=str(SIDECAR_SIZE_LIMIT_BYTES)),
        ),
    ],
)
def test_a_bad_sidecar_is_named(
    folder: Path, store: ImageStore, text: str, expected: Problem
) -> None:
    (folder / "bad.bin").write_bytes(b"x")
    (folder / "bad.bin.json").write_text(text)
    assert only_problem_beside_a_good_image(folder, store) == expected


def test_an_image_of_no_bytes_is_named(folder: Path, store: ImageStore) -> None:
    put(folder, "empty.bin", b"")
    assert only_problem_beside_a_good_image(folder, store) == problem("empty.bin", "empty")


def test_an_image_with_another_digest_than_its_sidecar_says_is_named(
    folder: Path, store: ImageStore
) -> None:
    put(folder, "bad.bin", b"bad", sha256="0" * 64)
    found = only_problem_beside_a_good_image(folder, store)
    actual = sha256(b"bad")
    assert found == problem("bad.bin", "sha256_mismatch", expected="0" * 64, actual=actual)
    assert not store.has(actual)


def test_an_image_that_is_too_large_is_named(folder: Path, store: ImageStore) -> None:
    # The file has a hole, so it takes no room on the disk.
    os.truncate(put(folder, "huge.bin"), IMAGE_SIZE_LIMIT_BYTES + 1)
    found = only_problem_beside_a_good_image(folder, store)
    assert found == problem("huge.bin", "too_large", limit_bytes=str(IMAGE_SIZE_LIMIT_BYTES))


@pytest.mark.parametrize("name", ["link.bin", "link.bin.json"])
def test_a_link_out_of_the_folder_is_refused(
    folder: Path, store: ImageStore, tmp_path: Path, name: str
) -> None:
    secret = put(tmp_path, "secret")
    put(folder, "link.bin")
    (folder / name).unlink()
    (folder / name).symlink_to(secret)
    assert only_problem_beside_a_good_image(folder, store) == problem(name, "link_leaves_folder")
    assert not store.has(sha256(b"firmware"))


def test_a_link_within_the_folder_is_followed(folder: Path, store: ImageStore) -> None:
    (folder / "old").mkdir()
    (folder / "thingy.bin").symlink_to(put(folder / "old", "thingy.bin", b"linked"))
    (folder / "thingy.bin.json").symlink_to("old/thingy.bin.json")
    scan = scan_folder(folder, store)
    assert scan.problems == ()
    assert [image.sha256 for image in scan.images] == [sha256(b"linked")]


def test_the_folder_itself_may_be_a_link(folder: Path, store: ImageStore, tmp_path: Path) -> None:
    put(folder, "thingy.bin")
    (tmp_path / "link").symlink_to(folder)
    assert versions(scan_folder(tmp_path / "link", store)) == ["1.0.0"]


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("nothing", "No such file or directory"),
        ("thingy.bin", "Too many levels of symbolic links"),
    ],
)
def test_a_link_to_nowhere_is_unreadable(
    folder: Path, store: ImageStore, target: str, error: str
) -> None:
    put(folder, "thingy.bin").unlink()
    (folder / "thingy.bin").symlink_to(target)
    found = only_problem_beside_a_good_image(folder, store)
    assert found == problem("thingy.bin", "unreadable", error=error)


@pytest.mark.parametrize("name", ["pipe.bin", "pipe.bin.json"])
def test_a_pipe_is_refused_and_not_waited_for(folder: Path, store: ImageStore, name: str) -> None:
    put(folder, "pipe.bin")
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert only_problem_beside_a_good_image(folder, store) == problem(name, "not_a_file")


def test_a_name_that_is_no_text_is_shown_as_well_as_can_be(folder: Path, store: ImageStore) -> None:
    (folder / os.fsdecode(b"\xff.bin")).write_bytes(b"x")
    found = only_problem_beside_a_good_image(folder, store)
    assert found == problem("\ufffd.bin", "no_sidecar")


def test_a_name_that_is_no_text_is_served_under_a_plain_one(
    folder: Path, store: ImageStore
) -> None:
    put(folder, os.fsdecode(b"\xff.bin"))
    assert [image.file_name for image in scan_folder(folder, store).images] == ["firmware.bin"]


@contextmanager
def being_written(path: Path) -> Iterator[None]:
    """Change a file's time again and again, as somebody does who copies a large file."""
    started, stop = Event(), Event()

    def write() -> None:
        count = 0
        while not stop.is_set():
            count += 1
            os.utime(path, ns=(count, count))
            started.set()

    writer = Thread(target=write)
    writer.start()
    try:
        assert started.wait(60)
        yield
    finally:
        stop.set()
        writer.join(60)


def test_an_image_that_is_still_being_copied_waits_for_the_next_scan(
    folder: Path, store: ImageStore
) -> None:
    copied = put(folder, "slow.bin")
    os.truncate(copied, 32 * 1024 * 1024)
    with being_written(copied):
        found = only_problem_beside_a_good_image(folder, store)
    assert found == problem("slow.bin", "still_changing")
    assert versions(scan_folder(folder, store)) == ["9.9.9", "1.0.0"]


def test_a_store_that_fails_is_told_for_each_image(folder: Path, tmp_path: Path) -> None:
    put(folder, "thingy.bin")
    (tmp_path / "images").write_bytes(b"in the way")
    scan = scan_folder(folder, ImageStore(tmp_path / "images"))
    assert scan == FolderScan(
        problems=(problem("thingy.bin", "store_failed", error="File exists"),)
    )


def test_an_unchanged_file_is_not_read_again(folder: Path, store: ImageStore) -> None:
    path = put(folder, "thingy.bin", b"old bytes")
    seen: SeenFiles = {}
    before = scan_folder(folder, store, seen)
    path.write_bytes(b"new bytes")
    # As if it had been like that when it was last seen: only reading it would tell.
    status = path.stat()
    ((known, file),) = seen.items()
    fingerprint = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    seen[known] = replace(file, fingerprint=fingerprint)
    assert scan_folder(folder, store, seen) == before


def test_a_changed_file_is_read_again(folder: Path, store: ImageStore) -> None:
    path = put(folder, "thingy.bin", b"old bytes")
    seen: SeenFiles = {}
    scan_folder(folder, store, seen)
    path.write_bytes(b"new bytes!")
    scan = scan_folder(folder, store, seen)
    assert [image.sha256 for image in scan.images] == [sha256(b"new bytes!")]


def test_a_file_that_the_store_has_lost_is_stored_again(folder: Path, store: ImageStore) -> None:
    put(folder, "thingy.bin", b"bytes")
    seen: SeenFiles = {}
    scan_folder(folder, store, seen)
    store.remove(sha256(b"bytes"))
    scan_folder(folder, store, seen)
    assert store.verify(sha256(b"bytes"))


def test_a_digest_that_is_added_later_is_held_against_a_file_seen_before(
    folder: Path, store: ImageStore
) -> None:
    put(folder, "thingy.bin", b"bytes")
    seen: SeenFiles = {}
    scan_folder(folder, store, seen)
    sidecar = {"version": "1.0.0", "model": "Thingy:91", "sha256": "0" * 64}
    (folder / "thingy.bin.json").write_text(json.dumps(sidecar))
    scan = scan_folder(folder, store, seen)
    assert [found.key for found in scan.problems] == ["sha256_mismatch"]


def test_a_file_that_has_gone_is_forgotten(folder: Path, store: ImageStore) -> None:
    path = put(folder, "thingy.bin")
    seen: SeenFiles = {}
    scan_folder(folder, store, seen)
    assert len(seen) == 1
    path.unlink()
    scan_folder(folder, store, seen)
    assert seen == {}


def test_of_two_files_that_contradict_each_other_none_is_used(
    folder: Path, store: ImageStore
) -> None:
    put(folder, "a.bin", b"one", version="2.0.0")
    put(folder, "b.bin", b"one", version="v2.0.0")
    put(folder, "c.bin", b"two", version="v2.0.0", model="thingy:91")
    put(folder, GOOD, b"good")
    scan = scan_folder(folder, store)
    assert versions(scan) == ["1.0.0"]
    assert scan.problems == (
        problem("a.bin", "duplicate_version", version="2.0.0", other="c.bin"),
        problem("b.bin", "duplicate_version", version="v2.0.0", other="c.bin"),
        problem("c.bin", "duplicate_version", version="v2.0.0", other="a.bin"),
    )


def test_two_copies_of_the_same_bytes_are_one_image(folder: Path, store: ImageStore) -> None:
    put(folder, "a.bin")
    put(folder, "b.bin")
    scan = scan_folder(folder, store)
    assert scan.problems == ()
    assert [image.file_name for image in scan.images] == ["a.bin"]


@pytest.mark.parametrize(
    "difference",
    [{"model": "Other"}, {"channel": "beta"}, {"min_installed_version": "0.5"}, {"endpoint": "a*"}],
)
def test_the_same_version_for_other_devices_is_no_contradiction(
    folder: Path, store: ImageStore, difference: dict[str, str]
) -> None:
    put(folder, "a.bin", b"one")
    put(folder, "b.bin", b"two", **difference)
    assert versions(scan_folder(folder, store)) == ["1.0.0", "1.0.0"]
