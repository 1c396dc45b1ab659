"""A source that stumbles over an error of ours."""

import pytest

from .firmware_sources import add_damaged
from .fleet import World


async def test_an_error_of_ours_does_not_end_the_asking(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.set_up()
    add_damaged(world)
    await world.until(lambda: "Asking Example failed by an error of ours" in caplog.text)
    [state] = world.runtime.sources.states()
    assert state["failure_count"] == 1
