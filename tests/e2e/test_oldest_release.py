"""The oldest Home Assistant that is supported, as a process of its own."""

import pytest

from harness.stage import Stage

from .complaints import complaints
from .fleet import install, until_up_to_date

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_the_oldest_supported_release_starts_and_updates_a_device(
    oldest_stage: Stage,
) -> None:
    await install(oldest_stage, await oldest_stage.hass.update_entity("early-1"))
    await until_up_to_date(oldest_stage, "early-1")
    assert complaints(oldest_stage.hass.process.lines) == []
