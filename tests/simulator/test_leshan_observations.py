"""Observations: what makes them, what loses them, what is told."""

import asyncio

import pytest

from simulator.leshan_generation import Generation, LeshanSettings
from simulator.link import Operation

from .leshan_stage import staged, until

OBSERVE_STATE = "/api/clients/thing/5/0/3/observe"


async def test_only_what_is_observed_is_told() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device()
        await stage.json("POST", OBSERVE_STATE)
        await device.change((5, 0, 5), 7)
        await device.change((5, 0, 3), 1)
        told = await events.until("NOTIFICATION")

    assert [event.data["res"] for event in told if event.name == "NOTIFICATION"] == ["/5/0/3"]


async def test_an_observed_instance_is_told_whole() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device()
        await stage.json("POST", "/api/clients/thing/5/0/observe")
        await device.change((5, 0, 3), 1)
        told = await events.until("NOTIFICATION")

    assert told[-1].data["res"] == "/5/0"
    assert [resource["id"] for resource in told[-1].data["val"]["resources"]] == [1, 3, 5]


async def test_observations_are_lost_at_a_new_registration() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device()
        await stage.json("POST", OBSERVE_STATE)
        await stage.register(device)
        await device.change((5, 0, 3), 1)
        await device.link.update()
        told = await events.until("UPDATED")

    assert [event.name for event in told] == [
        "REGISTRATION",
        "DEREGISTRATION",
        "REGISTRATION",
        "UPDATED",
    ]


async def test_an_update_keeps_observations() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device()
        await stage.json("POST", OBSERVE_STATE)
        await device.link.update()
        await device.change((5, 0, 3), 1)
        told = await events.until("NOTIFICATION")

    assert told[-1].data["val"]["value"] == "1"


@pytest.mark.parametrize("generation", Generation)
async def test_a_passive_cancel_is_not_told_to_the_device(generation: Generation) -> None:
    async with staged(LeshanSettings(generation=generation)) as stage, stage.listening() as events:
        device = await stage.device()
        await stage.json("POST", OBSERVE_STATE)
        status, text = await stage.text("DELETE", OBSERVE_STATE)
        await device.change((5, 0, 3), 1)
        await device.link.update()
        told = await events.until("UPDATED")

    assert (status, text) == (200, "")
    assert [request.operation for request in device.asked] == [Operation.OBSERVE]
    assert "NOTIFICATION" not in [event.name for event in told]


async def test_an_active_cancel_is_told_to_the_device() -> None:
    async with staged() as stage:
        device = await stage.device()
        await stage.json("POST", OBSERVE_STATE)
        answer = await stage.json("DELETE", f"{OBSERVE_STATE}?active")

    assert answer["content"]["value"] == "0"
    assert device.asked[-1].operation is Operation.CANCEL_OBSERVATION


async def test_an_active_cancel_without_an_observation_is_refused() -> None:
    async with staged() as stage:
        await stage.device()
        status, text = await stage.text("DELETE", f"{OBSERVE_STATE}?active")

    assert status == 404
    assert text == "no observation for path /5/0/3 for  client 'thing'"


async def test_a_refused_observation_is_none() -> None:
    async with staged() as stage:
        await stage.device()
        answer = await stage.json("POST", "/api/clients/thing/5/0/99/observe")
        registration = stage.server.registry.find("thing")

    assert answer["status"] == "NOT_FOUND(404)"
    assert registration is not None
    assert registration.observations == set()


async def test_observed_paths_can_be_told_together() -> None:
    query = "paths=/5/0/3,/5/0/5&pathformat=SENML_CBOR&nodeformat=SENML_CBOR"
    async with staged() as stage, stage.listening() as events:
        device = await stage.device()
        await stage.json("POST", f"/api/clients/thing/composite/observe?{query}")
        await device.change((5, 0, 3), 1)
        told = await events.until("NOTIFICATION")

    assert told[-1].data["kind"] == "composite"
    assert told[-1].data["paths"] == ["/5/0/3", "/5/0/5"]
    assert [node["value"] for node in told[-1].data["val"].values()] == ["1", "0"]


async def test_notifications_can_be_lost_on_purpose() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device()
        await stage.json("POST", OBSERVE_STATE)
        stage.server.drop_notifications(2)
        for state in (1, 2, 3):
            await device.change((5, 0, 3), state)
        told = await events.until("NOTIFICATION")

    values = [event.data["val"]["value"] for event in told if event.name == "NOTIFICATION"]
    assert values == ["3"]


async def test_observations_can_be_forgotten_on_purpose() -> None:
    async with staged() as stage:
        await stage.device()
        await stage.json("POST", OBSERVE_STATE)
        stage.server.forget_observations("thing")
        registration = stage.server.registry.find("thing")

    assert registration is not None
    assert registration.observations == set()


async def test_a_notification_can_overtake_the_answer_of_its_cause() -> None:
    async with staged() as stage, stage.listening() as events:
        device = await stage.device()
        await stage.json("POST", OBSERVE_STATE)
        device.gate.clear()
        execute = asyncio.create_task(stage.json("POST", "/api/clients/thing/5/0/2"))
        await until(lambda: len(device.asked) > 1)
        await device.change((5, 0, 3), 3)
        await events.until("NOTIFICATION")
        is_answered_first = execute.done()
        device.gate.set()
        answer = await execute

    assert not is_answered_first
    assert answer["status"] == "CHANGED(204)"
