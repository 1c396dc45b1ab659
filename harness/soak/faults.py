"""Everything that can go wrong, at random times: by the seed, the same order each time."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from harness.hass import Hass
from harness.leshan_simulated import SimulatedSite
from harness.soak.asking import Asking
from simulator.device import Device
from simulator.record import Kind
from simulator.states import State

type Tell = Callable[[str], None]

_PAUSE_SECONDS: Final = (0.5, 4.0)
_KILL_PAUSE_SECONDS: Final = (8.0, 30.0)
_DOWN_SECONDS: Final = (0.0, 5.0)
_NOTIFICATIONS_LOST: Final = (1, 20)
_BUSY: Final = (State.DOWNLOADING, State.DOWNLOADED, State.UPDATING)


class Faults:
    """Breaks devices, Leshan and Home Assistant until it is cancelled."""

    def __init__(
        self, site: SimulatedSite, hass: Hass, asking: Asking, *, seed: int, tell: Tell
    ) -> None:
        """Break nothing yet."""
        self.counts: dict[str, int] = {}
        self._site = site
        self._hass = hass
        self._asking = asking
        self._chance = random.Random(f"{seed} faults")
        self._tell = tell

    async def break_parts(self, until_s: float) -> None:
        """Break something of Leshan's or the devices' every few seconds, until a time."""
        kinds: Sequence[tuple[str, Callable[[], Awaitable[None]]]] = (
            ("event stream cut", self._cut_events),
            ("notifications lost", self._lose_notifications),
            ("observations forgotten", self._forget_observations),
            ("device rebooted", self._reboot),
            ("device rebooted", self._reboot),
            ("device rebooted", self._reboot),
            ("Leshan restarted", self._restart_leshan),
            ("Leshan unreachable", self._take_leshan_away),
        )
        while time.monotonic() < until_s:
            await asyncio.sleep(self._chance.uniform(*_PAUSE_SECONDS))
            name, fault = self._chance.choice(kinds)
            self._count(name)
            await fault()
            await self.revive()

    async def kill_home_assistant(self, until_s: float) -> None:
        """Kill Home Assistant and start it again, over and over, until a time."""
        while True:
            await asyncio.sleep(self._chance.uniform(*_KILL_PAUSE_SECONDS))
            if time.monotonic() > until_s:
                return
            self._count("Home Assistant killed")
            self._asking.up.clear()
            await self._hass.kill()
            await asyncio.sleep(self._chance.uniform(*_DOWN_SECONDS))
            begun_s = time.monotonic()
            await self._hass.start_again()
            self._asking.up.set()
            self._tell(f"  Home Assistant killed, back after {time.monotonic() - begun_s:.1f} s")

    async def revive(self) -> None:
        """Switch on what did not come back from an installation."""
        for device in self._site.devices.values():
            last = device.record.entries[-1] if device.record.entries else None
            if last is not None and last.kind is Kind.GONE:
                self._count("device switched on")
                await device.revive()

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def _any(self) -> Device:
        """Return a device, most often one that is busy."""
        devices = list(self._site.devices.values())
        busy = [device for device in devices if device.firmware.state in _BUSY]
        return self._chance.choice(busy or devices)

    async def _cut_events(self) -> None:
        self._site.leshan.cut_event_streams()

    async def _lose_notifications(self) -> None:
        self._site.leshan.drop_notifications(self._chance.randint(*_NOTIFICATIONS_LOST))

    async def _forget_observations(self) -> None:
        self._site.leshan.forget_observations(self._any().endpoint)

    async def _reboot(self) -> None:
        self._any().reboot()

    async def _restart_leshan(self) -> None:
        self._site.leshan.restart()

    async def _take_leshan_away(self) -> None:
        await self._site.leshan.refuse_connections()
        await asyncio.sleep(self._chance.uniform(*_DOWN_SECONDS))
        await self._site.leshan.accept_connections()
