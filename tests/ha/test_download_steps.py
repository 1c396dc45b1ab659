"""The form about downloads, as a person meets it."""

from typing import Final

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData

from custom_components.flownexus_ota.download_options import ListenerMode

from .forms import known_entry, open_topic, suggestions
from .texts import TEXTS

DEFAULTS: Final[dict[str, object]] = {
    "listener": "off",
    "listener_address": "0.0.0.0",  # noqa: S104 - that is the default
    "listener_port": 8000,
    "max_parallel_downloads": 32,
    "max_device_kilobytes_per_second": 0,
    "max_total_kilobytes_per_second": 0,
}


async def test_nothing_listens_unless_it_is_chosen(hass: HomeAssistant) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    form = await open_topic(hass, entry, "downloads")
    await hass.config_entries.options.async_configure(form["flow_id"], {})
    assert dict(entry.options) == DEFAULTS


async def test_what_is_typed_is_stored_as_it_is_read_and_shown_again(hass: HomeAssistant) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    hass.config_entries.async_update_entry(entry, options={"history_days": 7})
    form = await open_topic(hass, entry, "downloads")

    result = await hass.config_entries.options.async_configure(
        form["flow_id"],
        {
            "listener": "http",
            "listener_address": " 192.168.1.10 ",
            "listener_port": 8080.0,
            "advertised_host": " OTA.example. ",
            "max_parallel_downloads": 5.0,
            "max_device_kilobytes_per_second": 20.0,
            "max_total_kilobytes_per_second": 100.0,
        },
    )

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == {
        "history_days": 7,
        "listener": "http",
        "listener_address": "192.168.1.10",
        "listener_port": 8080,
        "advertised_host": "ota.example",
        "max_parallel_downloads": 5,
        "max_device_kilobytes_per_second": 20,
        "max_total_kilobytes_per_second": 100,
    }
    again = await open_topic(hass, entry, "downloads")
    assert {"history_days": 7, **suggestions(again)} == dict(entry.options)


def test_every_mode_has_a_name() -> None:
    assert set(TEXTS["selector"]["listener"]["options"]) == set(ListenerMode)


async def test_an_empty_host_means_this_machines_address(hass: HomeAssistant) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    hass.config_entries.async_update_entry(entry, options={"advertised_host": "ota.example"})
    form = await open_topic(hass, entry, "downloads")
    await hass.config_entries.options.async_configure(form["flow_id"], {"advertised_host": " "})
    assert "advertised_host" not in entry.options


async def test_what_is_no_address_is_told_and_can_be_corrected(hass: HomeAssistant) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    form = await open_topic(hass, entry, "downloads")
    wrong = {"listener_address": "localhost", "advertised_host": "http://ota.example:8000"}
    form = await hass.config_entries.options.async_configure(form["flow_id"], wrong)
    assert form["errors"] == {
        "listener_address": "invalid_listener_address",
        "advertised_host": "invalid_advertised_host",
    }
    assert suggestions(form).items() >= wrong.items()
    right = {"listener_address": "::", "advertised_host": "ota.example"}
    result = await hass.config_entries.options.async_configure(form["flow_id"], right)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("listener", "ftp"),
        ("listener_port", 0),
        ("listener_port", 65536),
        ("max_parallel_downloads", 0),
        ("max_parallel_downloads", 1001),
        ("max_device_kilobytes_per_second", -1),
    ],
)
async def test_what_makes_no_sense_is_refused(
    hass: HomeAssistant, field: str, value: object
) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    form = await open_topic(hass, entry, "downloads")
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(form["flow_id"], {field: value})
    assert dict(entry.options) == {}
