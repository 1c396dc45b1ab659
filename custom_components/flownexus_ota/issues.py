"""What a person has to mend, as repair issues: bad files, a bad disk, updates that failed."""

import logging
from collections.abc import Iterable, Mapping
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .lwm2m.events import Endpoint
from .lwm2m.firmware_update import UpdateResult, result_key
from .ota.phase import Reason
from .ota.session_state import Session
from .plain_text import plain
from .sources.problem import Problem

_LOGGER: Final = logging.getLogger(__name__)

CATALOGUE_ISSUE_PREFIX: Final = "catalogue_"
HISTORY_NOT_WRITABLE: Final = "history_not_writable"
HISTORY_DAMAGED: Final = "history_damaged"
FOREIGN_UPDATE: Final = "foreign_update"
FAILED_UPDATE_PREFIX: Final = "update_failed_"

RESULTS_TO_ACT_ON: Final[Mapping[int, str]] = {
    result: f"{FAILED_UPDATE_PREFIX}{result_key(result)}"
    for result in (
        UpdateResult.NO_STORAGE,
        UpdateResult.INTEGRITY_FAILED,
        UpdateResult.UNSUP_FW,
        UpdateResult.INVALID_URI,
        UpdateResult.UNSUP_PROTO,
        UpdateResult.DEPENDENCY_ERROR,
    )
}
"""What a device reports that waiting does not cure: the image, or where it is, has to change."""

REASONS_TO_ACT_ON: Final[Mapping[Reason, str]] = {
    reason: f"{FAILED_UPDATE_PREFIX}{reason}"
    for reason in (
        Reason.IMAGE_UNAVAILABLE,
        Reason.DID_NOT_COME_BACK,
        Reason.WRONG_VERSION,
        Reason.NEVER_CAME,
        Reason.NEVER_WOKE,
        Reason.WAITED_TOO_LONG,
    )
}
"""What we concluded ourselves and somebody has to look after."""


@callback
def show_catalogue_problems(hass: HomeAssistant, problems: Iterable[Problem]) -> None:
    """Raise one issue per bad file of the last scan, and clear those of files that are fine now."""
    current = {f"{CATALOGUE_ISSUE_PREFIX}{problem.file_name}": problem for problem in problems}
    for issue_id in _raised_catalogue_issue_ids(hass) - current.keys():
        ir.async_delete_issue(hass, DOMAIN, issue_id)
    for issue_id, problem in current.items():
        _show_catalogue_problem(hass, issue_id, problem)


@callback
def clear_catalogue_problems(hass: HomeAssistant) -> None:
    """Clear every issue about a file: nobody reads the folder any more."""
    show_catalogue_problems(hass, ())


@callback
def show_history_not_writable(hass: HomeAssistant, folder: str) -> None:
    """Say that updates are held back, because what they do cannot be remembered."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        HISTORY_NOT_WRITABLE,
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=HISTORY_NOT_WRITABLE,
        translation_placeholders={"folder": folder},
    )


@callback
def clear_history_not_writable(hass: HomeAssistant) -> None:
    """Say no more that the history cannot be written."""
    ir.async_delete_issue(hass, DOMAIN, HISTORY_NOT_WRITABLE)


@callback
def show_history_damaged(hass: HomeAssistant, kept_as: str) -> None:
    """Say that a damaged database was moved aside to `kept_as`, and that the history is empty."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        HISTORY_DAMAGED,
        data={"kept_as": kept_as},
        is_fixable=True,
        is_persistent=True,  # until a person has read it: it is found out only once
        severity=ir.IssueSeverity.WARNING,
        translation_key=HISTORY_DAMAGED,
        translation_placeholders={"file": kept_as},
    )


@callback
def clear_history_damaged(hass: HomeAssistant) -> None:
    """Say no more that a database was moved aside: there is no history any more."""
    ir.async_delete_issue(hass, DOMAIN, HISTORY_DAMAGED)


@callback
def show_failed_update(
    hass: HomeAssistant, entry: ConfigEntry, session: Session, device_name: str
) -> None:
    """Say that an update failed for which somebody has to do something; else say nothing."""
    key = failed_update_key(session)
    if key is None:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _failed_update_id(entry, session.endpoint),
        is_fixable=False,
        is_persistent=True,  # the device is as it is also after a restart
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders={
            "device": plain(device_name),
            "version": session.target.version,
            "reported_version": plain(session.reported_version or "unknown"),
        },
    )


@callback
def clear_failed_update(hass: HomeAssistant, entry: ConfigEntry, endpoint: Endpoint) -> None:
    """Say no more that the last update of a device failed."""
    ir.async_delete_issue(hass, DOMAIN, _failed_update_id(entry, endpoint))


@callback
def show_foreign_update(
    hass: HomeAssistant, entry: ConfigEntry, endpoint: Endpoint, device_name: str
) -> None:
    """Say that a device is busy with somebody else's update, and offer to reset it."""
    name = plain(device_name)
    ir.async_create_issue(
        hass,
        DOMAIN,
        _foreign_update_id(entry, endpoint),
        data={"entry_id": entry.entry_id, "endpoint": endpoint, "device": name},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=FOREIGN_UPDATE,
        translation_placeholders={"device": name},
    )


@callback
def clear_foreign_update(hass: HomeAssistant, entry: ConfigEntry, endpoint: Endpoint) -> None:
    """Say no more that a device is busy with somebody else's update."""
    ir.async_delete_issue(hass, DOMAIN, _foreign_update_id(entry, endpoint))


@callback
def clear_updates_of_device(hass: HomeAssistant, entry: ConfigEntry, endpoint: Endpoint) -> None:
    """Clear whatever is said of the updates of a device that is no longer ours."""
    clear_failed_update(hass, entry, endpoint)
    clear_foreign_update(hass, entry, endpoint)


@callback
def clear_foreign_updates_of_server(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Clear what an unloaded server's devices are busy with: nobody looks any more."""
    _delete_by_prefix(hass, f"{FOREIGN_UPDATE}_{entry.entry_id}_")


@callback
def clear_updates_of_server(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Clear whatever is said of the updates of a server that is no longer ours."""
    clear_foreign_updates_of_server(hass, entry)
    _delete_by_prefix(hass, f"{FAILED_UPDATE_PREFIX}{entry.entry_id}_")


def failed_update_key(session: Session) -> str | None:
    """Return the text about a failed session that a person can do something for, or `None`."""
    if session.reason is Reason.DEVICE_REPORTED:
        return RESULTS_TO_ACT_ON.get(session.result)
    return None if session.reason is None else REASONS_TO_ACT_ON.get(session.reason)


def _failed_update_id(entry: ConfigEntry, endpoint: Endpoint) -> str:
    return f"{FAILED_UPDATE_PREFIX}{entry.entry_id}_{endpoint}"


def _foreign_update_id(entry: ConfigEntry, endpoint: Endpoint) -> str:
    return f"{FOREIGN_UPDATE}_{entry.entry_id}_{endpoint}"


def _delete_by_prefix(hass: HomeAssistant, prefix: str) -> None:
    for domain, issue_id in tuple(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(prefix):
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _show_catalogue_problem(hass: HomeAssistant, issue_id: str, problem: Problem) -> None:
    """Raise an issue, and log it unless the same one is there already."""
    key = f"{CATALOGUE_ISSUE_PREFIX}{problem.key}"
    placeholders = {"file": problem.file_name, **problem.placeholders}
    raised = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    if (
        raised is not None
        and raised.translation_key == key
        and raised.translation_placeholders == placeholders
    ):
        return
    # %r, because a file name may hold anything, line breaks too.
    _LOGGER.warning(
        "The firmware %r is not used: %s %r",
        problem.file_name,
        problem.key,
        dict(problem.placeholders),
    )
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"firmware_file": problem.file_name},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders=placeholders,
    )


def _raised_catalogue_issue_ids(hass: HomeAssistant) -> set[str]:
    """Return the ids of the issues about files; after a restart also of those not raised yet."""
    return {
        issue_id
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN and issue_id.startswith(CATALOGUE_ISSUE_PREFIX)
    }
