"""Files of which the rest may still come: used once they are whole, or nobody writes any more."""

import os
import time
from pathlib import Path

import pytest

from custom_components.flownexus_ota.sources.folder import scan_folder
from custom_components.flownexus_ota.sources.folder_writer import FolderWriter
from custom_components.flownexus_ota.storage.image_store import ImageStore
from tests.ota.esp_images import esp_image
from tests.ota.mcuboot_images import mcuboot_image

from .added_firmware import add
from .firmware_folder import problem, put, sha256, versions

NOW_SECONDS = 1_800_000_000.0


def test_an_image_of_which_more_may_come_waits_until_nobody_has_written_to_it_for_a_while(
    folder: Path, store: ImageStore
) -> None:
    copied = put(folder, "slow.bin")
    os.utime(copied, (NOW_SECONDS - 9, NOW_SECONDS - 9))
    waiting = scan_folder(folder, store, now_seconds=NOW_SECONDS)
    assert waiting.problems == (problem("slow.bin", "still_changing"),)
    assert (waiting.images, waiting.is_settled) == ((), False)
    settled = scan_folder(folder, store, now_seconds=NOW_SECONDS + 1)
    assert (versions(settled), settled.is_settled) == (["1.0.0"], True)


def test_an_image_of_a_time_to_come_is_not_waited_for(folder: Path, store: ImageStore) -> None:
    os.utime(put(folder, "thingy.bin"), (NOW_SECONDS + 3600, NOW_SECONDS + 3600))
    assert versions(scan_folder(folder, store, now_seconds=NOW_SECONDS)) == ["1.0.0"]


@pytest.mark.parametrize(
    ("content", "members"),
    [
        (b"firmware", {"sha256": sha256(b"firmware")}),
        (mcuboot_image(), {"version": None, "allow_unsigned": True}),
        (esp_image(), {"version": None}),
    ],
    ids=["digest", "mcuboot", "esp"],
)
def test_an_image_that_shows_that_it_is_whole_is_not_waited_for(
    folder: Path, store: ImageStore, content: bytes, members: dict[str, object]
) -> None:
    copied = put(folder, "slow.bin", content[:-4], **members)
    os.utime(copied, (NOW_SECONDS, NOW_SECONDS))
    half = scan_folder(folder, store, now_seconds=NOW_SECONDS)
    copied.write_bytes(content)
    os.utime(copied, (NOW_SECONDS, NOW_SECONDS))
    whole = scan_folder(folder, store, now_seconds=NOW_SECONDS)
    assert half.problems == (problem("slow.bin", "still_changing"),)
    assert (len(whole.images), whole.problems) == (1, ())


def test_a_half_image_to_which_nobody_writes_is_told(folder: Path, store: ImageStore) -> None:
    copied = put(folder, "slow.bin", esp_image()[:-4], version=None)
    os.utime(copied, (0, 0))
    scan = scan_folder(folder, store, now_seconds=NOW_SECONDS)
    assert [each.key for each in scan.problems] == ["image_truncated"]


def test_what_is_added_is_whole_for_every_scan(
    folder: Path, source: Path, writer: FolderWriter, store: ImageStore
) -> None:
    add(writer, source)
    assert len(scan_folder(folder, store, now_seconds=time.time()).images) == 1
