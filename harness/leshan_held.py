"""A real Leshan demo server before devices in this process: they can be held and broken."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import override

from harness.device_site import endpoints
from harness.held_device import HeldDevice
from harness.leshan_real import RealSite
from harness.ports import HOST
from scripts.setup.leshan import LeshanJar
from simulator.coap_link import CoapLink
from simulator.fleet import FleetOptions, device_settings
from simulator.link import ServerLink
from simulator.record import Entry


class HeldSite(RealSite):
    """A Leshan server in Java, and devices that talk to it over UDP from here."""

    def __init__(self, jar: LeshanJar, java: Path) -> None:
        """Choose the ports; nothing is started."""
        super().__init__(jar, java)
        self.devices: dict[str, HeldDevice] = {}
        """By endpoint: to be broken, and to be asked what they lived through."""

    @override
    async def start(self, ends: AsyncExitStack, folder: Path) -> None:
        await super().start(ends, folder)
        ends.push_async_callback(self._stop_devices)

    @override
    async def add_devices(self, options: FleetOptions) -> None:
        for settings in device_settings(options):
            device = HeldDevice(settings, self._connect)
            device.record.listen(partial(self._note, device.endpoint))
            self.devices[device.endpoint] = device
            device.start()
        await self.log.until_registered(endpoints(options))

    async def _connect(self) -> ServerLink:
        return await CoapLink.connect(f"{HOST}:{self._coap_port}")

    def _note(self, endpoint: str, entry: Entry) -> None:
        self.log.note(endpoint, entry.kind.value, entry.value)

    async def _stop_devices(self) -> None:
        await asyncio.gather(*(each.stop(deregisters=False) for each in self.devices.values()))
