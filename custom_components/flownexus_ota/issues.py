"""What a person has to mend, as repair issues: bad files in the firmware folder, a bad disk."""

import logging
from collections.abc import Iterable
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .sources.folder import Problem

_LOGGER: Final = logging.getLogger(__name__)

CATALOGUE_ISSUE_PREFIX: Final = "catalogue_"
HISTORY_NOT_WRITABLE: Final = "history_not_writable"
HISTORY_DAMAGED: Final = "history_damaged"


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
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=HISTORY_DAMAGED,
        translation_placeholders={"file": kept_as},
    )


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
        "%r in the firmware folder is not used: %s %r",
        problem.file_name,
        problem.key,
        dict(problem.placeholders),
    )
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
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
