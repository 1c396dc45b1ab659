"""Registrations: how they are read, how they end, how many there can be."""

import asyncio
import re
from typing import Any

import pytest

from simulator.leshan_generation import Generation, LeshanSettings
from simulator.link import RegisterParameters

from .leshan_stage import PlainDevice, staged, until

DEVICES = 10_000


async def test_a_lifetime_that_runs_out_ends_the_registration() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device(lifetime_seconds=1)
        told = await events.until("DEREGISTRATION")
        with pytest.raises(ConnectionError):
            await device.link.update()

    assert [event.name for event in told] == ["REGISTRATION", "DEREGISTRATION"]


async def test_an_update_starts_the_lifetime_again() -> None:
    async with staged() as stage:
        device = await stage.device(lifetime_seconds=600)
        registration = stage.server.registry.find("thing")
        assert registration is not None
        before = registration.expires_at
        await device.link.update()

        assert registration.expires_at > before


async def test_a_deregistered_device_is_gone() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device()
        await device.link.deregister()
        told = await events.until("DEREGISTRATION")
        status, text = await stage.text("GET", "/api/clients/thing/5/0/3")

    assert [event.name for event in told] == ["REGISTRATION", "DEREGISTRATION"]
    assert (status, text) == (400, "No registered client with id 'thing'")


@pytest.mark.parametrize("generation", Generation)
async def test_a_request_is_cancelled_with_its_registration(generation: Generation) -> None:
    async with staged(LeshanSettings(generation=generation)) as stage:
        device = await stage.device()
        device.gate.clear()
        request = asyncio.create_task(stage.text("GET", "/api/clients/thing/5/0/3?timeout=60"))
        await until(lambda: len(device.asked) == 1)
        stage.server.expire("thing")
        status, text = await request

    assert status == 500
    assert re.fullmatch("Request cancelled: ?Request coap://127.0.0.1:20000/5/0/3 canceled", text)


async def test_a_device_without_power_stays_registered_and_silent() -> None:
    async with staged(LeshanSettings(timeout_scale=0.01)) as stage:
        device = await stage.device()
        await device.link.close()
        status, _ = await stage.text("GET", "/api/clients/thing/5/0/3")
        listed = await stage.json("GET", "/api/clients")
        with pytest.raises(ConnectionError):
            await device.link.update()

    assert status == 504
    assert [registration["endpoint"] for registration in listed] == ["thing"]


@pytest.mark.parametrize(
    ("generation", "parameters"),
    [
        (Generation.M18, {"lwm2m_version": "1.2"}),
        (Generation.M4, {"lwm2m_version": "1.2"}),
        (Generation.M18, {"links": ('</10>;ver="1.1"',)}),
        (Generation.M15, {"links": ('</10>;ver="1.1"',)}),
        (Generation.M18, {"links": ("</5/0>;ver=1.1",)}),
        (Generation.M18, {"links": ("nonsense",)}),
    ],
)
async def test_what_leshan_cannot_read_cannot_register(
    generation: Generation, parameters: dict[str, Any]
) -> None:
    async with staged(LeshanSettings(generation=generation)) as stage:
        with pytest.raises(ConnectionError):
            await stage.device(**parameters)

        assert len(stage.server.registry) == 0


async def test_a_root_path_is_kept_out_of_the_available_instances() -> None:
    links = ('</lwm2m>;rt="oma.lwm2m"', "</lwm2m/5>;ver=1.1", "</lwm2m/5/2>")
    async with staged() as stage:
        await stage.device(links=links)
        listed = await stage.json("GET", "/api/clients/thing")

    assert listed["rootPath"] == "/lwm2m/"
    assert listed["availableInstances"] == {"5": [2]}
    assert listed["objectLinks"][1] == {"url": "/lwm2m/5", "attributes": {"ver": "1.1"}}


async def test_queue_mode_is_part_of_the_binding_in_lwm2m_1_0() -> None:
    async with staged() as stage:
        await stage.device(lwm2m_version="1.0", is_queue_mode=True)
        listed = await stage.json("GET", "/api/clients/thing")

    assert (listed["bindingMode"], listed["queuemode"]) == ("UQ", True)


async def test_a_restart_forgets_everything_and_breaks_every_connection() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device()
        await stage.json("POST", "/api/clients/thing/5/0/3/observe")
        stage.server.restart()
        with pytest.raises(ConnectionError):
            await device.link.update()
        listed = await stage.json("GET", "/api/clients")
        await until(lambda: stage.server.event_stream_count == 0)

    assert listed == []
    assert events.text == ""


async def test_devices_can_be_refused() -> None:
    async with staged() as stage:
        stage.server.refuses_devices = True
        with pytest.raises(ConnectionError):
            await stage.device()


async def test_ten_thousand_idle_devices_cost_no_task() -> None:
    async with staged() as stage:
        tasks_before = len(asyncio.all_tasks())
        for number in range(DEVICES):
            link = stage.server.link()
            parameters = RegisterParameters(
                endpoint=f"thing-{number}", lifetime_seconds=600, links=("</5/0>",)
            )
            await link.register(parameters, PlainDevice(link, {}))
        tasks_after = len(asyncio.all_tasks())
        listed = await stage.json("GET", "/api/clients")

    assert len(listed) == DEVICES
    assert tasks_after == tasks_before
