"""What the devices themselves say: the truth that Home Assistant is compared with."""

import json
from typing import Final

from harness.waiting import Changes

_LIMIT_SECONDS: Final = 60.0


class DeviceLog:
    """Which version each device booted, and how often each has registered."""

    def __init__(self) -> None:
        """Begin without devices."""
        self.changes = Changes()
        self.booted_versions: dict[str, list[str]] = {}
        self.registrations: dict[str, int] = {}

    def note(self, endpoint: str, kind: str, value: object) -> None:
        """Take one entry of a device's record; kinds are those of `simulator.record.Kind`."""
        if kind == "booted":
            self.booted_versions.setdefault(endpoint, []).append(str(value))
        elif kind == "registered":
            self.registrations[endpoint] = self.registrations.get(endpoint, 0) + 1
        self.changes.tell()

    def note_line(self, line: str) -> None:
        """Take a line that `python -m simulator --json` printed; others are passed over."""
        if line.startswith("{"):
            entry = json.loads(line)
            self.note(entry["endpoint"], entry["kind"], entry["value"])

    def running_version(self, endpoint: str) -> str | None:
        """Return what a device runs since its last boot; `None` before the first."""
        versions = self.booted_versions.get(endpoint)
        return versions[-1] if versions else None

    async def until_running(self, endpoint: str, version: str) -> None:
        """Return once a device runs `version`; raise StageError."""
        await self.changes.until(
            lambda: self.running_version(endpoint) == version,
            f"{endpoint} to run {version}",
            limit_seconds=_LIMIT_SECONDS,
        )

    async def until_registered(self, endpoints: list[str]) -> None:
        """Return once each of them has registered at least once; raise StageError."""
        await self.changes.until(
            lambda: all(self.registrations.get(endpoint) for endpoint in endpoints),
            f"{', '.join(endpoints)} to register",
            limit_seconds=_LIMIT_SECONDS,
        )
