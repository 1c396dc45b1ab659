"""The objects of a device as one tree: what can be read, what is there, how it is announced."""

import time
from dataclasses import dataclass
from typing import Final

from simulator.firmware import FirmwareUpdate
from simulator.link import Content, Ids, Value
from simulator.record import DeviceRecord
from simulator.resources import RESOURCES, Resource, resource_at

_SERVER: Final = 1
_FIRMWARE_UPDATE: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceIdentity:
    """Who a device says it is."""

    endpoint: str
    manufacturer: str = "Flownexus"
    model: str = "Simulated sensor"
    serial_number: str = "0001"
    hardware_version: str = "1.0"


class ObjectTree:
    """Objects 1, 3 and 5, one instance each."""

    def __init__(
        self,
        identity: DeviceIdentity,
        firmware: FirmwareUpdate,
        record: DeviceRecord,
        *,
        object_version: str,
        lifetime_seconds: int,
        is_queue_mode: bool,
    ) -> None:
        """Read everything that changes from `firmware` and `record`."""
        self._identity = identity
        self._firmware = firmware
        self._record = record
        self._object_version = object_version
        self._lifetime_seconds = lifetime_seconds
        self._binding = "UQ" if is_queue_mode else "U"

    def read(self, path: Ids) -> Content:
        """Return all readable values at or below `path`; nothing where nothing is."""
        return {
            found: value for found, value in self._values().items() if found[: len(path)] == path
        }

    def find(self, path: Ids) -> Resource | None:
        """Return the resource at a path of three or four ids, if this device has it."""
        resource = resource_at(path)
        if resource is None or not self._firmware.is_there(path[:3]):
            return None
        return resource if not resource.is_readable or self.read(path) else None

    def registration_links(self) -> tuple[str, ...]:
        """Return the links of a registration (TS Core 1.1, 6.2.1)."""
        return (
            '</>;ct="0 110 11542";rt="oma.lwm2m"',
            "</1/0>",
            "</3/0>",
            *self._object_links(),
            "</5/0>",
        )

    def discover(self, path: Ids) -> tuple[str, ...]:
        """Return the links of `path` and what lies below it; nothing where nothing is."""
        resources = [
            (number, 0, resource)
            for number, resource in RESOURCES
            if self.find((number, 0, resource))
        ]
        below = [found for found in resources if found[: len(path)] == path]
        if not below:
            return ()
        instances = dict.fromkeys(found[:2] for found in below)
        heads = [
            link for link in (self._object_link(found) for found in instances) if len(path) == 1
        ]
        heads += [_link(found) for found in instances if len(path) <= 2]
        return (*heads, *(self._resource_link(found) for found in below))

    def _object_links(self) -> tuple[str, ...]:
        return (self._object_link((_FIRMWARE_UPDATE,)),) if self._object_version != "1.0" else ()

    def _object_link(self, path: Ids) -> str:
        number = path[0]
        has_version = number == _FIRMWARE_UPDATE and self._object_version != "1.0"
        return f"</{number}>;ver={self._object_version}" if has_version else f"</{number}>"

    def _resource_link(self, path: Ids) -> str:
        resource = resource_at(path)
        is_multiple = resource is not None and resource.is_multiple
        return f"{_link(path)};dim={len(self.read(path))}" if is_multiple else _link(path)

    def _values(self) -> dict[Ids, Value]:
        return {
            (_SERVER, 0, 0): 1,
            (_SERVER, 0, 1): self._lifetime_seconds,
            (_SERVER, 0, 6): False,
            (_SERVER, 0, 7): self._binding,
            (3, 0, 0): self._identity.manufacturer,
            (3, 0, 1): self._identity.model,
            (3, 0, 2): self._identity.serial_number,
            (3, 0, 3): self._record.running_version,
            (3, 0, 11, 0): 0,
            (3, 0, 13): int(time.time()),
            (3, 0, 16): self._binding,
            (3, 0, 18): self._identity.hardware_version,
            **self._firmware.values(),
        }


def _link(path: Ids) -> str:
    return f"</{'/'.join(map(str, path))}>"
