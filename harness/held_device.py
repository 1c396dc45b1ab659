"""A simulated device that can be told to think before it obeys: time to break something."""

import asyncio
from typing import override

from simulator.device import Device
from simulator.link import Ids, Operation, Request, Response
from simulator.states import Code

type Step = tuple[Operation, Ids]

OFFER: Step = (Operation.WRITE, (5, 0, 1))
EXECUTE: Step = (Operation.EXECUTE, (5, 0, 2))


class HeldDevice(Device):
    """A device that obeys requests of one kind later, when it is let go.

    It takes an offer at once, but begins with it when it is let go; an Execute it answers then.
    """

    _held: Step | None = None
    _offer: Request | None = None
    _reached: asyncio.Event
    _let_go: asyncio.Event
    _obeying: asyncio.Task[Response | None]

    def hold(self, step: Step) -> None:
        """Think about the next requests of this kind."""
        self._held = step
        self._reached = asyncio.Event()
        self._let_go = asyncio.Event()

    async def until_held(self) -> None:
        """Return once there is a request to think about."""
        await self._reached.wait()

    def let_go(self) -> None:
        """Obey what was asked, and think no more."""
        self._held = None
        self._let_go.set()
        offer, self._offer = self._offer, None
        if offer is not None:
            self._obeying = asyncio.create_task(super().handle(offer))

    @override
    def reboot(self) -> None:
        """Forget what was asked, too."""
        self._offer = None
        super().reboot()

    @override
    async def handle(self, request: Request) -> Response | None:
        """Answer, in time or late."""
        step = (request.operation, request.path)
        if step != self._held:
            return await super().handle(request)
        self._reached.set()
        if step == OFFER:
            self._offer = request
            return Response(code=Code.CHANGED)
        await self._let_go.wait()
        return await super().handle(request)
