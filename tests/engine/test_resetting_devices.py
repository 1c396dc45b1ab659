"""Simulated devices drop an image, each generation of Leshan between them and us."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from custom_components.flownexus_ota.engine.resetting import reset_device
from custom_components.flownexus_ota.leshan.client import LeshanClient, ServerAddress
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.lwm2m.path import ResourcePath
from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.ota.profile import ResetWay
from simulator.behaviours import BEHAVIOURS
from simulator.device import Device
from simulator.leshan import SimulatedLeshan
from simulator.leshan_generation import Generation, LeshanSettings
from simulator.objects import DeviceIdentity
from simulator.settings import DeviceSettings

THING = Endpoint("thing")
STATE, PACKAGE_URI = ResourcePath(5, 0, 3), ResourcePath(5, 0, 1)
DOWNLOADING, IDLE = 1, 0


@pytest.fixture
async def slow_url(socket_enabled: None) -> AsyncIterator[str]:
    """Return the URL of an image that never comes."""
    never = asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/a.bin", wait)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}/a.bin"
    never.set()
    await runner.cleanup()


@pytest.mark.parametrize("generation", Generation)
@pytest.mark.parametrize(
    ("way", "version"),
    [
        (ResetWay.AUTO, "1.1"),
        (ResetWay.AUTO, None),
        (ResetWay.CANCEL, "1.1"),
        (ResetWay.EMPTY_URI, None),
        (ResetWay.NUL_PACKAGE, None),
    ],
)
async def test_a_device_that_downloads_is_idle_again(
    slow_url: str, generation: Generation, way: ResetWay, version: str | None
) -> None:
    server = SimulatedLeshan(LeshanSettings(generation=generation))
    await server.start()
    identity = DeviceIdentity(endpoint=THING)
    device = Device(
        DeviceSettings(identity=identity, behaviour=BEHAVIOURS["happy"]), server.connect
    )
    device.start()
    async with aiohttp.ClientSession() as session, asyncio.timeout(20):
        client = LeshanClient(session, ServerAddress(base_url=server.base_url))
        while not await client.check():  # noqa: ASYNC110 # the list is what tells
            await asyncio.sleep(0.01)
        await client.write(THING, PACKAGE_URI, slow_url)
        assert await client.read(THING, STATE) == {STATE: DOWNLOADING}
        facts = DeviceFacts(endpoint=THING, update_instance_id=0, update_object_version=version)
        await reset_device(client, facts, way)
        assert await client.read(THING, STATE) == {STATE: IDLE}
    await device.stop(deregisters=False)
    await server.stop()
