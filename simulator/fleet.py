"""Many devices at once, and the lines that tell what happens to them."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from simulator.behaviours import BEHAVIOURS, Behaviour
from simulator.coap_link import CoapLink
from simulator.device import Device, LinkFactory
from simulator.download import DownloadSettings
from simulator.link import ServerLink
from simulator.objects import DeviceIdentity
from simulator.record import Entry, Kind
from simulator.settings import DeviceSettings, QueueMode, Timing
from simulator.states import Result, State

_NAMES: Final = {Kind.STATE: State, Kind.RESULT: Result}

type Print = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetOptions:
    """What the devices of a fleet have in common, and how they differ."""

    server: str = "127.0.0.1:5683"
    """Where the LwM2M server listens; unused with lines of one's own."""
    count: int = 5
    behaviours: Sequence[str] = ()
    """Of the first devices, in order; the others are happy."""
    sleepy_count: int = 0
    """How many, counted from the last, are in queue mode."""
    name_prefix: str = "sensor-"
    version: str = "1.0.0"
    manufacturer: str = "Flownexus"
    model: str = "Simulated sensor"
    hardware_version: str = "1.0"
    timing: Timing = field(default_factory=Timing)
    queue_mode: QueueMode = field(default_factory=QueueMode)
    downloads: DownloadSettings = field(default_factory=DownloadSettings)
    bytes_per_second: int | None = None
    """Every device's pace; `None` leaves it to the behaviours."""
    starts_per_second: float = 100.0
    seed: int = 0


class Fleet:
    """Devices in the order of their names: over UDP, or by the lines that `connect` makes."""

    def __init__(self, options: FleetOptions, connect: LinkFactory | None = None) -> None:
        """Make the devices, switched off."""
        self.options = options
        line = connect or partial(_connect, options.server)
        self.devices = [Device(settings, line) for settings in device_settings(options)]

    async def start(self) -> None:
        """Switch all on, one after the other; they register in the background."""
        for device in self.devices:
            device.start()
            await asyncio.sleep(1 / self.options.starts_per_second)

    async def stop(self, *, deregisters: bool = True) -> None:
        """Switch all off."""
        await asyncio.gather(*(device.stop(deregisters=deregisters) for device in self.devices))

    async def wait_registered(self, *, limit_seconds: float = 30.0) -> None:
        """Return once every device has registered at least once; raise TimeoutError."""
        async with asyncio.timeout(limit_seconds):
            for device in self.devices:
                await device.record.wait_for(Kind.REGISTERED, limit_seconds=limit_seconds)

    def print_changes(self, write: Print, *, as_json: bool = False) -> None:
        """Tell every change by a line from now on; requests and renewals are not told."""
        for device in self.devices:
            device.record.listen(partial(_print_entry, write, device.endpoint, as_json))


def device_settings(options: FleetOptions) -> list[DeviceSettings]:
    """Return what each device of a fleet is; raise KeyError for an unknown behaviour."""
    names = list(options.behaviours[: options.count])
    names += ["happy"] * (options.count - len(names))
    return [
        DeviceSettings(
            identity=DeviceIdentity(
                endpoint=f"{options.name_prefix}{number}",
                manufacturer=options.manufacturer,
                model=options.model,
                serial_number=f"{options.seed:04}-{number:05}",
                hardware_version=options.hardware_version,
            ),
            behaviour=_at_pace(BEHAVIOURS[name], options.bytes_per_second),
            version=options.version,
            timing=options.timing,
            queue_mode=options.queue_mode
            if number > options.count - options.sleepy_count
            else None,
            downloads=options.downloads,
            seed=options.seed,
        )
        for number, name in enumerate(names, start=1)
    ]


def describe(endpoint: str, entry: Entry) -> str:
    """Return an entry as a line for people, e.g. "sensor-1: state DOWNLOADING"."""
    if entry.kind in _NAMES and isinstance(entry.value, int):
        return f"{endpoint}: {entry.kind.value} {_NAMES[entry.kind](entry.value).name}"
    if entry.kind is Kind.INSTALLED or entry.kind is Kind.BOOTED:
        return f"{endpoint}: {entry.kind.value} version {entry.value!s}"
    if entry.kind is Kind.DOWNLOADING:
        return f"{endpoint}: downloads from byte {entry.value!s}"
    return f"{endpoint}: {entry.kind.value}"


def _at_pace(behaviour: Behaviour, bytes_per_second: int | None) -> Behaviour:
    if bytes_per_second is None:
        return behaviour
    downloading = replace(behaviour.downloading, bytes_per_second=bytes_per_second)
    return replace(behaviour, downloading=downloading)


async def _connect(server: str) -> ServerLink:
    return await CoapLink.connect(server)


def _print_entry(write: Print, endpoint: str, as_json: bool, entry: Entry) -> None:  # noqa: FBT001
    if entry.kind in (Kind.ASKED, Kind.RENEWED):
        return
    if as_json:
        write(
            json.dumps(
                {
                    "at": round(entry.at, 3),
                    "endpoint": endpoint,
                    "kind": entry.kind.value,
                    "value": entry.value,
                }
            )
        )
    else:
        write(describe(endpoint, entry))
