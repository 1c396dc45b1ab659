"""Repair issues of a listener that cannot listen."""

import errno
import os
from collections.abc import Mapping
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .download_options import ListenerSettings

LISTENER_FAILED: Final = "listener_failed"
LISTENER_KEYS: Final[Mapping[int | None, str]] = {
    errno.EADDRINUSE: "listener_port_in_use",
    errno.EACCES: "listener_port_not_allowed",
    errno.EADDRNOTAVAIL: "listener_address_unknown",
    # What asyncio makes of the one above.
    None: "listener_address_unknown",
}
"""What can be said more exactly, by the number that the operating system gives."""


@callback
def show_listener_failed(
    hass: HomeAssistant, entry: ConfigEntry, settings: ListenerSettings, err: OSError
) -> None:
    """Say why a server's listener does not listen."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry),
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=listener_key(err),
        translation_placeholders={
            "server": entry.title,
            "address": settings.address,
            "port": str(settings.port),
            "error": os.strerror(err.errno) if err.errno else str(err),
        },
    )


@callback
def clear_listener_failed(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Say no more that the listener does not listen."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry))


def listener_key(err: OSError) -> str:
    """Return the most precise text there is for why a listener does not listen."""
    return LISTENER_KEYS.get(err.errno, LISTENER_FAILED)


def _issue_id(entry: ConfigEntry) -> str:
    return f"{LISTENER_FAILED}_{entry.entry_id}"
