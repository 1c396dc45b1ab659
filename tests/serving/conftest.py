"""Images on disk and servers that offer them."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .image_server import BIG, ImageServer


@pytest.fixture
def image() -> bytes:
    """64 KiB and some, so that it takes more than one slice."""
    return random.Random(1).randbytes(70_001)


@pytest.fixture
def image_path(tmp_path: Path, image: bytes) -> Path:
    path = tmp_path / "image"
    path.write_bytes(image)
    return path


@pytest.fixture
async def server(image_path: Path) -> AsyncIterator[ImageServer]:
    async with ImageServer() as server:
        server.offer(image_path)
        yield server


@pytest.fixture
def big_image(tmp_path: Path) -> bytes:
    return random.Random(2).randbytes(BIG)


@pytest.fixture
def big_path(tmp_path: Path, big_image: bytes) -> Path:
    path = tmp_path / "big"
    path.write_bytes(big_image)
    return path


@pytest.fixture
async def big_server(big_path: Path) -> AsyncIterator[ImageServer]:
    async with ImageServer() as server:
        server.offer(big_path)
        yield server
