"""What a device itself says that it was asked, and what it ran when."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from simulator.link import Ids
from simulator.record import DeviceRecord, Entry, Kind

_PACKAGE_URI: Final[Ids] = (5, 0, 1)
_UPDATE: Final[Ids] = (5, 0, 2)
_CHANGED: Final = 204


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    """One device; times are seconds since 1970."""

    endpoint: str
    versions: tuple[tuple[float, str], ...]
    """What it ran from when on, the oldest first."""
    offered_s: tuple[float, ...] = ()
    """When a package URI was written, whatever it answered."""
    executed_s: tuple[float, ...] = ()
    """When an Execute of 5/0/2 was obeyed."""
    installed_s: tuple[float, ...] = ()

    def version_at(self, at_s: float) -> str:
        """Return what it ran at a time."""
        return [version for since_s, version in self.versions if since_s <= at_s][-1]

    def ran_between(self, version: str, from_s: float, to_s: float) -> bool:
        """Tell whether it ran `version` at any time in between."""
        return self.version_at(from_s) == version or any(
            from_s < since_s <= to_s for since_s, ran in self.versions if ran == version
        )


def life_of(endpoint: str, first_version: str, record: DeviceRecord) -> Life:
    """Return what a record tells; to be called in the loop that it was written in."""
    begin_s = time.time() - asyncio.get_running_loop().time()

    def times_s(entries: list[Entry]) -> tuple[float, ...]:
        return tuple(begin_s + entry.at for entry in entries)

    installed = [entry for entry in record.entries if entry.kind is Kind.INSTALLED]
    offered = [entry for entry in record.asked(_PACKAGE_URI) if entry.operation == "write"]
    executed = [entry for entry in record.asked(_UPDATE) if entry.code == _CHANGED]
    return Life(
        endpoint=endpoint,
        versions=(
            (0.0, first_version),
            *((begin_s + entry.at, str(entry.value)) for entry in installed),
        ),
        offered_s=times_s([entry for entry in offered if entry.value]),
        executed_s=times_s(executed),
        installed_s=times_s(installed),
    )
