"""What the options of an entry say about its updates, with the defaults of those not stored."""

from collections.abc import Mapping
from typing import Any

from .const import (
    CONF_HISTORY_DAYS,
    CONF_MAX_PARALLEL_UPDATES,
    CONF_MIN_BATTERY_PERCENT,
    CONF_STALE_DAYS,
    DEFAULT_HISTORY_DAYS,
    DEFAULT_MAX_PARALLEL_UPDATES,
    DEFAULT_MIN_BATTERY_PERCENT,
    DEFAULT_STALE_DAYS,
)


def max_parallel_updates(options: Mapping[str, Any]) -> int:
    """Return how many updates run at once."""
    return int(options.get(CONF_MAX_PARALLEL_UPDATES, DEFAULT_MAX_PARALLEL_UPDATES))


def history_days(options: Mapping[str, Any]) -> int:
    """Return for how many days ended updates are kept; 0 is for ever."""
    return int(options.get(CONF_HISTORY_DAYS, DEFAULT_HISTORY_DAYS))


def min_battery_percent(options: Mapping[str, Any]) -> int:
    """Return the battery level below which no update begins; 0 is any level."""
    return int(options.get(CONF_MIN_BATTERY_PERCENT, DEFAULT_MIN_BATTERY_PERCENT))


def stale_days(options: Mapping[str, Any]) -> int:
    """Return after how many days out of sight a device is offered for deletion; 0 is never."""
    return int(options.get(CONF_STALE_DAYS, DEFAULT_STALE_DAYS))
