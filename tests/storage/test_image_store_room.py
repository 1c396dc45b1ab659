"""What the image store does when there is no room for another image."""

import hashlib
import os
import time
from pathlib import Path
from shutil import disk_usage

import pytest

from custom_components.flownexus_ota.storage.image_store import (
    ImageDigestError,
    ImageStore,
    ImageStoreError,
    ImageStoreFullError,
    StoredImage,
)

SIZE = 1000
YESTERDAY = time.time() - 86_400


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "images"


@pytest.fixture
def store(folder: Path) -> ImageStore:
    made = ImageStore(folder, quota_bytes=3 * SIZE, reserve_bytes=0)
    made.referenced = frozenset()
    return made


def content(letter: str) -> bytes:
    return letter.encode() * SIZE


def digest(letter: str) -> str:
    return hashlib.sha256(content(letter)).hexdigest()


def image(letter: str) -> StoredImage:
    return StoredImage(sha256=digest(letter), size_bytes=SIZE)


def add(store: ImageStore, letter: str, *, age_seconds: int = 0) -> None:
    """Add an image that was stored some time before yesterday's end."""
    source = store.path(digest(letter)).parents[1] / f"{letter}.bin"
    source.write_bytes(content(letter))
    store.add(source)
    stored_at = YESTERDAY - age_seconds
    os.utime(store.path(digest(letter)), (stored_at, stored_at))


def held(store: ImageStore, *letters: str) -> list[str]:
    return [letter for letter in letters if store.has(digest(letter))]


def test_it_tells_how_full_it_is(store: ImageStore, folder: Path) -> None:
    empty = store.usage()
    add(store, "a")
    add(store, "b")
    full = store.usage()

    assert (empty.image_count, empty.held_bytes) == (0, 0)
    assert (full.image_count, full.held_bytes) == (2, 2 * SIZE)
    assert 0 < full.free_bytes <= disk_usage(folder).total


def test_what_was_needed_least_recently_makes_room(store: ImageStore) -> None:
    add(store, "a", age_seconds=30)
    add(store, "b", age_seconds=20)
    add(store, "c", age_seconds=10)
    os.utime(store.path(digest("a")))
    store.need(digest("a"))
    os.utime(store.path(digest("a")), (0, 0))
    add(store, "d")
    assert held(store, *"abcd") == ["a", "c", "d"]


def test_the_image_itself_is_not_touched_by_a_need(store: ImageStore) -> None:
    add(store, "a")
    before = store.fingerprint(digest("a"))
    store.need(digest("a"))
    assert store.fingerprint(digest("a")) == before


def test_what_is_referenced_stays(store: ImageStore) -> None:
    add(store, "a", age_seconds=30)
    add(store, "b", age_seconds=20)
    add(store, "c", age_seconds=10)
    store.referenced = frozenset({digest("a"), digest("b")})
    add(store, "d")
    assert held(store, *"abcd") == ["a", "b", "d"]


def test_as_long_as_nobody_knows_what_is_referenced_everything_stays(store: ImageStore) -> None:
    for letter in "abc":
        add(store, letter)
    store.referenced = None
    with pytest.raises(ImageStoreFullError, match="too much for its quota: the images there are"):
        add(store, "d")
    assert held(store, *"abcd") == ["a", "b", "c"]


def test_what_was_needed_within_the_hour_stays(store: ImageStore) -> None:
    for letter in "abc":
        add(store, letter)
        store.need(digest(letter))
    with pytest.raises(ImageStoreFullError):
        add(store, "d")
    assert held(store, *"abcd") == ["a", "b", "c"]


def test_nothing_goes_if_that_would_not_be_enough(store: ImageStore) -> None:
    add(store, "a")
    add(store, "b")
    store.referenced = frozenset({digest("b")})
    store.quota_bytes = SIZE
    with pytest.raises(ImageStoreFullError):
        add(store, "c")
    assert held(store, *"abc") == ["a", "b"]


def test_a_disk_that_others_need_is_not_filled(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "a.bin").write_bytes(content("a"))
    store = ImageStore(folder, reserve_bytes=disk_usage(tmp_path).total)
    with pytest.raises(ImageStoreFullError, match="too much for the disk"):
        store.add(tmp_path / "a.bin")
    assert list(folder.iterdir()) == []


def test_room_is_made_for_what_is_fetched_too(store: ImageStore) -> None:
    for letter in "abc":
        add(store, letter)
    file = store.begin(image("d"))
    file.write(content("d"))
    store.complete(file, image("d"))
    file.close()
    assert len(held(store, *"abc")) == 2
    assert store.verify(digest("d"))


def test_two_images_that_are_fetched_at_once_share_the_quota(store: ImageStore) -> None:
    add(store, "a")
    store.referenced = frozenset({digest("a")})
    first, second = store.begin(image("b")), store.begin(image("c"))
    with pytest.raises(ImageStoreFullError, match="too much for its quota"):
        store.begin(image("d"))
    first.close()
    second.write(content("c"))
    store.complete(second, image("c"))
    third = store.begin(image("d"))
    third.write(content("d"))
    store.complete(third, image("d"))
    assert held(store, *"abcd") == ["a", "c", "d"]


def test_an_image_that_is_fetched_anew_counts_once(store: ImageStore) -> None:
    store.quota_bytes = SIZE
    store.begin(image("b"))
    file = store.begin(image("b"))
    file.write(content("b"))
    store.complete(file, image("b"))
    assert store.verify(digest("b"))


def test_what_is_still_to_come_of_an_image_is_kept_free(tmp_path: Path, folder: Path) -> None:
    most_bytes = disk_usage(tmp_path).free // 4 * 3
    store = ImageStore(folder, quota_bytes=4 * most_bytes, reserve_bytes=0)
    store.begin(StoredImage(sha256=digest("b"), size_bytes=most_bytes))
    with pytest.raises(ImageStoreFullError, match="too much for the disk"):
        store.begin(StoredImage(sha256=digest("c"), size_bytes=most_bytes))


def test_other_bytes_than_were_to_be_fetched_are_not_taken(store: ImageStore, folder: Path) -> None:
    file = store.begin(image("d"))
    file.write(content("e"))
    with pytest.raises(ImageDigestError):
        store.complete(file, image("d"))
    file.close()
    assert list(folder.iterdir()) == []


def test_a_removed_image_leaves_no_note(store: ImageStore, folder: Path) -> None:
    add(store, "a")
    store.need(digest("a"))
    store.remove(digest("a"))
    assert list(folder.iterdir()) == []


def test_what_a_crash_left_behind_is_tidied_up(store: ImageStore, folder: Path) -> None:
    store.tidy()
    add(store, "a")
    store.need(digest("a"))
    store.need(digest("b"))
    (folder / f"{digest('c')}.part").write_bytes(b"half")
    store.tidy()
    assert {path.name for path in folder.iterdir()} == {digest("a"), f"{digest('a')}.needed"}


def test_a_store_without_a_folder_needs_nothing(store: ImageStore) -> None:
    store.need(digest("a"))
    store.clear()
    assert store.fingerprint(digest("a")) is None


def test_a_cleared_store_leaves_nothing_of_its_own(store: ImageStore, folder: Path) -> None:
    add(store, "a")
    store.need(digest("a"))
    store.begin(image("b"))
    store.clear()
    assert not folder.exists()


def test_a_cleared_store_leaves_what_is_not_its_own(store: ImageStore, folder: Path) -> None:
    add(store, "a")
    (folder / "notes.txt").write_text("mine")
    store.clear()
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_a_store_that_cannot_be_cleared_says_so(store: ImageStore, folder: Path) -> None:
    (folder / digest("a")).mkdir(parents=True)
    with pytest.raises(ImageStoreError):
        store.clear()
