"""Maintenance windows: how they are stored and typed, of a server and of a profile."""

from collections.abc import Mapping
from datetime import time, tzinfo
from typing import TYPE_CHECKING, Any, Final

from homeassistant.const import WEEKDAYS
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TimeSelector,
)

from .ota.window import MaintenanceWindow, WindowGate

# Home Assistant puts the one in the place of the other, and names the one in its types.
if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

CONF_WINDOW: Final = "window"
CONF_WEEKDAYS: Final = "weekdays"
CONF_OPENS: Final = "opens"
CONF_CLOSES: Final = "closes"
CONF_GATE: Final = "gate"

WINDOW_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_WEEKDAYS, default=list): SelectSelector(
            SelectSelectorConfig(
                options=list(WEEKDAYS),
                multiple=True,
                translation_key=CONF_WEEKDAYS,
                mode=SelectSelectorMode.LIST,
            )
        ),
        vol.Required(CONF_OPENS, default="02:00:00"): TimeSelector(),
        vol.Required(CONF_CLOSES, default="05:00:00"): TimeSelector(),
        vol.Required(CONF_GATE, default=WindowGate.UPDATE.value): SelectSelector(
            SelectSelectorConfig(
                options=[gate.value for gate in WindowGate],
                translation_key=CONF_GATE,
                mode=SelectSelectorMode.DROPDOWN,
            )
        ),
    }
)


def stored_window(typed: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what to store of a filled form; `None` where no day was chosen: at any time."""
    if not typed[CONF_WEEKDAYS]:
        return None
    return {name: typed[name] for name in (CONF_WEEKDAYS, CONF_OPENS, CONF_CLOSES, CONF_GATE)}


def window_of(
    stored: Mapping[str, Any] | None, zone: tzinfo
) -> tuple[MaintenanceWindow, WindowGate] | None:
    """Return a stored window in local time, and what waits for it."""
    if stored is None:
        return None
    window = MaintenanceWindow(
        opens=time.fromisoformat(stored[CONF_OPENS]),
        closes=time.fromisoformat(stored[CONF_CLOSES]),
        zone=zone,
        weekdays=frozenset(WEEKDAYS.index(day) for day in stored[CONF_WEEKDAYS]),
    )
    return window, WindowGate(stored[CONF_GATE])
