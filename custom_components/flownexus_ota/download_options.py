"""What the options of a server say about downloads: its listener, and its limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from .const import (
    CONF_LISTENER,
    CONF_LISTENER_ADDRESS,
    CONF_LISTENER_PORT,
    CONF_MAX_DEVICE_RATE,
    CONF_MAX_PARALLEL_DOWNLOADS,
    CONF_MAX_TOTAL_RATE,
)
from .serving.gate import DownloadLimits

EVERY_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - devices come from other machines
DEFAULT_LISTENER_PORT: Final = 8000
"""The port that flownexus's sample devices have compiled in for http."""
DEFAULT_MAX_PARALLEL_DOWNLOADS: Final = 32
HIGHEST_MAX_PARALLEL_DOWNLOADS: Final = 1000
HIGHEST_RATE_KILOBYTES_PER_SECOND: Final = 1_000_000
_BYTES_PER_KILOBYTE: Final = 1000


class ListenerMode(StrEnum):
    """Whether a server has a listener of its own, and what it speaks."""

    OFF = "off"
    HTTP = "http"
    HTTPS = "https"


@dataclass(frozen=True, kw_only=True, slots=True)
class ListenerSettings:
    """Where a listener listens; a change needs another one."""

    scheme: str
    address: str
    port: int


def listener_settings(options: Mapping[str, Any]) -> ListenerSettings | None:
    """Return where a server with these options listens, or `None` if it does not."""
    mode = ListenerMode(options.get(CONF_LISTENER, ListenerMode.OFF))
    if mode is ListenerMode.OFF:
        return None
    return ListenerSettings(
        scheme=mode.value,
        address=options.get(CONF_LISTENER_ADDRESS, EVERY_ADDRESS),
        port=options.get(CONF_LISTENER_PORT, DEFAULT_LISTENER_PORT),
    )


def download_limits(options: Mapping[str, Any]) -> DownloadLimits:
    """Return what the devices of a server with these options may do together."""
    return DownloadLimits(
        max_parallel=options.get(CONF_MAX_PARALLEL_DOWNLOADS, DEFAULT_MAX_PARALLEL_DOWNLOADS),
        device_bytes_per_second=options.get(CONF_MAX_DEVICE_RATE, 0) * _BYTES_PER_KILOBYTE,
        total_bytes_per_second=options.get(CONF_MAX_TOTAL_RATE, 0) * _BYTES_PER_KILOBYTE,
    )
