"""One engine per test, taken down in the end."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .stage import Stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Return a running engine without devices, not yet connected."""
    stage = Stage(tmp_path)
    await stage.start()
    yield stage
    await stage.stop()
