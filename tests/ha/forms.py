"""Entries and forms, as the tests of the flows need them."""

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flownexus_ota.const import DOMAIN


def known_entry(hass: HomeAssistant, url: str, **more: object) -> MockConfigEntry:
    """Return an entry as the flow would have stored it, not set up."""
    title = f"Leshan {url.partition('//')[2]}"
    data = {"url": url, "verify_ssl": True, **more}
    entry = MockConfigEntry(domain=DOMAIN, title=title, unique_id=url, data=data)
    entry.add_to_hass(hass)
    return entry


def suggestions(form: ConfigFlowResult) -> dict[str, object]:
    """Return what a form shows before anybody types, defaults apart."""
    schema = form["data_schema"]
    assert schema is not None
    shown = {key.schema: (key.description or {}).get("suggested_value") for key in schema.schema}
    return {name: value for name, value in shown.items() if value is not None}


async def open_topic(hass: HomeAssistant, entry: MockConfigEntry, topic: str) -> ConfigFlowResult:
    """Choose a topic in the menu of the options; return what it shows first."""
    options = hass.config_entries.options
    menu = await options.async_init(entry.entry_id)
    return await options.async_configure(menu["flow_id"], {"next_step_id": topic})
