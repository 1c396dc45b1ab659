"""Requests of a simulated Leshan to its devices: time limit, cancellation, delay."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable

from simulator.leshan_errors import AnswerError
from simulator.leshan_events import EventWriter
from simulator.leshan_generation import LeshanSettings
from simulator.leshan_nodes import UndecodableError
from simulator.leshan_registry import (
    DelayedRequest,
    Registration,
    Registry,
    RequestEndedError,
    RequestTimeoutError,
)
from simulator.leshan_shapes import Json
from simulator.link import Ids, Request, Response


class Exchanges:
    """Asks devices."""

    def __init__(self, settings: LeshanSettings, registry: Registry, events: EventWriter) -> None:
        self._settings = settings
        self._registry = registry
        self._events = events
        self._late: set[asyncio.Task[None]] = set()

    async def ask(
        self, registration: Registration, request: Request, timeout_seconds: float
    ) -> Response:
        """Get a device's answer.

        Raise RequestTimeoutError, RequestCancelledError (registration gone) or ServerGoneError.
        """
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        registration.waiting.add(answer)
        registration.line.deliver(request, answer)
        try:
            async with asyncio.timeout(timeout_seconds * self._settings.timeout_scale):
                response = await answer
        except TimeoutError:
            self._registry.put_to_sleep(registration)
            raise RequestTimeoutError from None
        finally:
            registration.waiting.discard(answer)
        self._registry.heard(registration)
        return response

    def delay(
        self, registration: Registration, path: Ids | None, perform: Callable[[], Awaitable[Json]]
    ) -> str:
        """Keep a request until the device wakes, in place of the one kept before; return its id."""
        delayed = DelayedRequest(request_id=str(uuid.uuid4()), path=path, perform=perform)
        registration.delayed = delayed
        return delayed.request_id

    def send_delayed(self, registration: Registration) -> None:
        """Send what waited for this device."""
        delayed, registration.delayed = registration.delayed, None
        if delayed is not None:
            task = asyncio.get_running_loop().create_task(self._answer_late(registration, delayed))
            self._late.add(task)
            task.add_done_callback(self._late.discard)

    def close(self) -> None:
        """Give up what is still under way."""
        for task in self._late:
            task.cancel()

    async def _answer_late(self, registration: Registration, delayed: DelayedRequest) -> None:
        try:
            answer = await delayed.perform()
        except RequestEndedError, UndecodableError, AnswerError:
            return  # the real one tells nobody either
        self._events.answered_late(registration, delayed, answer)
