"""The simulated Leshan, and devices attached to it, in this process."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from harness.device_log import DeviceLog
from harness.device_site import endpoints
from harness.ports import free_tcp_port
from harness.process import ManagedProcess
from simulator.device import Device, LinkFactory
from simulator.fleet import FleetOptions, device_settings
from simulator.leshan import SimulatedLeshan
from simulator.leshan_generation import Generation, LeshanSettings
from simulator.link import ServerLink
from simulator.record import Entry
from simulator.settings import DeviceSettings


class SimulatedSite:
    """A simulated Leshan of one generation."""

    def __init__(
        self,
        generation: Generation = Generation.M18,
        *,
        web_port: int = 0,
        make_device: Callable[[DeviceSettings, LinkFactory], Device] = Device,
    ) -> None:
        """Start nothing yet."""
        self._make_device = make_device
        self.log = DeviceLog()
        self.processes: tuple[ManagedProcess, ...] = ()
        self.leshan = SimulatedLeshan(LeshanSettings(generation=generation))
        self.devices: dict[str, Device] = {}
        """By endpoint: to be broken, and to be asked what they lived through."""
        # It listens no more for a while when it is taken away: a port of its own, so.
        self._web_port = web_port or free_tcp_port()

    @property
    def description(self) -> str:
        """Which Leshan this is, for a person."""
        return f"simulated Leshan, as {self.leshan.settings.generation.name} (no Java, no UDP)"

    @property
    def base_url(self) -> str:
        """Where its API is."""
        return self.leshan.base_url

    async def start(self, ends: AsyncExitStack, folder: Path) -> None:  # noqa: ARG002
        """Listen; it keeps nothing in the folder."""
        await self.leshan.start(port=self._web_port)
        ends.push_async_callback(self._stop)

    async def add_devices(self, options: FleetOptions) -> None:
        """Switch devices on."""
        for settings in device_settings(options):
            device = self._make_device(settings, self._connect)
            device.record.listen(partial(self._note, device.endpoint))
            self.devices[device.endpoint] = device
            device.start()
        await self.log.until_registered(endpoints(options))

    async def _connect(self) -> ServerLink:
        return self.leshan.link()

    def _note(self, endpoint: str, entry: Entry) -> None:
        self.log.note(endpoint, entry.kind.value, entry.value)

    async def _stop(self) -> None:
        await asyncio.gather(*(device.stop(deregisters=False) for device in self.devices.values()))
        await self.leshan.stop()
