"""What makes one simulated device other than the next."""

import asyncio
from dataclasses import dataclass, field
from enum import Enum

from simulator.behaviours import Behaviour
from simulator.download import DownloadSettings
from simulator.objects import DeviceIdentity


class Waking(Enum):
    """How a sleeping device comes back to its server."""

    UPDATE = "update"
    REGISTER = "register"


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueMode:
    """When a device sleeps, and how it wakes."""

    awake_seconds: float = 10.0
    """Silence after which it falls asleep."""
    sleep_seconds: float = 30.0
    waking: Waking = Waking.UPDATE
    bedtime: asyncio.Event | None = None
    """While it is there and not set, silence does not put the device to sleep."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """How long things take."""

    lifetime_seconds: int = 300
    install_seconds: float = 1.0
    reboot_seconds: float = 1.5
    retry_seconds: float = 1.0
    """Before a second try to register; doubled with each, up to a minute."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceSettings:
    """All that makes one device other than the next."""

    identity: DeviceIdentity
    behaviour: Behaviour
    version: str = "1.0.0"
    timing: Timing = Timing()
    queue_mode: QueueMode | None = None
    downloads: DownloadSettings = field(default_factory=DownloadSettings)
    seed: int = 0
