"""A firmware server with a certificate, and who trusts it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.flownexus_ota.sources.guarded_fetch import GuardedFetcher

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
