"""One engine per test, taken down in the end."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .gateways import HeldGateway
from .stage import Stage


@pytest.fixture
def gateway() -> HeldGateway:
    """Return the server of the stage."""
    return HeldGateway()


@pytest.fixture
async def stage(tmp_path: Path, gateway: HeldGateway) -> AsyncIterator[Stage]:
    """Return a running engine without devices, not yet connected."""
    stage = Stage(tmp_path, gateway=gateway)
    await stage.start()
    yield stage
    await stage.stop()
