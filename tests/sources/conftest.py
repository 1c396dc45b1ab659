"""A firmware server with a certificate, who trusts it, and where firmware lies."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.flownexus_ota.sources.folder_writer import FolderWriter
from custom_components.flownexus_ota.sources.guarded_fetch import GuardedFetcher
from custom_components.flownexus_ota.storage.image_store import ImageStore

from .added_firmware import CONTENT
from .authority import Authority
from .file_server import FileServer

HOST = "firmware.example"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def server(authority: Authority) -> AsyncIterator[FileServer]:
    async with FileServer(authority.serving(HOST)) as running:
        yield running


@pytest.fixture
def fetcher(authority: Authority) -> GuardedFetcher:
    """Return one that may go to 127.0.0.1."""
    return GuardedFetcher(authority.trusting(), allows_private=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "firmware"
    path.mkdir()
    return path


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


@pytest.fixture
def writer(folder: Path) -> FolderWriter:
    return FolderWriter(folder)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "uploaded"
    path.write_bytes(CONTENT)
    return path
