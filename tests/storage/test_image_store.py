import hashlib
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from mmap import mmap
from pathlib import Path
from threading import Event, Thread

import pytest

from custom_components.flownexus_ota.storage.image_store import (
    ImageDigestError,
    ImageStore,
    ImageStoreError,
    StoredImage,
)
from custom_components.flownexus_ota.storage.source_file import (
    SourceEmptyError,
    SourceStillChangingError,
    SourceUnreadableError,
)

from ..small_disk import files_limited_to

CONTENT = b"firmware " * 300_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
STORED = StoredImage(sha256=SHA256, size_bytes=len(CONTENT))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "images"


@pytest.fixture
def store(folder: Path) -> ImageStore:
    return ImageStore(folder)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "thingy.bin"
    path.write_bytes(CONTENT)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def rewritten_in_memory(path: Path) -> Iterator[None]:
    """Count in a file's first bytes through a mapping, which leaves its modification time alone."""
    started, stop = Event(), Event()

    def write(content: mmap) -> None:
        count = 0
        while not stop.is_set():
            count += 1
            content[:8] = count.to_bytes(8)
            started.set()

    with path.open("r+b") as file, mmap(file.fileno(), 0) as content:
        content[:8] = bytes(8)
        writer = Thread(target=write, args=(content,))
        writer.start()
        try:
            assert started.wait(60)
            yield
        finally:
            stop.set()
            writer.join(60)


def test_an_added_file_is_there_by_its_digest(store: ImageStore, source: Path) -> None:
    assert store.add(source) == STORED
    assert store.has(SHA256)
    assert store.has(SHA256, size_bytes=len(CONTENT))
    assert store.verify(SHA256)
    assert store.path(SHA256).read_bytes() == CONTENT


def test_the_image_outlives_its_source(store: ImageStore, source: Path) -> None:
    store.add(source)
    source.write_bytes(b"something else")
    assert store.verify(SHA256)


def test_nobody_is_meant_to_write_to_an_image(store: ImageStore, source: Path) -> None:
    store.add(source)
    assert stat.S_IMODE(store.path(SHA256).stat().st_mode) == 0o444


def test_only_images_stay_in_the_folder(store: ImageStore, folder: Path, source: Path) -> None:
    store.add(source)
    assert names(folder) == [SHA256]


def test_bytes_that_are_there_are_not_copied_again(store: ImageStore, source: Path) -> None:
    store.add(source)
    inode = store.path(SHA256).stat().st_ino
    assert store.add(source) == STORED
    assert store.path(SHA256).stat().st_ino == inode


def test_an_image_that_lost_its_end_is_replaced(store: ImageStore, source: Path) -> None:
    store.add(source)
    store.path(SHA256).unlink()
    store.path(SHA256).write_bytes(CONTENT[:10])
    assert not store.has(SHA256, size_bytes=len(CONTENT))
    store.add(source)
    assert store.verify(SHA256)


def test_what_a_crash_left_behind_is_in_nobodys_way(
    store: ImageStore, folder: Path, source: Path
) -> None:
    folder.mkdir()
    (folder / "incoming.part").write_bytes(b"half")
    (folder / "incoming.part").chmod(0o444)
    store.add(source)
    assert names(folder) == [SHA256]


def test_a_file_with_the_right_digest_is_added(store: ImageStore, source: Path) -> None:
    assert store.add(source, expected_sha256=SHA256) == STORED


def test_a_file_with_another_digest_is_refused(
    store: ImageStore, folder: Path, source: Path
) -> None:
    with pytest.raises(ImageDigestError) as caught:
        store.add(source, expected_sha256="0" * 64)
    assert caught.value.details == {"expected": "0" * 64, "actual": SHA256}
    assert not folder.exists()


def test_a_file_that_changes_behind_its_time_is_refused(
    store: ImageStore, folder: Path, source: Path
) -> None:
    os.truncate(source, 32 * 1024 * 1024)
    with rewritten_in_memory(source), pytest.raises(SourceStillChangingError):
        store.add(source)
    assert names(folder) == []


def test_a_file_without_bytes_is_no_image(store: ImageStore, source: Path) -> None:
    source.write_bytes(b"")
    with pytest.raises(SourceEmptyError):
        store.add(source)


def test_a_file_that_is_not_there_is_no_image(store: ImageStore, tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadableError):
        store.add(tmp_path / "nothing")


def test_a_full_disk_is_told_and_leaves_nothing_behind(
    store: ImageStore, folder: Path, source: Path
) -> None:
    with files_limited_to(1024 * 1024), pytest.raises(ImageStoreError, match="File too large"):
        store.add(source)
    assert names(folder) == []
    assert store.add(source) == STORED


def test_a_store_that_cannot_have_its_folder_says_so(tmp_path: Path, source: Path) -> None:
    (tmp_path / "images").write_bytes(b"in the way")
    store = ImageStore(tmp_path / "images")
    assert not store.has(SHA256)
    with pytest.raises(ImageStoreError):
        store.add(source)
    with pytest.raises(ImageStoreError):
        store.remove(SHA256)


def test_an_image_with_other_bytes_does_not_verify(store: ImageStore, source: Path) -> None:
    store.add(source)
    store.path(SHA256).unlink()
    store.path(SHA256).write_bytes(bytes(len(CONTENT)))
    assert store.has(SHA256, size_bytes=len(CONTENT))
    assert not store.verify(SHA256)


def test_an_image_that_was_never_there_does_not_verify(store: ImageStore) -> None:
    assert not store.has(SHA256)
    assert not store.verify(SHA256)


def test_a_link_in_the_store_is_no_image(store: ImageStore, folder: Path, source: Path) -> None:
    folder.mkdir()
    (folder / SHA256).symlink_to(source)
    assert not store.has(SHA256)


def test_a_removed_image_is_gone_and_may_be_removed_again(store: ImageStore, source: Path) -> None:
    store.add(source)
    store.remove(SHA256)
    store.remove(SHA256)
    assert not store.has(SHA256)


@pytest.mark.parametrize("name", ["", "..", "../x", "A" * 64, "a" * 63, f"{'a' * 64}\n"])
def test_only_a_digest_has_a_path(store: ImageStore, name: str) -> None:
    with pytest.raises(ValueError, match="no SHA-256"):
        store.path(name)


def test_several_threads_may_add_at_once(
    store: ImageStore, folder: Path, source: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(os.urandom(100_000))
    with ThreadPoolExecutor(8) as pool:
        added = set(pool.map(store.add, [source, other] * 8))
    assert names(folder) == sorted(image.sha256 for image in added)
    assert [store.verify(image.sha256) for image in added] == [True, True]
