"""One open file for all who read the same image at about the same time."""

import asyncio
import os
from pathlib import Path

import pytest

from custom_components.flownexus_ota.serving.open_images import SHARED_SECONDS, OpenImages


def read(file: object) -> bytes:
    return os.pread(file.fileno(), 100, 0)  # type: ignore[attr-defined] # a file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.write_bytes(b"damaged")
    return path


def replace(path: Path) -> None:
    """Put another file of the same size in its place, as the image store does."""
    other = path.with_name("other")
    other.write_bytes(b"mended!")
    other.replace(path)


async def test_those_who_read_at_the_same_time_share_one_file(path: Path) -> None:
    images = OpenImages()
    with (
        await images.open(path, size_bytes=7) as first,
        await images.open(path, size_bytes=7) as second,
    ):
        assert first is second
        images.retire(path)
        assert not first.closed
    assert first.closed


async def test_a_device_that_asks_for_the_next_range_finds_it_open(path: Path) -> None:
    images = OpenImages()
    with await images.open(path, size_bytes=7) as first:
        pass
    replace(path)
    with await images.open(path, size_bytes=7) as second:
        assert second is first
        assert read(second) == b"damaged"
    images.retire(path)
    assert first.closed


async def test_a_mended_image_is_read_by_those_who_come_after_its_retirement(path: Path) -> None:
    images = OpenImages()
    with await images.open(path, size_bytes=7) as old:
        replace(path)
        images.retire(path)
        with await images.open(path, size_bytes=7) as new:
            assert (read(old), read(new)) == (b"damaged", b"mended!")
    images.retire(path)
    assert (old.closed, new.closed) == (True, True)


async def test_an_image_is_opened_anew_after_a_while_by_itself(path: Path) -> None:
    images = OpenImages()
    with await images.open(path, size_bytes=7) as file:
        pass
    async with asyncio.timeout(SHARED_SECONDS + 60):
        while not file.closed:  # noqa: ASYNC110 # no event says so
            await asyncio.sleep(0.05)
    replace(path)
    with await images.open(path, size_bytes=7) as file:
        assert read(file) == b"mended!"
    images.retire(path)


async def test_another_size_is_an_error_also_while_it_is_open(path: Path) -> None:
    images = OpenImages()
    with (
        await images.open(path, size_bytes=7),
        pytest.raises(OSError, match="7 bytes instead of 8"),
    ):
        await images.open(path, size_bytes=8)
    images.retire(path)


async def test_two_who_open_at_the_same_time_both_read(path: Path) -> None:
    images = OpenImages()

    async def reading() -> bytes:
        with await images.open(path, size_bytes=7) as file:
            return read(file)

    assert list(await asyncio.gather(reading(), reading())) == [b"damaged", b"damaged"]
    images.retire(path)
    images.retire(path)
