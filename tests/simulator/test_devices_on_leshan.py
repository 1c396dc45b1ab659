"""Simulated devices on the simulated Leshan, driven by hand through its REST surface."""

import pytest

from simulator.behaviours import BEHAVIOURS
from simulator.device import Device
from simulator.leshan_generation import Generation, LeshanSettings
from simulator.objects import DeviceIdentity
from simulator.settings import DeviceSettings

from .device_parts import QUICK, QUICK_DOWNLOADS, image_server
from .leshan_stage import Listener, Stage, staged
from .recorded import Event

SENSOR = "/api/clients/sensor-1"


def device_on(stage: Stage, behaviour: str) -> Device:
    settings = DeviceSettings(
        identity=DeviceIdentity(endpoint="sensor-1"),
        behaviour=BEHAVIOURS[behaviour],
        timing=QUICK,
        downloads=QUICK_DOWNLOADS,
    )
    return Device(settings, stage.server.connect)


async def offer(stage: Stage, uri: str) -> None:
    for resource in (3, 5):
        await stage.json("POST", f"{SENSOR}/5/0/{resource}/observe")
    body = {"id": 1, "kind": "singleResource", "type": "STRING", "value": uri}
    answer = await stage.json("PUT", f"{SENSOR}/5/0/1", json=body)
    assert answer["success"] is True


async def until_told(events: Listener, path: str, value: int) -> None:
    told: list[Event] = []
    while (path, value) not in [
        (event.data["res"], int(event.data["val"]["value"]))
        for event in told
        if event.name == "NOTIFICATION"
    ]:
        told += await events.until("NOTIFICATION")


@pytest.mark.parametrize("generation", Generation)
async def test_a_device_can_be_updated(generation: Generation) -> None:
    async with (
        staged(LeshanSettings(generation=generation)) as stage,
        image_server() as images,
        stage.listening() as events,
    ):
        device = device_on(stage, "happy")
        device.start()
        await events.until("REGISTRATION")
        await offer(stage, images.uri())
        await until_told(events, "/5/0/3", 2)
        await stage.json("POST", f"{SENSOR}/5/0/2")
        await events.until("REGISTRATION")
        version = await stage.json("GET", f"{SENSOR}/3/0/3")
        result = await stage.json("GET", f"{SENSOR}/5/0/5")
        await device.stop(deregisters=True)
        await events.until("DEREGISTRATION")

    assert version["content"]["value"] == "1.1.0"
    assert int(result["content"]["value"]) == 1


async def test_a_device_tells_why_it_failed() -> None:
    async with staged() as stage, image_server() as images, stage.listening() as events:
        device = device_on(stage, "bad_checksum")
        device.start()
        await events.until("REGISTRATION")
        await offer(stage, images.uri())
        await until_told(events, "/5/0/5", 5)
        await device.stop(deregisters=False)
