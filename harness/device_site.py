"""A Leshan server with its devices, whichever of the two kinds it is."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

from harness.device_log import DeviceLog
from harness.process import ManagedProcess
from simulator.fleet import FleetOptions


class DeviceSite(Protocol):
    """What the stage needs of a Leshan server."""

    @property
    def description(self) -> str:
        """Which Leshan this is, for a person."""

    @property
    def base_url(self) -> str:
        """Where its web page and its API are."""

    @property
    def log(self) -> DeviceLog:
        """What the devices themselves say."""

    @property
    def processes(self) -> tuple[ManagedProcess, ...]:
        """The processes that have to stay alive."""

    async def start(self, ends: AsyncExitStack, folder: Path) -> None:
        """Start the server, without devices; `ends` gets what ends it. Raise StageError."""

    async def add_devices(self, options: FleetOptions) -> None:
        """Switch devices on and wait until they have registered; raise StageError."""


def endpoints(options: FleetOptions) -> list[str]:
    """Return the endpoint names of a fleet, in order."""
    return [f"{options.name_prefix}{number}" for number in range(1, options.count + 1)]
