"""The options, as a person meets them."""

import pytest
from homeassistant.components.http import ApiConfig
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.setup import async_setup_component

from custom_components.flownexus_ota.options_flow import TOPICS

from .forms import known_entry, open_topic, suggestions


async def test_the_options_suggest_home_assistants_own_address(hass: HomeAssistant) -> None:
    await async_setup_component(hass, "http", {})
    hass.config.api = ApiConfig("192.168.1.10", "192.168.1.10", 8123, use_ssl=False)
    entry = known_entry(hass, "http://127.0.0.1:2")

    form = await open_topic(hass, entry, "settings")

    assert suggestions(form) == {"firmware_base_url": "http://192.168.1.10:8123"}
    await hass.config_entries.options.async_configure(form["flow_id"], suggestions(form))
    assert dict(entry.options) == {
        "firmware_base_url": "http://192.168.1.10:8123",
        "max_parallel_updates": 10,
        "min_battery_percent": 0,
        "history_days": 365,
        "store_quota_mib": 2048,
        "stale_days": 90,
        "entities_per_device": "standard",
    }


async def test_options_are_stored_as_the_integration_reads_them(hass: HomeAssistant) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    form = await open_topic(hass, entry, "settings")

    result = await hass.config_entries.options.async_configure(
        form["flow_id"],
        {
            "firmware_base_url": " http://10.0.0.5/ ",
            "max_parallel_updates": 1000.0,
            "history_days": 30.0,
            "store_quota_mib": 512.0,
        },
    )

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == {
        "firmware_base_url": "http://10.0.0.5",
        "max_parallel_updates": 1000,
        "min_battery_percent": 0,
        "history_days": 30,
        "store_quota_mib": 512,
        "stale_days": 90,
        "entities_per_device": "standard",
    }
    again = await open_topic(hass, entry, "settings")
    assert suggestions(again) == dict(entry.options)


async def test_an_empty_base_url_means_home_assistants_own_address(hass: HomeAssistant) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    form = await open_topic(hass, entry, "settings")

    await hass.config_entries.options.async_configure(
        form["flow_id"], {"firmware_base_url": "", "max_parallel_updates": 3}
    )

    assert dict(entry.options) == {
        "max_parallel_updates": 3,
        "min_battery_percent": 0,
        "history_days": 365,
        "store_quota_mib": 2048,
        "stale_days": 90,
        "entities_per_device": "standard",
    }


async def test_a_base_url_that_no_device_can_use_is_told_and_can_be_corrected(
    hass: HomeAssistant,
) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    form = await open_topic(hass, entry, "settings")
    form = await hass.config_entries.options.async_configure(
        form["flow_id"], {"firmware_base_url": "coap://10.0.0.5", "max_parallel_updates": 3}
    )
    assert form["errors"] == {"firmware_base_url": "invalid_base_url"}
    assert suggestions(form)["firmware_base_url"] == "coap://10.0.0.5"

    result = await hass.config_entries.options.async_configure(
        form["flow_id"], {"firmware_base_url": "http://10.0.0.5", "max_parallel_updates": 3}
    )

    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("number", [0, 1001, -1])
async def test_no_more_than_a_thousand_updates_run_and_no_fewer_than_one(
    hass: HomeAssistant, number: int
) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    form = await open_topic(hass, entry, "settings")

    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(
            form["flow_id"], {"max_parallel_updates": number}
        )


async def test_the_options_are_a_menu_of_topics(hass: HomeAssistant) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")

    menu = await hass.config_entries.options.async_init(entry.entry_id)

    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == list(TOPICS)


async def test_a_form_leaves_the_options_of_other_topics_alone(hass: HomeAssistant) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    others = {"of_another_topic": "kept", "firmware_base_url": "http://10.0.0.5"}
    hass.config_entries.async_update_entry(entry, options=others)
    form = await open_topic(hass, entry, "settings")

    await hass.config_entries.options.async_configure(form["flow_id"], {"history_days": 3})

    assert entry.options["of_another_topic"] == "kept"
    assert entry.options["history_days"] == 3
    assert "firmware_base_url" not in entry.options
