"""What happens to updates, as sentences."""

from collections.abc import Callable
from typing import Any

import pytest
from homeassistant.core import Event
from homeassistant.helpers import device_registry as dr

from custom_components.flownexus_ota.const import DOMAIN, EVENT_UPDATE
from custom_components.flownexus_ota.logbook import async_describe_events, in_words, sentence
from custom_components.flownexus_ota.ota.happening import Happening

from .fleet import World

DATA: dict[str, Any] = {
    "type": "succeeded",
    "endpoint": "sensor-7",
    "device_id": None,
    "entity_id": "update.thingy_3_firmware",
    "from_version": "1.4.1",
    "target_version": "1.4.2",
    "reported_version": "1.4.2",
    "result": "success",
    "reason": "version_proved",
    "attempt": 1,
    "duration_seconds": 130,
}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "was updated from 1.4.1 to 1.4.2 in 2 min 10 s"),
        ({"from_version": None, "duration_seconds": None}, "was updated to 1.4.2"),
        ({"type": "queued", "reason": None}, "has an update from 1.4.1 to 1.4.2 waiting"),
        ({"type": "started"}, "is being updated from 1.4.1 to 1.4.2"),
        ({"type": "downloaded"}, "has downloaded version 1.4.2"),
        ({"type": "installing"}, "installs version 1.4.2"),
        (
            {"type": "failed", "result": "no_storage", "reason": "device_reported"},
            "was not updated from 1.4.1 to 1.4.2: no storage",
        ),
        (
            {"type": "failed", "result": "update_failed", "reason": "did_not_come_back"},
            "was not updated from 1.4.1 to 1.4.2: did not come back",
        ),
        (
            {"type": "cancelled", "result": "cancelled", "reason": "cancelled_by_user"},
            "is no longer being updated from 1.4.1 to 1.4.2: cancelled by user",
        ),
        (
            {"type": "arrived_late"},
            "runs version 1.4.2 after all, after its update had failed",
        ),
    ],
)
def test_every_happening_is_a_sentence(changes: dict[str, Any], text: str) -> None:
    assert sentence(DATA | changes) == text


def test_no_happening_is_left_without_a_sentence() -> None:
    assert all(sentence(DATA | {"type": happening.value}) for happening in Happening)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (120, "2 min"),
        (130, "2 min 10 s"),
        (3_600, "1 h"),
        (3_661, "1 h 1 min"),
        (2 * 86_400 + 7_200, "2 d 2 h"),
    ],
)
def test_a_duration_is_told_by_its_two_largest_units(seconds: int, words: str) -> None:
    assert in_words(seconds) == words


async def test_the_sentence_is_about_the_device_as_people_call_it(world: World) -> None:
    described: dict[str, Callable[[Event[Any]], dict[str, Any]]] = {}
    async_describe_events(
        world.hass, lambda domain, name, describe: described.update({f"{domain} {name}": describe})
    )
    describe = described[f"{DOMAIN} {EVENT_UPDATE}"]
    await world.add_device("sensor-7")
    entry = await world.set_up()
    await world.ready("sensor-7")
    registry = dr.async_get(world.hass)
    device = registry.async_get_device_by_identifier(
        (DOMAIN, f"{entry.entry_id}_sensor-7"), entry.entry_id
    )
    assert device is not None
    registry.async_update_device(device.id, name_by_user="Thingy 3")

    known = describe(Event(EVENT_UPDATE, DATA | {"device_id": device.id}))
    unknown = describe(Event(EVENT_UPDATE, DATA))

    assert known == {
        "name": "Thingy 3",
        "message": "was updated from 1.4.1 to 1.4.2 in 2 min 10 s",
        "entity_id": "update.thingy_3_firmware",
    }
    assert unknown["name"] == "sensor-7"
    refused = {"type": "failed", "result": "no_storage", "reason": "device_reported"}
    # In the words of the entities; as long as those are not there, by the key.
    assert describe(Event(EVENT_UPDATE, DATA | refused))["message"] == (
        "was not updated from 1.4.1 to 1.4.2: not enough flash memory"
    )
    waits = {"type": "queued", "reason": None, "waiting_reason": "window"}
    assert describe(Event(EVENT_UPDATE, DATA | waits))["message"] == (
        "has an update from 1.4.1 to 1.4.2 waiting for the maintenance window"
    )
