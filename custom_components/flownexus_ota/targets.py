"""From what an action, a trigger or a condition is aimed at to our devices, or to a server."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from .const import DOMAIN
from .devices import endpoints_of
from .engine.view import DeviceView
from .exceptions import not_our_device_error, server_not_loaded_error
from .lwm2m.events import Endpoint
from .runtime import FlownexusConfigEntry, RuntimeData

ATTR_CONFIG_ENTRY_ID: Final = "config_entry_id"

type Target = tuple[RuntimeData, Endpoint]


@callback
def named_devices(hass: HomeAssistant, call: ServiceCall) -> list[Target] | None:
    """Return the devices that a call names, in a fixed order; `None` when it names none at all.

    What is named itself has to be ours; of an area or a label only our devices are meant.
    """
    selection = TargetSelection(call.data)
    if not selection.has_any_target:
        return None
    selected = async_extract_referenced_entity_ids(hass, selection)
    entities = er.async_get(hass)
    ids = set(selected.referenced_devices)
    for entity_id in selected.referenced | selected.indirectly_referenced:
        entity = entities.async_get(entity_id)
        if entity is not None and entity.platform == DOMAIN and entity.device_id:
            ids.add(entity.device_id)
        elif entity_id in selection.entity_ids:
            raise not_our_device_error(entity_id)
    ids -= _excluded_device_ids(hass, selection)
    found: dict[tuple[str, Endpoint], Target] = {}
    for device_id in sorted(ids):
        targets = list(_of_device(hass, device_id))
        if not targets and device_id in selection.device_ids:
            raise not_our_device_error(device_id)
        found.update({(runtime.entry.entry_id, name): (runtime, name) for runtime, name in targets})
    return list(found.values())


@callback
def selected_device_ids(hass: HomeAssistant, selection: TargetSelection) -> set[str]:
    """Return the ids of all devices that are meant, by themselves or by one of their entities."""
    selected = async_extract_referenced_entity_ids(hass, selection, primary_entities_only=False)
    entities = er.async_get(hass)
    found = map(entities.async_get, selected.referenced | selected.indirectly_referenced)
    by_entity = {each.device_id for each in found if each is not None and each.device_id}
    meant = selected.referenced_devices | by_entity
    return meant - _excluded_device_ids(hass, selection)


@callback
def views_of(hass: HomeAssistant, selection: TargetSelection) -> Iterator[DeviceView | None]:
    """Yield what is known now of each device of ours that is meant; of all without a selection.

    `None` for a device that nothing is known of: its server is not set up.
    """
    registry = dr.async_get(hass)
    entries = hass.config_entries.async_entries(DOMAIN, include_disabled=False)
    devices: Iterable[object]
    if selection.has_any_target:
        devices = map(registry.async_get, selected_device_ids(hass, selection))
    else:
        of_entries = (
            dr.async_entries_for_config_entry(registry, each.entry_id) for each in entries
        )
        devices = chain.from_iterable(of_entries)
    for device in devices:
        if isinstance(device, dr.DeviceEntry):
            for entry in entries:
                for endpoint in endpoints_of(entry, device):
                    yield _view(entry, endpoint)


@callback
def named_server(hass: HomeAssistant, call: ServiceCall) -> RuntimeData | None:
    """Return the server that a call names, or `None` when it names none."""
    entry_id: str | None = call.data.get(ATTR_CONFIG_ENTRY_ID)
    return None if entry_id is None else loaded_server(hass, entry_id)


@callback
def loaded_server(hass: HomeAssistant, entry_id: str) -> RuntimeData:
    """Return the server of a config entry; raise unless it is one, and is set up."""
    entry: FlownexusConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
    if entry is None or entry.domain != DOMAIN:
        raise server_not_loaded_error(entry_id)
    return _loaded(entry)


@callback
def loaded_servers(hass: HomeAssistant) -> list[RuntimeData]:
    """Return every server that is set up."""
    entries: Iterable[Any] = hass.config_entries.async_loaded_entries(DOMAIN)
    return [entry.runtime_data for entry in entries]


def _excluded_device_ids(hass: HomeAssistant, selection: TargetSelection) -> set[str]:
    """Return the devices that are not meant after all, by themselves or by one of their entities.

    Home Assistant 2026.11 takes the named entity away, and would leave its device among the others.
    """
    excluded: TargetSelection | None = getattr(selection, "exclude", None)
    return set() if excluded is None else selected_device_ids(hass, excluded)


def _view(entry: FlownexusConfigEntry, endpoint: Endpoint) -> DeviceView | None:
    if entry.state is not ConfigEntryState.LOADED:
        return None
    return entry.runtime_data.engine.view(endpoint)


def _of_device(hass: HomeAssistant, device_id: str) -> Iterator[Target]:
    device = dr.async_get(hass).async_get(device_id)
    if not isinstance(device, dr.DeviceEntry):
        return
    for entry in hass.config_entries.async_entries(DOMAIN):
        for endpoint in endpoints_of(entry, device):
            yield _loaded(entry), endpoint


def _loaded(entry: FlownexusConfigEntry) -> RuntimeData:
    if entry.state is not ConfigEntryState.LOADED:
        raise server_not_loaded_error(entry.title)
    return entry.runtime_data
