"""Maintenance windows, as a person sets them, and what waits for them."""

from datetime import time, timedelta
from typing import Any

import pytest
from homeassistant.const import WEEKDAYS
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
from homeassistant.util import dt as dt_util

from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.ota.profile_match import profile_for
from custom_components.flownexus_ota.ota.window import MaintenanceWindow, WindowGate
from custom_components.flownexus_ota.profiles import rules_of

from .fleet import World
from .forms import known_entry, open_topic, suggestions

URL = "http://127.0.0.1:2"
NIGHTS = {"weekdays": ["mon", "sun"], "opens": "22:30:00", "closes": "04:00:00", "gate": "install"}
THINGY = DeviceFacts(endpoint="t", model="Thingy:91")  # type: ignore[arg-type] # an Endpoint is a str


def closed_now() -> dict[str, Any]:
    """Return a window that opens in some hours, as it is stored."""
    opens = dt_util.now() + timedelta(hours=6)
    return {
        "weekdays": list(WEEKDAYS),
        "opens": opens.strftime("%H:%M:00"),
        "closes": (opens + timedelta(hours=1)).strftime("%H:%M:00"),
        "gate": "update",
    }


async def test_a_window_is_typed_shown_again_and_taken_away(hass: HomeAssistant) -> None:
    entry = known_entry(hass, URL)
    options = hass.config_entries.options
    form = await open_topic(hass, entry, "maintenance")
    await options.async_configure(form["flow_id"], NIGHTS)
    assert entry.options["window"] == NIGHTS
    form = await open_topic(hass, entry, "maintenance")
    assert suggestions(form) == NIGHTS
    await options.async_configure(form["flow_id"], NIGHTS | {"weekdays": []})
    assert "window" not in entry.options


@pytest.mark.parametrize("wrong", [{"weekdays": ["noday"]}, {"opens": "25:00:00"}, {"gate": "?"}])
async def test_what_is_no_window_is_refused(hass: HomeAssistant, wrong: dict[str, Any]) -> None:
    entry = known_entry(hass, URL)
    form = await open_topic(hass, entry, "maintenance")
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(form["flow_id"], NIGHTS | wrong)
    assert "window" not in entry.options


async def test_the_window_of_a_server_is_that_of_all_its_devices_in_local_time(
    hass: HomeAssistant,
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    entry = known_entry(hass, URL)
    hass.config_entries.async_update_entry(entry, options={"window": NIGHTS})
    profile = profile_for(rules_of(entry), THINGY)
    assert profile.window_gate is WindowGate.INSTALL
    assert profile.window == MaintenanceWindow(
        opens=time(22, 30),
        closes=time(4),
        zone=dt_util.get_default_time_zone(),
        weekdays=frozenset({0, 6}),
    )
    assert {rule.profile.window for rule in rules_of(entry)} == {profile.window}


async def test_an_update_outside_the_window_waits_visibly_and_begins_without_it(
    world: World,
) -> None:
    world.add_image()
    await world.add_device("sensor-1")
    entry = await world.set_up(window=closed_now())
    await world.install(await world.ready("sensor-1"))
    await world.until(lambda: world.phase("sensor-1").state == "waiting")
    assert world.phase("sensor-1").attributes["waiting_reason"] == "window"
    options = dict(entry.options)
    del options["window"]
    world.hass.config_entries.async_update_entry(entry, options=options)
    await world.until(lambda: world.phase("sensor-1").state == "succeeded")
