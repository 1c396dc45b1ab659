"""Telling the entities of a device what is new."""

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .complaints import tracebacks
from .fleet import World


async def test_an_entity_that_errs_keeps_no_other_from_showing_what_is_new(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def err() -> None:
        heard.append("first")
        raise ZeroDivisionError

    await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")
    coordinator = next(iter(world.runtime.devices.values()))
    stop_erring = coordinator.async_add_listener(err)
    stop = coordinator.async_add_listener(lambda: heard.append("second"))

    coordinator.async_update_listeners()
    stop_erring()
    coordinator.async_update_listeners()
    stop()
    coordinator.async_update_listeners()

    assert heard == ["first", "second", "second"]
    assert "What is new of sensor-1 is not shown" in caplog.text


async def test_an_entity_that_is_asked_for_news_has_none_and_does_not_complain(
    world: World, hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")
    entity_id = world.entity_id("sensor-1", "update_phase", "sensor")

    await hass.services.async_call(
        "homeassistant", "update_entity", {"entity_id": [entity_id]}, blocking=True
    )

    assert world.phase("sensor-1").state == "unknown"
    assert tracebacks(caplog) == []
