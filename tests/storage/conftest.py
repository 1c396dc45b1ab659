"""A history in a file of its own, and a writer that is closed whatever happens."""

from collections.abc import Iterator
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
def writer(path: Path) -> Iterator[HistoryWriter]:
    with closing(HistoryWriter(HistoryDb.open(path))) as started:
        started.start()
        yield started
