"""Firmware as people ask for it: whom an image fits, who uses it, adding it and removing it."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, assert_never

from homeassistant.core import HomeAssistant

from .catalogue_keeper import FolderHeldError
from .devices import device_name
from .leshan.pacing import Breather
from .lwm2m.events import Endpoint
from .ota.image import FirmwareImage, Mismatch
from .ota.image_header import ImageHeader, ImageHeaderError
from .ota.session_state import Session
from .ota.sidecar import SidecarError
from .ota.version import is_newer, is_same_version
from .runtime import RuntimeData
from .shared import Shared
from .sources.folder import FolderScan, problem_with
from .sources.folder_writer import (
    FirmwareUnknownError,
    FolderWriteError,
    NameTakenError,
    VersionTakenError,
)
from .sources.problem import FolderProblem
from .storage.awaiting import stored
from .storage.source_file import SourceError
from .targets import loaded_servers


class FirmwareInUseError(Exception):
    """An update that has not ended is to install the image."""

    def __init__(self, session: Session) -> None:
        """Keep which one."""
        super().__init__(session.id)
        self.session: Final = session


class Unoffered(StrEnum):
    """Why an image that fits a device is not offered to it; each is a translation key."""

    VERSION_UNKNOWN = "version_unknown"
    INSTALLED = "installed"
    OTHER_PINNED = "other_pinned"
    NOT_NEWER = "not_newer"
    BETTER_IMAGE = "better_image"


FIRMWARE_ERRORS: Final = (
    SidecarError,
    SourceError,
    ImageHeaderError,
    NameTakenError,
    VersionTakenError,
    FolderWriteError,
    FolderHeldError,
    FirmwareUnknownError,
    FirmwareInUseError,
)
"""How adding and removing can fail; `problem_of` says it in words."""

type FirmwareError = (
    SidecarError
    | SourceError
    | ImageHeaderError
    | NameTakenError
    | VersionTakenError
    | FolderWriteError
    | FolderHeldError
    | FirmwareUnknownError
    | FirmwareInUseError
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitting:
    """The devices of all servers, seen from one image."""

    names: tuple[str, ...]
    """Of those that it fits."""
    misfits: Mapping[Mismatch, int] = field(default_factory=dict)
    """How many devices it does not fit, by the first reason."""

    @property
    def device_count(self) -> int:
        """Return how many devices there are."""
        return len(self.names) + sum(self.misfits.values())


def problem_of(hass: HomeAssistant, err: FirmwareError) -> tuple[str, dict[str, str]]:
    """Return the key of what went wrong, below `options.error`, and what its text needs."""
    match err:
        case NameTakenError():
            return "name_taken", {"file": str(err)}
        case VersionTakenError():
            return "version_taken", {"version": err.version, "other": err.other.file_name}
        case FolderWriteError():
            return "folder_not_writable", {"error": str(err)}
        case FolderHeldError():
            return "backup_running", {}
        case FirmwareUnknownError():
            return "firmware_unknown", {"file": str(err)}
        case FirmwareInUseError():
            return "firmware_in_use", {"device": _name_of(hass, err.session)}
        case SidecarError() | SourceError() | ImageHeaderError():
            problem = problem_with("", err)
            return problem.key, dict(problem.placeholders)
        case _:
            assert_never(err)


def sidecar_of(members: Mapping[str, str | bool]) -> bytes:
    """Return the text of a sidecar that says what was typed: nothing where a field is blank."""
    typed = {
        name: value.strip() if isinstance(value, str) else value for name, value in members.items()
    }
    said = {name: value for name, value in typed.items() if value}
    return json.dumps(said, ensure_ascii=False, indent=2).encode(errors="replace")


def listed_files(scan: FolderScan) -> list[str]:
    """Return the names under which firmware can be removed: images, and what is left of some."""
    troubled = {
        problem.file_name.removesuffix(".json")
        for problem in scan.problems
        if problem.key != FolderProblem.FOLDER_UNREADABLE
    }
    return sorted(scan.digests.keys() | troubled)


def refusal_for(runtime: RuntimeData, image: FirmwareImage, endpoint: Endpoint) -> Mismatch | None:
    """Return why a device of a server would not get an image, or `None` if it would."""
    view = runtime.engine.view(endpoint)
    if view is None:
        return None
    if refusal := image.refusal(view.facts, view.channel):
        return refusal
    is_trusted = image.sha256 not in runtime.server_catalogue.distrusted
    return None if is_trusted else Mismatch.UNTRUSTED


def unoffered_for(
    runtime: RuntimeData, image: FirmwareImage, endpoint: Endpoint
) -> Unoffered | None:
    """Return why an image that fits a device is not what is offered to it, or `None` if it is."""
    view = runtime.engine.view(endpoint)
    if view is None or view.installed_version is None:
        return Unoffered.VERSION_UNKNOWN
    if is_same_version(image.version, view.installed_version):
        return Unoffered.INSTALLED
    is_chosen = runtime.image_for(view) == image
    if view.wishes.pinned_version is not None:
        return None if is_chosen else Unoffered.OTHER_PINNED
    if not is_newer(image.version, view.installed_version):
        return Unoffered.NOT_NEWER
    return None if is_chosen else Unoffered.BETTER_IMAGE


async def async_distrusting(hass: HomeAssistant, path: Path, header: ImageHeader) -> frozenset[str]:
    """Return the servers, by entry id, whose keys speak against a file that is not added yet."""
    found: set[str] = set()
    for runtime in loaded_servers(hass):
        ask = runtime.server_catalogue.distrust_of_file
        if await hass.async_add_executor_job(ask, path, header) is not None:
            found.add(runtime.entry.entry_id)
    return frozenset(found)


async def async_fitting(
    hass: HomeAssistant, image: FirmwareImage, distrusting: frozenset[str] = frozenset()
) -> Fitting:
    """Look at every device of every server, giving way to others in between.

    No device of a server that is `distrusting` would get the image.
    """
    names: list[str] = []
    misfits: Counter[Mismatch] = Counter()
    breather = Breather()
    for runtime in loaded_servers(hass):
        for endpoint in runtime.engine.endpoints:
            refusal = refusal_for(runtime, image, endpoint)
            if refusal is None and runtime.entry.entry_id in distrusting:
                refusal = Mismatch.UNTRUSTED
            if refusal is None:
                names.append(device_name(hass, runtime.entry, endpoint))
            else:
                misfits[refusal] += 1
            await breather.give_way()
    return Fitting(names=tuple(sorted(names)), misfits=dict(misfits.most_common()))


async def async_add(
    shared: Shared, source: Path, *, file_name: str, sidecar: bytes
) -> FirmwareImage:
    """Add a firmware to the folder and read it; raise one of `FIRMWARE_ERRORS`."""
    catalogue = shared.keeper.catalogue
    known = () if catalogue is None else catalogue.images
    return await shared.keeper.change(
        lambda writer: writer.add(source, file_name=file_name, sidecar=sidecar, known=known)
    )


async def async_remove(shared: Shared, file_name: str) -> None:
    """Remove a firmware from the folder, unless an update of any server is to install it.

    Raise one of `FIRMWARE_ERRORS`, or a HistoryError when nobody knows.
    """
    sha256 = shared.keeper.scan.digests.get(file_name)
    if sha256 is not None:
        users = await stored(shared.writer.query(lambda history: history.users_of(sha256)))
        if users:
            raise FirmwareInUseError(users[0])
    await shared.keeper.change(lambda writer: writer.remove(file_name))


def _name_of(hass: HomeAssistant, session: Session) -> str:
    entry = hass.config_entries.async_get_entry(session.server_id)
    return session.endpoint if entry is None else device_name(hass, entry, session.endpoint)
