"""What a person can send to the maintainers, without names, addresses and secrets."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import urlsplit

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from .const import (
    CONF_ADVERTISED_HOST,
    CONF_CERTIFICATE_FILE,
    CONF_CERTIFICATE_KEY_FILE,
    CONF_FIRMWARE_BASE_URL,
    CONF_LISTENER_ADDRESS,
    CONF_PASSWORD,
    CONF_PUBLIC_KEYS,
    CONF_TOKEN,
    CONF_URL,
    CONF_USERNAME,
)
from .devices import endpoints_of
from .engine.view import DeviceView, ServerView
from .entry_diagnostics import async_surroundings
from .firmware import refusal_for, unoffered_for
from .history_response import Answer, update_answer
from .lwm2m.events import Endpoint
from .ota.image import FirmwareImage
from .ota.preflight import RefusalKey
from .ota.session_state import Session
from .remote_sources import (
    CONF_ACCESS_TOKEN,
    CONF_API_URL,
    CONF_INDEX_URL,
    CONF_REPOSITORY,
    SOURCE_KINDS,
)
from .runtime import FlownexusConfigEntry, RuntimeData
from .storage.awaiting import stored
from .storage.errors import HistoryError
from .storage.history import HistoryDb
from .storage.records import SessionEvent

# The id of a session is part of what its URL is made of.
SECRETS: Final = {"asked_by", "id", "serial_number", "server_id"}
LAST_CHARACTERS: Final = 4
UPDATES_SHOWN: Final = 10
SOURCE_SECRETS: Final = {CONF_ACCESS_TOKEN, CONF_REPOSITORY, "endpoint"}
# Why an image was not fetched is told with host and address of where it was to come from.
REFUSAL_DETAIL: Final = f"{RefusalKey.IMAGE_NOT_FETCHED} detail="
# Of addresses, the path says whose repository it is.
IMAGE_SECRETS: Final = {"endpoint", "origin", "release_url"}
ENTRY_SECRETS: Final = {
    *(CONF_USERNAME, CONF_PASSWORD, CONF_TOKEN),
    *(CONF_ADVERTISED_HOST, CONF_LISTENER_ADDRESS),
    *(CONF_CERTIFICATE_FILE, CONF_CERTIFICATE_KEY_FILE),  # folders are named after hosts
    CONF_PUBLIC_KEYS,  # no secret, but says who signs
}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: FlownexusConfigEntry
) -> dict[str, Any]:
    """Return the entry, its server, the catalogue and every device, those without entities too."""
    runtime = entry.runtime_data
    catalogue = runtime.shared.keeper.catalogue
    views = [coordinator.data for coordinator in runtime.devices.values()]
    generation = runtime.client.generation
    # Ten thousand devices take a second: not in the event loop.
    devices = await hass.async_add_executor_job(_devices, views)
    return {
        "entry": {
            "data": _settings(entry.data),
            "options": _settings(entry.options),
            "firmware_base_urls": [
                _without_host(url) for url in runtime.downloads.base_urls().values()
            ],
            "sources": [
                _source(subentry)
                for subentry in entry.subentries.values()
                if subentry.subentry_type in SOURCE_KINDS
            ],
        },
        **await async_surroundings(hass, runtime),
        "server": _server(runtime.server.data)
        | {"generation": None if generation is None else generation.name},
        "images": None
        if catalogue is None
        else [
            _image(image) | {"distrust": runtime.server_catalogue.distrusted.get(image.sha256)}
            for image in catalogue.images
        ],
        "devices": devices,
        "unsupported": [
            {"endpoint": _masked(endpoint), "reason": reason}
            for endpoint, reason in runtime.server.data.unsupported
        ],
    }


async def async_get_device_diagnostics(
    _: HomeAssistant, entry: FlownexusConfigEntry, device: dr.AnyDeviceEntry
) -> dict[str, Any]:
    """Return one device: how it stands, its last updates, and how each image stands to it.

    The server itself has nothing that the diagnostics of the entry do not tell.
    """
    runtime = entry.runtime_data
    endpoints = endpoints_of(entry, device) if isinstance(device, dr.DeviceEntry) else []
    view = next(filter(None, map(runtime.engine.view, endpoints)), None)
    if view is None:
        return {"device": None}
    return {
        "device": _device(view),
        "profile": next(
            (rule.name for rule in runtime.profile_rules if rule.is_for(view.facts)), None
        ),
        "updates": await _updates(runtime, view),
        "images": _standings(runtime, view),
    }


async def _updates(runtime: RuntimeData, view: DeviceView) -> list[Answer] | str:
    """Return the last updates of a device with their steps, or why they cannot be read."""
    server_id, endpoint = runtime.entry.entry_id, view.endpoint

    def read(history: HistoryDb) -> list[tuple[Session, list[SessionEvent]]]:
        sessions = history.sessions(server_id=server_id, endpoint=endpoint, limit=UPDATES_SHOWN)
        return [(session, history.events(session.id)) for session in sessions]

    try:
        found = await stored(runtime.shared.writer.query(read))
    except HistoryError as err:
        return type(err).__name__
    return [_update(view, session, events) for session, events in found]


def _update(view: DeviceView, session: Session, events: list[SessionEvent]) -> Answer:
    told = update_answer(session, device_id=None, events=events)
    shown = async_redact_data(told, {"asked_by", "config_entry_id"})
    for each in (shown, *shown["events"]):
        each["evidence"] = _without_names(each["evidence"], view)
    return {**shown, "endpoint": _masked(view.endpoint)}


def _standings(runtime: RuntimeData, view: DeviceView) -> list[dict[str, Any]]:
    """Return every image with why the device would not get it, or is not offered it."""
    catalogue = runtime.shared.keeper.catalogue
    standings = []
    for image in () if catalogue is None else catalogue.images:
        misfit = refusal_for(runtime, image, view.endpoint)
        reason = misfit or unoffered_for(runtime, image, view.endpoint)
        standings.append(
            {
                "version": image.version,
                "sha256": image.sha256,
                "fits": misfit is None,
                "is_offered": reason is None,
                "reason": reason,
            }
        )
    return standings


def _settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return data or options of the entry; of a URL, scheme, port and path are worth knowing."""
    urls = {
        key: _without_host(settings[key])
        for key in (CONF_URL, CONF_FIRMWARE_BASE_URL)
        if key in settings
    }
    return {**async_redact_data(dict(settings), ENTRY_SECRETS), **urls}


def _source(subentry: ConfigSubentry) -> dict[str, Any]:
    """Return a source of firmware, without its name and its token."""
    data = async_redact_data(dict(subentry.data), SOURCE_SECRETS)
    urls = {key: _without_host(data[key]) for key in (CONF_INDEX_URL, CONF_API_URL) if key in data}
    return {"type": subentry.subentry_type, **data, **urls}


def _without_host(url: str) -> str:
    parts = urlsplit(url)
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{REDACTED}{port}{parts.path}"


def _server(view: ServerView) -> dict[str, Any]:
    return {key: value for key, value in asdict(view).items() if key != "unsupported"}


def _image(image: FirmwareImage) -> dict[str, Any]:
    """Return what decides about an image; an endpoint pattern may be an endpoint."""
    shown = asdict(image)
    shown.pop("release_notes")
    return async_redact_data(shown, IMAGE_SECRETS)


def _devices(views: Iterable[DeviceView]) -> list[dict[str, Any]]:
    return [_device(view) for view in views]


def _device(view: DeviceView) -> dict[str, Any]:
    endpoint = _masked(view.endpoint)
    shown = async_redact_data(asdict(view), SECRETS) | {"endpoint": endpoint}
    shown["facts"] |= {"endpoint": endpoint}
    if view.session is not None:
        shown["session"] |= {
            "endpoint": endpoint,
            "evidence": _without_names(view.session.evidence, view),
        }
    return shown


def _without_names(told: str | None, view: DeviceView) -> str | None:
    """Return an evidence without what names the device, or the server of an image, in it."""
    if told is None:
        return None
    before, detail, _ = told.partition(REFUSAL_DETAIL)
    told = before + detail + (REDACTED if detail else "")
    if view.facts.serial_number:
        told = told.replace(view.facts.serial_number, REDACTED)
    return told.replace(view.endpoint, _masked(view.endpoint))


def _masked(endpoint: Endpoint) -> str:
    """Return a name, an IMEI more often than not, that its owner recognises and nobody else."""
    shown = len(endpoint) // 4
    return REDACTED + endpoint[len(endpoint) - min(shown, LAST_CHARACTERS) :]
