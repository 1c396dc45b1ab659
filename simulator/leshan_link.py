"""The line between a simulated Leshan and a device in the same process."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from simulator.leshan_events import EventWriter
from simulator.leshan_exchange import Exchanges
from simulator.leshan_nodes import UndecodableError
from simulator.leshan_registry import Registration, Registry
from simulator.link import (
    Content,
    Ids,
    Operation,
    RegisterParameters,
    Request,
    RequestHandler,
    Response,
)

CONTENT_CODE: Final = 205
MAX_RETRANSMISSIONS: Final = 4


class Reachability(Protocol):
    """Whether devices reach the server at all."""

    @property
    def refuses_devices(self) -> bool:
        """Devices get no answer to what they send."""


@dataclass(kw_only=True, slots=True, weakref_slot=True, eq=False)
class LeshanLink:
    """One device's `ServerLink`, for one boot of the device."""

    address: str
    registry: Registry
    exchanges: Exchanges
    events: EventWriter
    server: Reachability
    retransmission_seconds: float
    handler: RequestHandler | None = None
    registration: Registration | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    is_closed: bool = False

    async def register(self, parameters: RegisterParameters, handler: RequestHandler) -> None:
        """Register, in place of any former registration; raise ConnectionError."""
        self._check_line()
        self.handler = handler
        self.registration = self.registry.register(parameters, self)

    async def update(self) -> None:
        """Renew the registration and get what waited; raise ConnectionError when it is unknown."""
        self._check_line()
        registration = self._current()
        if registration is None:
            raise ConnectionError("4.04 no such registration")
        self.registry.update(registration)
        self.exchanges.send_delayed(registration)

    async def deregister(self) -> None:
        """End the registration."""
        self._check_line()
        registration = self._current()
        if registration is not None:
            self.registry.remove(registration)

    async def notify(self, path: Ids, content: Content) -> None:
        """Tell an observed value; what is observed above it is read and told whole."""
        registration = self._reachable()
        if registration is None:
            return
        for observed in [path[:length] for length in range(1, len(path) + 1)]:
            if observed in registration.observations:
                told = content if observed == path else await self._read(observed)
                self._notify(registration, observed, told)
        for paths in tuple(registration.composite_observations):
            if any(path[: len(observed)] == observed for observed in paths):
                await self._notify_composite(registration, paths)

    async def send(self, content: Content) -> None:
        """LwM2M Send."""
        registration = self._reachable()
        if registration is not None:
            self.events.sent(registration, content)

    async def close(self) -> None:
        """Drop the line without a word; the registration stays."""
        self.cut()

    def cut(self) -> None:
        """End the line and what the device is still asked."""
        self.is_closed = True
        current = asyncio.current_task()
        for task in self.tasks:
            if task is not current:  # a device may cut its own power while it answers
                task.cancel()

    def deliver(self, request: Request, answer: asyncio.Future[Response]) -> None:
        """Hand a request to the device; late answers are dropped."""
        if self.is_closed or self.handler is None:
            return
        task = asyncio.get_running_loop().create_task(self._answer(self.handler, request, answer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(
        self, handler: RequestHandler, request: Request, answer: asyncio.Future[Response]
    ) -> None:
        """Ask until the device answers or nobody waits: one that wakes in time still hears it."""
        wait_seconds = self.retransmission_seconds
        for _ in range(1 + MAX_RETRANSMISSIONS):
            response = await handler.handle(request)
            if response is not None:
                break
            await asyncio.wait((answer,), timeout=wait_seconds)
            wait_seconds *= 2
            if answer.done():
                return
        else:
            return
        if not answer.done():
            answer.set_result(response)

    async def _read(self, path: Ids) -> Content | None:
        if self.handler is None:
            return None
        response = await self.handler.handle(Request(operation=Operation.READ, path=path))
        return response.content if response is not None and response.code == CONTENT_CODE else None

    def _notify(self, registration: Registration, path: Ids, content: Content | None) -> None:
        if content is None or self._reachable() is not registration:
            return
        with contextlib.suppress(UndecodableError):  # the real one only logs it
            self.events.notified(registration, path, content)

    async def _notify_composite(self, registration: Registration, paths: Sequence[Ids]) -> None:
        read = {path: await self._read(path) for path in paths}
        contents = {path: content for path, content in read.items() if content is not None}
        if self._reachable() is registration:
            self.events.notified_composite(registration, paths, contents)

    def _check_line(self) -> None:
        if self.is_closed or self.server.refuses_devices:
            raise ConnectionError("no answer from the server")

    def _reachable(self) -> Registration | None:
        return None if self.is_closed or self.server.refuses_devices else self._current()

    def _current(self) -> Registration | None:
        known = self.registration
        return known if known is not None and self.registry.knows(known) else None
