"""Devices that cost their server little: they answer readings, report, and do nothing else."""

import asyncio
from typing import Final

from simulator.leshan import SimulatedLeshan
from simulator.leshan_link import LeshanLink
from simulator.leshan_registry import Registration
from simulator.link import Content, Ids, Operation, RegisterParameters, Request, Response

PREFIX: Final = "idle-"
MANUFACTURER: Final = "Flownexus"
MODEL: Final = "Simulated sensor"
LINKS: Final = (
    '</>;ct="0 110 11542";rt="oma.lwm2m"',
    "</1/0>",
    "</3/0>",
    "</5>;ver=1.1",
    "</5/0>",
)
LIFETIME_SECONDS: Final = 86_400
STATE_PATH: Final = (5, 0, 3)
VERSION_PATH: Final = (3, 0, 3)


class IdleDevice:
    """One registered device."""

    def __init__(self, number: int, leshan: SimulatedLeshan) -> None:
        """Be switched off, with version 1.0.0."""
        self.endpoint = f"{PREFIX}{number:05}"
        self._link = leshan.link()
        self._registration: Registration | None = None
        self._values: dict[Ids, str | int] = {
            (3, 0, 0): MANUFACTURER,
            (3, 0, 1): MODEL,
            (3, 0, 2): f"{number:08}",
            VERSION_PATH: "1.0.0",
            (3, 0, 18): "1.0",
            STATE_PATH: 0,
            (5, 0, 5): 0,
            (5, 0, 8, 0): 0,
            (5, 0, 8, 1): 1,
            (5, 0, 9): 0,
        }

    async def register(self) -> None:
        """Register; both observations are there at once, as if they had been asked for."""
        parameters = RegisterParameters(
            endpoint=self.endpoint, lifetime_seconds=LIFETIME_SECONDS, links=LINKS
        )
        await self._link.register(parameters, self)
        assert isinstance(self._link, LeshanLink)
        self._registration = self._link.registration
        assert self._registration is not None
        self._registration.observations.update((STATE_PATH, VERSION_PATH))

    async def handle(self, request: Request) -> Response | None:
        """Answer a reading; agree to everything else."""
        if request.operation is Operation.READ or request.operation is Operation.OBSERVE:
            return Response(code=205, content=self._below(request.path))
        return Response(code=204)

    async def report(self, path: Ids, value: str | int) -> None:
        """Change a value and tell it."""
        self._values[path] = value
        await self._link.notify(path, {path: value})

    def _below(self, path: Ids) -> Content:
        return {at: value for at, value in self._values.items() if at[: len(path)] == path}


async def register_idle(leshan: SimulatedLeshan, count: int) -> list[IdleDevice]:
    """Register so many devices."""
    devices = [IdleDevice(number, leshan) for number in range(count)]
    for number, device in enumerate(devices):
        await device.register()
        if number % 100 == 0:
            await asyncio.sleep(0)
    return devices
