"""What is not begun any more, and whose time it is while an image has yet to be fetched."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.flownexus_ota.engine.refusal import NothingToCancelError, PreflightError
from custom_components.flownexus_ota.ota.phase import Phase
from custom_components.flownexus_ota.ota.preflight import Refusal, RefusalKey
from custom_components.flownexus_ota.ota.session_state import Session
from tests.fakes import FakeDevice

from .gateways import HeldGateway
from .stage import BRIEF, QUICK, Stage

URI_WRITE = "write /5/0/1 http://127.0.0.1/f/token/a.bin"
SECOND = timedelta(seconds=1)
RESET = "write /5/0/1 "


class Fetch:
    """An image that was there when the update was asked for, and has to be fetched again."""

    def __init__(self, stage: Stage) -> None:
        self.is_under_way, self.is_done = asyncio.Event(), asyncio.Event()
        self.refusal: Refusal | None = None
        self._stage = stage

    def begin(self) -> None:
        """Let the next look find that it is gone."""
        self._stage.offering.find_image = self._fetch

    async def _fetch(self, _: Session) -> Refusal | None:
        self.is_under_way.set()
        await self.is_done.wait()
        return self.refusal


@pytest.fixture
async def fetch(stage: Stage) -> AsyncIterator[Fetch]:
    """Return a fetch that has not begun; it is done when the test ends."""
    fetch = Fetch(stage)
    yield fetch
    fetch.is_done.set()


async def offered(stage: Stage, fetch: Fetch) -> FakeDevice:
    """Return a device whose image is being fetched."""
    device = stage.gateway.add("a")
    await stage.connected()
    await stage.update(device)
    fetch.begin()
    await fetch.is_under_way.wait()
    return device


async def test_a_device_has_its_time_once_it_was_asked_however_long_its_image_took(
    stage: Stage, fetch: Fetch
) -> None:
    limits = replace(QUICK.deadlines, offered=BRIEF, answer=SECOND / 2)
    stage.profile = replace(QUICK, deadlines=limits)
    device = await offered(stage, fetch)
    first = stage.session(device).deadline_at
    assert first is not None
    await stage.until(lambda: (stage.session(device).deadline_at or first) > first + SECOND)
    assert stage.view(device).phase is Phase.OFFERED
    assert URI_WRITE not in device.asked
    fetch.is_done.set()
    await stage.until(lambda: URI_WRITE in device.asked)


async def test_a_cancelled_update_is_not_offered_once_its_image_is_there(
    stage: Stage, fetch: Fetch
) -> None:
    device = await offered(stage, fetch)
    cancelling = asyncio.create_task(stage.engine.cancel(device.endpoint))
    await stage.until(lambda: stage.session(device).is_cancelling)
    fetch.is_done.set()
    session = await asyncio.wait_for(cancelling, 5)
    assert session.phase is Phase.CANCELLED
    assert RESET in device.asked
    assert URI_WRITE not in device.asked


async def test_cancelling_an_update_that_is_then_refused_finds_nothing_to_cancel(
    stage: Stage, fetch: Fetch
) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    fetch.begin()
    asking = asyncio.create_task(stage.update(device))
    await fetch.is_under_way.wait()
    cancelling = asyncio.create_task(stage.engine.cancel(device.endpoint))
    await asyncio.sleep(0)
    fetch.refusal = Refusal(key=RefusalKey.IMAGE_MISSING)
    fetch.is_done.set()
    with pytest.raises(PreflightError):
        await asking
    with pytest.raises(NothingToCancelError):
        await asyncio.wait_for(cancelling, 5)


async def test_a_cancelled_update_is_not_executed_any_more(
    stage: Stage, gateway: HeldGateway
) -> None:
    device = stage.gateway.add("a")
    device.on_write = lambda uri: setattr(device, "state", 1 if uri else 0)
    await stage.connected()
    gateway.writing.clear()  # it answers only when it has the image
    await stage.update(device)
    await stage.until(lambda: URI_WRITE in device.asked)
    stage.gateway.notify(device, state=2)
    await stage.in_phase(device, Phase.STAGED)
    cancelling = asyncio.create_task(stage.engine.cancel(device.endpoint))
    await stage.until(lambda: stage.session(device).is_cancelling)
    gateway.writing.set()
    session = await asyncio.wait_for(cancelling, 5)
    assert session.phase is Phase.CANCELLED
    assert "execute /5/0/2" not in device.asked
