"""The actions about the firmware folder: add, remove, list."""

import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote

import voluptuous as vol
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service

from .const import DOMAIN
from .exceptions import (
    as_fetch_error,
    firmware_not_added_error,
    firmware_not_named_error,
    firmware_not_removed_error,
    firmware_path_not_allowed_error,
    history_not_readable_error,
    no_server_error,
)
from .firmware import (
    FIRMWARE_ERRORS,
    FirmwareError,
    async_add,
    async_remove,
    problem_of,
    sidecar_of,
)
from .firmware_response import async_listing, image_answer
from .ota.sidecar import Sidecar, parse_sidecar
from .shared import Shared
from .sources.fetch_errors import DiskFailedError, FetchError
from .sources.folder_writer import writable_name
from .storage.errors import HistoryError
from .targets import loaded_servers, named_devices
from .texts import async_texts

SERVICE_ADD_FIRMWARE: Final = "add_firmware"
SERVICE_REMOVE_FIRMWARE: Final = "remove_firmware"
SERVICE_LIST_FIRMWARE: Final = "list_firmware"

ATTR_PATH: Final = "path"
ATTR_URL: Final = "url"
ATTR_FILE_NAME: Final = "file_name"
ATTR_SHA256: Final = "sha256"
ATTR_ALLOW_UNSIGNED: Final = "allow_unsigned"

MEMBERS: Final = tuple(field.name for field in fields(Sidecar))

ADD_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_PATH): cv.string,
        vol.Optional(ATTR_URL): cv.string,
        vol.Optional(ATTR_FILE_NAME): cv.string,
        **{vol.Optional(name): cv.string for name in MEMBERS if name != ATTR_ALLOW_UNSIGNED},
        vol.Optional(ATTR_ALLOW_UNSIGNED, default=False): cv.boolean,
    }
)
REMOVE_SCHEMA: Final = vol.Schema(
    {vol.Optional(ATTR_FILE_NAME): cv.string, vol.Optional(ATTR_SHA256): cv.string}
)
LIST_SCHEMA: Final = vol.Schema({**cv.ENTITY_SERVICE_FIELDS})


@callback
def async_register_firmware_services(hass: HomeAssistant) -> None:
    """Register the actions, once; only administrators may use them."""

    async def add(call: ServiceCall) -> ServiceResponse:
        return await _async_add_firmware(hass, call)

    async def remove(call: ServiceCall) -> None:
        await _async_remove_firmware(hass, call)

    async def list_all(call: ServiceCall) -> ServiceResponse:
        return await async_listing(hass, _shared(hass), named_devices(hass, call))

    for name, action, schema, response in (
        (SERVICE_ADD_FIRMWARE, add, ADD_SCHEMA, SupportsResponse.OPTIONAL),
        (SERVICE_REMOVE_FIRMWARE, remove, REMOVE_SCHEMA, SupportsResponse.NONE),
        (SERVICE_LIST_FIRMWARE, list_all, LIST_SCHEMA, SupportsResponse.ONLY),
    ):
        async_register_admin_service(hass, DOMAIN, name, action, schema, response)  # type: ignore[arg-type] # at run time, voluptuous is probatio


async def _async_add_firmware(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Copy a file of this machine or of the internet into the folder, with what is said of it."""
    shared, said = _shared(hass), call.data
    path: str = said.get(ATTR_PATH, "")
    url: str = said.get(ATTR_URL, "")
    if bool(path) == bool(url):
        raise firmware_not_named_error("firmware_no_source")
    sidecar = sidecar_of({name: said[name] for name in MEMBERS if name in said})
    at_source = PurePosixPath(path or unquote(url.partition("?")[0])).name
    name = writable_name(said.get(ATTR_FILE_NAME) or at_source)
    try:
        sha256 = parse_sidecar(sidecar).sha256
        opened = _fetched(hass, shared, url, sha256) if url else _found(hass, path)
        async with opened as source:
            image = await async_add(shared, source, file_name=name, sidecar=sidecar)
    except FIRMWARE_ERRORS as err:
        raise firmware_not_added_error(name, await _async_reason(hass, err)) from err
    return image_answer(name, image)


@asynccontextmanager
async def _found(hass: HomeAssistant, path: str) -> AsyncGenerator[Path]:
    """Give a file of this machine."""
    yield await hass.async_add_executor_job(_allowed, hass, path)


@asynccontextmanager
async def _fetched(
    hass: HomeAssistant, shared: Shared, url: str, sha256: str | None
) -> AsyncGenerator[Path]:
    """Give a file of the internet, as long as it is looked at."""
    if sha256 is None:
        raise firmware_not_named_error("firmware_no_sha256")
    try:
        folder = await hass.async_add_executor_job(tempfile.mkdtemp, "", f"{DOMAIN}-")
    except OSError as err:
        raise as_fetch_error(DiskFailedError(error=err.strerror or str(err))) from err
    try:
        source = Path(folder, "image.part")
        await shared.fetcher.fetch_into_file(url, source, sha256=sha256)
        yield source
    except FetchError as err:
        raise as_fetch_error(err) from err
    finally:
        await hass.async_add_executor_job(partial(shutil.rmtree, folder, ignore_errors=True))


def _allowed(hass: HomeAssistant, path: str) -> Path:
    """Return where a path leads, if Home Assistant may give away what is there; blocking."""
    if "\0" not in path:
        real = Path(path).resolve()
        if hass.config.is_allowed_path(str(real)):
            return real
    raise firmware_path_not_allowed_error(path)


async def _async_remove_firmware(hass: HomeAssistant, call: ServiceCall) -> None:
    """Remove a firmware by its file's name, or every one that has a digest."""
    shared = _shared(hass)
    file_name: str = call.data.get(ATTR_FILE_NAME, "")
    sha256: str = call.data.get(ATTR_SHA256, "").strip().lower()
    if bool(file_name) == bool(sha256):
        raise firmware_not_named_error("firmware_not_named")
    names = [name for name, each in shared.keeper.scan.digests.items() if each == sha256]
    for name in names or [file_name or sha256]:
        try:
            await async_remove(shared, name)
        except FIRMWARE_ERRORS as err:
            raise firmware_not_removed_error(name, await _async_reason(hass, err)) from err
        except HistoryError as err:
            raise history_not_readable_error(str(err)) from err


async def _async_reason(hass: HomeAssistant, err: FirmwareError) -> str:
    """Return what went wrong, in the words of the forms."""
    key, placeholders = problem_of(hass, err)
    texts = await async_texts(hass, "options", "error")
    return texts[key].format(**placeholders)


def _shared(hass: HomeAssistant) -> Shared:
    servers = loaded_servers(hass)
    if not servers:
        raise no_server_error()
    return servers[0].shared
