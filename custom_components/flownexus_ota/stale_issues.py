"""The repair issue of devices that have not been seen for long: one per server."""

from collections.abc import Sequence
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .plain_text import plain

STALE_DEVICES: Final = "stale_devices"
NAMES_IN_LINE: Final = 5


@callback
def show_stale_devices(
    hass: HomeAssistant, entry: ConfigEntry, *, names: Sequence[str], count: int, days: int
) -> None:
    """Say which devices have not been seen for longer than `days`, and offer to delete them.

    `names` are those of the first `NAMES_IN_LINE` at least, `count` is of all.

    A person who ignores it is not asked again, whatever devices these are, until there are none.
    """
    placeholders = {
        "server": entry.title,
        "days": str(days),
        "devices": names_in_line(names, count),
    }
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry),
        data={"entry_id": entry.entry_id, "server": entry.title, "days": days},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=STALE_DEVICES,
        translation_placeholders=placeholders,
    )


@callback
def clear_stale_devices(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Say no more that devices have not been seen."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry))


def names_in_line(names: Sequence[str], count: int) -> str:
    """Return names of devices for a sentence: the first ones, and of many how many there are."""
    shown = ", ".join(plain(name) for name in names[:NAMES_IN_LINE])
    return shown if count <= NAMES_IN_LINE else f"{shown}, … ({count})"


def _issue_id(entry: ConfigEntry) -> str:
    return f"{STALE_DEVICES}_{entry.entry_id}"
