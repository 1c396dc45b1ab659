"""What people choose for a device is remembered before it is believed."""

import pytest

from custom_components.flownexus_ota.engine.refusal import DeviceUnknownError
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.wishes import NO_WISHES, Wishes
from custom_components.flownexus_ota.storage.errors import HistoryError

from .stage import Stage

CHOSEN = Wishes(pinned_version="1.0.0", is_auto_updated=True)


async def test_a_choice_is_shown_and_outlives_a_restart(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    assert stage.view(device).wishes == NO_WISHES
    await stage.engine.set_wishes(device.endpoint, CHOSEN)
    assert stage.view(device).wishes == CHOSEN
    await stage.restart()
    assert stage.view(device).wishes == CHOSEN


async def test_a_choice_that_cannot_be_stored_is_not_made(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.set_read_only(is_read_only=True)
    with pytest.raises(HistoryError):
        await stage.engine.set_wishes(device.endpoint, CHOSEN)
    assert stage.view(device).wishes == NO_WISHES


async def test_nothing_can_be_chosen_for_a_device_that_nobody_knows(stage: Stage) -> None:
    with pytest.raises(DeviceUnknownError):
        await stage.engine.set_wishes(Endpoint("nobody"), CHOSEN)
