"""The form for a profile, as a person meets it, and how a profile takes effect."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import probatio
import pytest
from homeassistant.config_entries import ConfigEntry, ConfigSubentry, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv

from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.ota.profile import (
    DEFAULT_PROFILE,
    ProtocolChoice,
    ResetWay,
    VersionResource,
)
from custom_components.flownexus_ota.ota.profile_match import profile_for
from custom_components.flownexus_ota.profile_flow import PROFILE_SCHEMA, TIMES_SCHEMA
from custom_components.flownexus_ota.profiles import rules_of
from custom_components.flownexus_ota.source_flow import GITHUB_SCHEMA

from .fleet import LIMIT_SECONDS, World
from .forms import known_entry

URL = "http://127.0.0.1:2"


def filled(**changes: Any) -> dict[str, Any]:
    """Return what a person sends who leaves all but `changes` as it is."""
    sections = {"times": TIMES_SCHEMA({}), "window": {}}
    defaults: dict[str, Any] = PROFILE_SCHEMA({"name": "Thingies", **sections})
    return defaults | {"model": "Thingy*"} | changes


def with_times(**times: dict[str, float]) -> dict[str, Any]:
    """Return a filled form with other durations."""
    return filled(times=TIMES_SCHEMA({}) | times)


async def sent(hass: HomeAssistant, entry: ConfigEntry, form: dict[str, Any]) -> SubentryFlowResult:
    """Open the form for a new profile and send it."""
    manager = hass.config_entries.subentries
    opened = await manager.async_init((entry.entry_id, "profile"), context={"source": "user"})
    assert opened["type"] is FlowResultType.FORM
    return await manager.async_configure(opened["flow_id"], form)


def only_profile(entry: ConfigEntry) -> ConfigSubentry:
    """Return the entry's one profile."""
    (subentry,) = entry.subentries.values()
    return subentry


async def test_a_profile_that_is_left_as_it_is_treats_devices_as_the_default_does(
    hass: HomeAssistant,
) -> None:
    entry = known_entry(hass, URL)
    result = await sent(hass, entry, filled())
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Thingies")
    (rule,) = [rule for rule in rules_of(entry) if rule.name == "Thingies"]
    assert (rule.model, rule.profile) == ("Thingy*", DEFAULT_PROFILE)


async def test_everything_on_the_form_reaches_the_engine(hass: HomeAssistant) -> None:
    entry = known_entry(hass, URL)
    form = with_times(offered={"seconds": 5}, waiting={"days": 2}, back_off_second={"minutes": 3})
    form |= {
        "manufacturer": " Nordic ",
        "endpoint": "urn:*",
        "channel": " beta ",
        "protocol": "https",
        "version_resource": "5_0_7",
        "reset": "nul_package",
        "assume_http": False,
        "compiled_in_hosts": ["FW.example.org", "fw.example.org.", "192.168.1.10"],
        "max_attempts": 7.0,
    }
    await sent(hass, entry, form)
    facts = DeviceFacts(endpoint="urn:1", manufacturer="nordic", model="Thingy:91")  # type: ignore[arg-type] # an Endpoint is a str
    profile = profile_for(rules_of(entry), facts)
    assert profile == replace(
        DEFAULT_PROFILE,
        channel="beta",
        protocol=ProtocolChoice.HTTPS,
        version_resource=VersionResource.PACKAGE_VERSION,
        reset=ResetWay.NUL_PACKAGE,
        assume_http=False,
        compiled_in_hosts=("192.168.1.10", "fw.example.org"),
        max_attempts=7,
        deadlines=replace(
            DEFAULT_PROFILE.deadlines, offered=timedelta(seconds=5), waiting=timedelta(days=2)
        ),
        back_off=(timedelta(minutes=1), timedelta(minutes=3), timedelta(minutes=15)),
    )


@pytest.mark.parametrize(
    ("form", "errors"),
    [
        (filled(name="  "), {"name": "name_missing"}),
        (filled(name="Taken"), {"name": "name_taken"}),
        (filled(model=""), {"base": "no_pattern"}),
        (filled(model="*"), {"base": "no_pattern"}),
        (
            filled(compiled_in_hosts=["https://fw.example.org"]),
            {"compiled_in_hosts": "invalid_host"},
        ),
        (with_times(offered={"seconds": 0}), {"base": "time_out_of_range"}),
        (with_times(waiting={"days": 366}), {"base": "time_out_of_range"}),
    ],
)
async def test_what_is_wrong_is_told_and_can_be_corrected(
    hass: HomeAssistant, form: dict[str, Any], errors: dict[str, str]
) -> None:
    entry = known_entry(hass, URL)
    await sent(hass, entry, filled(name="Taken"))
    result = await sent(hass, entry, form)
    assert result["errors"] == errors
    manager = hass.config_entries.subentries
    result = await manager.async_configure(result["flow_id"], filled())
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_profile_may_have_the_name_of_a_source_but_not_of_another_profile(
    hass: HomeAssistant,
) -> None:
    entry = known_entry(hass, URL)
    index = ConfigSubentry(
        data=MappingProxyType({}), subentry_type="index", title="Thingies", unique_id=None
    )
    hass.config_entries.async_add_subentry(entry, index)
    assert (await sent(hass, entry, filled()))["type"] is FlowResultType.CREATE_ENTRY
    assert (await sent(hass, entry, filled()))["errors"] == {"name": "name_taken"}


async def test_a_window_that_is_stored_is_shown_again(hass: HomeAssistant) -> None:
    entry = known_entry(hass, URL)
    nights = {"weekdays": ["sat"], "opens": "22:00:00", "closes": "04:00:00", "gate": "install"}
    await sent(hass, entry, filled(window=nights))
    profile = only_profile(entry)
    form = await entry.start_subentry_reconfigure_flow(hass, profile.subentry_id)
    assert suggested(form)["window"] == nights


@pytest.mark.parametrize("schema", [PROFILE_SCHEMA, GITHUB_SCHEMA])
def test_no_section_has_a_default_which_the_page_would_show_instead_of_its_fields(
    schema: Any,
) -> None:
    fields: Any = probatio.to_field_list(schema, custom_serializer=cv.custom_serializer)
    sections = [field for field in fields if field.get("type") == "expandable"]
    assert sections
    assert [field["name"] for field in sections if "default" in field] == []


async def test_a_profile_is_changed_where_it_stands(hass: HomeAssistant) -> None:
    entry = known_entry(hass, URL)
    await sent(hass, entry, with_times(offered={"seconds": 5}))
    before = only_profile(entry)
    form = await entry.start_subentry_reconfigure_flow(hass, before.subentry_id)
    shown = form["data_schema"]({"name": "Thingies"} | suggested(form))
    assert shown["times"]["offered"]["seconds"] == 5

    manager = hass.config_entries.subentries
    refused = await manager.async_configure(form["flow_id"], filled(model=""))
    assert refused["errors"] == {"base": "no_pattern"}
    result = await manager.async_configure(
        form["flow_id"], filled(name="Things", manufacturer="Nordic", reset="cancel")
    )
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    after = only_profile(entry)
    assert (after.subentry_id, after.title) == (before.subentry_id, "Things")
    assert (after.data["reset"], after.data["times"]["offered"]) == ("cancel", 60.0)


def suggested(form: SubentryFlowResult) -> dict[str, Any]:
    """Return what a form shows, sections included."""
    schema = form["data_schema"]
    assert schema is not None
    shown = {
        key.schema: suggested_in(value.schema)
        if isinstance(value, section)
        else (key.description or {}).get("suggested_value")
        for key, value in schema.schema.items()
    }
    return {name: value for name, value in shown.items() if value is not None}


def suggested_in(schema: Any) -> dict[str, Any]:
    """Return what a section shows, its defaults apart."""
    return {
        key.schema: key.description["suggested_value"] for key in schema.schema if key.description
    }


def test_a_profile_of_an_older_release_has_the_defaults_of_what_it_lacks(
    hass: HomeAssistant,
) -> None:
    entry = known_entry(hass, URL)
    old = ConfigSubentry(
        data=MappingProxyType({"model": "Thingy*"}),
        subentry_type="profile",
        title="Old",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(entry, old)
    (rule,) = [rule for rule in rules_of(entry) if rule.name == "Old"]
    assert rule.profile == DEFAULT_PROFILE


async def test_a_new_profile_counts_at_once_and_without_a_reload(world: World) -> None:
    device = await world.add_device("thing", "never_downloads")
    world.add_image()
    entry = await world.set_up()
    entity_id = await world.ready("thing")
    runtime = world.runtime
    call = asyncio.create_task(world.install(entity_id))
    await world.until(lambda: world.phase("thing").state == "offered")

    form = with_times(offered={"milliseconds": 10}, silence={"milliseconds": 20})
    form |= {"model": "Simulated*", "max_attempts": 1}
    await sent(world.hass, entry, form)
    # The update goes by it from its next step on, which this is.
    await device.stop(deregisters=False)
    device.start()
    with pytest.raises(HomeAssistantError):
        await asyncio.wait_for(call, LIMIT_SECONDS)

    assert world.phase("thing").state == "failed"
    assert world.runtime is runtime
