"""Sleeping devices, as the recorded servers treat them."""

import asyncio

import pytest

from simulator.leshan_generation import Generation, LeshanSettings
from simulator.leshan_link import LeshanLink
from simulator.link import Operation

from .leshan_stage import PACKAGE_URI, staged, until

OLDER = [Generation.M4, Generation.M15]
SLEEPING_TEXT = "The destination client is sleeping, request cannot be sent."


async def test_a_device_in_queue_mode_falls_asleep_by_itself() -> None:
    async with staged(LeshanSettings(awake_seconds=0.05)) as stage, stage.listening() as events:
        await stage.device(is_queue_mode=True)
        told = await events.until("SLEEPING")
        listed = await stage.json("GET", "/api/clients/thing")

    assert [event.name for event in told] == ["AWAKE", "REGISTRATION", "SLEEPING"]
    assert listed["queuemode"] is True
    assert listed["sleeping"] is True


async def test_an_answer_keeps_a_device_awake() -> None:
    async with staged(LeshanSettings(awake_seconds=600)) as stage:
        await stage.device(is_queue_mode=True)
        registration = stage.server.registry.find("thing")
        assert registration is not None
        before = registration.awake_until
        await stage.json("GET", "/api/clients/thing/5/0/3")

        assert registration.awake_until > before


async def test_notifications_and_sends_do_not_wake_a_device() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device(is_queue_mode=True)
        await stage.json("POST", "/api/clients/thing/5/0/3/observe")
        stage.server.put_to_sleep("thing")
        await device.change((5, 0, 3), 1)
        await device.link.send({(5, 0, 3): 1})
        told = await events.until("SEND")
        listed = await stage.json("GET", "/api/clients/thing")

    assert [event.name for event in told][-3:] == ["SLEEPING", "NOTIFICATION", "SEND"]
    assert listed["sleeping"] is True


async def test_a_delayed_request_is_answered_by_an_event_after_an_update() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device(is_queue_mode=True)
        stage.server.put_to_sleep("thing")
        delayed = await stage.json("GET", "/api/clients/thing/3/0/3")
        await device.link.update()
        told = await events.until("REQUEST_RESPONSE")

    assert delayed["delayed"] is True
    assert told[-1].data["requestId"] == delayed["requestId"]
    assert told[-1].data["response"]["content"]["value"] == "1.0"
    assert [event.name for event in told][-4:] == [
        "SLEEPING",
        "AWAKE",
        "UPDATED",
        "REQUEST_RESPONSE",
    ]


async def test_the_slot_for_delayed_requests_holds_only_the_last_one() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device(is_queue_mode=True)
        stage.server.put_to_sleep("thing")
        await stage.json("PUT", "/api/clients/thing/5/0/1", json=PACKAGE_URI)
        await stage.json("GET", "/api/clients/thing/3/0/3")
        await device.link.update()
        await events.until("REQUEST_RESPONSE")

    assert [request.operation for request in device.asked] == [Operation.READ]


async def test_a_delayed_request_is_lost_at_a_new_registration() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device(is_queue_mode=True)
        stage.server.put_to_sleep("thing")
        await stage.json("PUT", "/api/clients/thing/5/0/1", json=PACKAGE_URI)
        await stage.register(device, is_queue_mode=True)
        await device.link.update()
        told = await events.until("UPDATED")

    assert device.asked == []
    assert "REQUEST_RESPONSE" not in [event.name for event in told]


async def test_a_delayed_request_that_fails_is_told_to_nobody() -> None:
    async with staged(LeshanSettings(timeout_scale=0.01)) as stage, stage.listening() as events:
        device = await stage.device(is_queue_mode=True)
        stage.server.put_to_sleep("thing")
        await stage.json("GET", "/api/clients/thing/3/0/3?timeout=1")
        device.is_frozen = True
        await device.link.update()
        told = await events.until("UPDATED")
        told += await events.until("SLEEPING")

    assert [event.name for event in told][-3:] == ["AWAKE", "UPDATED", "SLEEPING"]


@pytest.mark.parametrize("generation", OLDER)
async def test_before_m17_a_request_to_a_sleeping_device_is_refused(generation: Generation) -> None:
    async with staged(LeshanSettings(generation=generation)) as stage:
        device = await stage.device(is_queue_mode=True)
        stage.server.put_to_sleep("thing")
        status, text = await stage.text("PUT", "/api/clients/thing/5/0/1", json=PACKAGE_URI)

    assert status == 400
    assert text.startswith("Invalid request:")
    assert text.endswith(SLEEPING_TEXT)
    assert device.asked == []


async def test_silence_puts_a_device_in_queue_mode_to_sleep() -> None:
    async with staged(LeshanSettings(timeout_scale=0.01)) as stage, stage.listening() as events:
        device = await stage.device(is_queue_mode=True)
        device.is_frozen = True
        status, text = await stage.text("GET", "/api/clients/thing/5/0/3?timeout=3")
        await events.until("SLEEPING")

    assert (status, text) == (504, "Request timeout")


async def test_a_device_without_queue_mode_never_sleeps() -> None:
    async with staged(LeshanSettings(timeout_scale=0.01)) as stage:
        device = await stage.device()
        device.is_frozen = True
        status, _ = await stage.text("GET", "/api/clients/thing/5/0/3")
        listed = await stage.json("GET", "/api/clients/thing")

    assert status == 504
    assert "sleeping" not in listed


async def test_what_came_too_late_for_the_server_the_device_does_all_the_same() -> None:
    async with staged(LeshanSettings(timeout_scale=0.01)) as stage:
        device = await stage.device()
        device.gate.clear()
        status, _ = await stage.text("PUT", "/api/clients/thing/5/0/1", json=PACKAGE_URI)
        device.gate.set()
        await until(lambda: device.values[5, 0, 1] == "http://x/f")

    assert status == 504


async def test_a_device_that_wakes_in_time_still_hears_what_it_slept_through() -> None:
    async with staged(LeshanSettings(retransmission_seconds=0.01)) as stage:
        device = await stage.device(is_queue_mode=True)
        device.is_frozen = True
        asking = stage.json("GET", "/api/clients/thing/3/0/3?timeout=60")
        request = asyncio.create_task(asking)
        await until(lambda: len(device.asked) == 1)
        device.is_frozen = False
        answer = await request

    assert answer["content"]["value"] == "1.0"


async def test_a_silent_device_is_asked_five_times() -> None:
    settings = LeshanSettings(retransmission_seconds=0.001)
    async with staged(settings) as stage:
        device = await stage.device()
        device.is_frozen = True
        asking = stage.text("GET", "/api/clients/thing/3/0/3?timeout=600")
        request = asyncio.create_task(asking)
        await until(lambda: len(device.asked) > 0)
        assert isinstance(device.link, LeshanLink)
        await asyncio.wait(device.link.tasks)
        assert not request.done()
        stage.server.expire("thing")
        await request

    assert len(device.asked) == 5


async def test_the_last_word_about_a_device_in_queue_mode_is_that_it_sleeps() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device(is_queue_mode=True)
        await device.link.deregister()
        told = await events.until("DEREGISTRATION")

    assert told[-1].data["sleeping"] is True
