"""A history in a file of its own, and a writer that is closed whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from custom_components.flownexus_ota.storage.history import HistoryDb
from custom_components.flownexus_ota.storage.writer import HistoryWriter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flownexus_ota.db"


@pytest.fixture
def db(path: Path) -> Iterator[HistoryDb]:
    with closing(HistoryDb.open(path)) as opened:
        yield opened


@pytest.fixture
async def writer(path: Path) -> AsyncIterator[HistoryWriter]:
    with closing(HistoryWriter(HistoryDb.open(path), asyncio.get_running_loop())) as started:
        started.start()
        yield started
