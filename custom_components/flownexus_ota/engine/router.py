"""From what a server tells to the devices and sessions that it concerns."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, assert_never

from ..lwm2m.events import (
    Awake,
    Deregistered,
    Registered,
    Registration,
    RegistrationUpdated,
    ResourcesReported,
    ServerConnected,
    ServerDisconnected,
    ServerEvent,
    Sleeping,
    UnrecognisedEvent,
)
from ..lwm2m.exchange import Lwm2mError, NotAuthorisedError
from ..ota.report import DeviceRegistered, Report, Resumed
from .device_book import DeviceBook, DeviceRecord
from .gateway import DeviceGateway
from .reader import ReadQueue
from .reading import facts_from, reports_from

_LOGGER = logging.getLogger(__name__)

# A resync that fails while the event stream stands is tried again after this.
RESYNC_RETRY_SECONDS: Final = 10


class Router:
    """Keeps the device book true to the server, and tells sessions what concerns them."""

    def __init__(
        self,
        gateway: DeviceGateway,
        book: DeviceBook,
        reads: ReadQueue,
        *,
        on_device: Callable[[DeviceRecord], None],
        on_startable: Callable[[], None],
        on_server: Callable[[], None],
        on_not_authorised: Callable[[], None],
    ) -> None:
        """Take the port, the book, the queue of readings, and who is told of changes."""
        self._gateway = gateway
        self._book = book
        self._reads = reads
        self._on_device = on_device
        self._on_startable = on_startable
        self._on_server = on_server
        self._on_not_authorised = on_not_authorised
        self._resync_wanted = asyncio.Event()
        self._resync_lock = asyncio.Lock()
        self.is_connected = False

    async def listen(self) -> None:
        """Follow the server's events until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._resync_when_wanted(), name="flownexus_ota resync")
            async for event in self._gateway.events():
                self.route(event)

    def route(self, event: ServerEvent) -> None:
        """Take one event; never raises for what a server may say."""
        match event:
            case ServerConnected():
                self._resync_wanted.set()
            case ServerDisconnected(reason=reason):
                self._disconnected(reason)
            case Registered(registration=registration):
                self._registered(registration)
            case RegistrationUpdated(registration=registration):
                self._registered(registration)
            case Deregistered(endpoint=endpoint, registration_id=registration_id):
                self._book.unsupported.pop(endpoint, None)
                record = self._book.get(endpoint)
                # A replaced registration is taken back after the new one was announced, or before.
                if record is not None and record.registration_id == registration_id:
                    self._gone(record)
            case Awake(endpoint=endpoint):
                self._sleeps(self._book.get(endpoint), is_asleep=False)
            case Sleeping(endpoint=endpoint):
                self._sleeps(self._book.get(endpoint), is_asleep=True)
            case ResourcesReported():
                self._reported(event)
            case UnrecognisedEvent(name=name, detail=detail):
                _LOGGER.debug("Unrecognised event %s: %s", name, detail)
            case _:
                assert_never(event)

    async def resync(self) -> bool:
        """Compare the book with the server's list; tell whether that could be done."""
        async with self._resync_lock:
            listed = set()
            try:
                async for registration in self._gateway.registrations():
                    listed.add(registration.endpoint)
                    self._registered(registration)
            except NotAuthorisedError:
                self._on_not_authorised()
                return False
            except Lwm2mError as err:
                _LOGGER.debug("The registrations cannot be listed: %s", err)
                return False
            for record in self._book:
                if record.is_registered and record.endpoint not in listed:
                    self._gone(record)
            for endpoint in [each for each in self._book.unsupported if each not in listed]:
                del self._book.unsupported[endpoint]
            return True

    async def _resync_when_wanted(self) -> None:
        while True:
            await self._resync_wanted.wait()
            self._resync_wanted.clear()
            if not await self.resync():
                await asyncio.sleep(RESYNC_RETRY_SECONDS)
                self._resync_wanted.set()
                continue
            self._connected()

    def _connected(self) -> None:
        """Go on where we were: what was told meanwhile has been missed."""
        if not self.is_connected:
            _LOGGER.info("Connected to the LwM2M server")
        self.is_connected = True
        for record in self._book:
            if record.is_registered:
                _tell(record, Resumed())
        self._on_server()
        self._on_startable()

    def _disconnected(self, reason: str) -> None:
        if self.is_connected:
            _LOGGER.info("Disconnected from the LwM2M server: %s", reason)
        self._resync_wanted.clear()
        self.is_connected = False
        self._on_server()
        for record in self._book:
            if record.runner is not None:
                self._on_device(record)

    def _registered(self, registration: Registration) -> None:
        entered = self._book.enter(registration)
        if entered is None:
            self._on_server()
            return
        record, is_new = entered
        if is_new:
            _tell(record, DeviceRegistered())
        if not record.is_read:
            self._reads.add(record.endpoint, is_urgent=record.runner is not None)
        self._on_device(record)
        if record.runner is not None:
            self._on_startable()

    def _gone(self, record: DeviceRecord) -> None:
        record.is_registered = False
        record.is_asleep = False
        self._reads.discard(record.endpoint)
        self._on_device(record)

    def _sleeps(self, record: DeviceRecord | None, *, is_asleep: bool) -> None:
        if record is None:
            return
        record.is_asleep = is_asleep
        self._on_device(record)
        if is_asleep:
            return
        record.last_seen = datetime.now(UTC)
        if not record.is_read and record.is_registered:
            self._reads.add(record.endpoint, is_urgent=record.runner is not None)
        if record.runner is not None:
            self._on_startable()

    def _reported(self, event: ResourcesReported) -> None:
        record = self._book.get(event.endpoint)
        if record is None:
            return
        record.last_seen = datetime.now(UTC)
        facts = facts_from(event.values, record.facts)
        is_changed = facts != record.facts
        record.facts = facts
        if record.runner is not None:
            for report in reports_from(event.values, facts, record.runner.profile):
                record.runner.report(report)
        if is_changed:
            self._on_device(record)


def _tell(record: DeviceRecord, report: Report) -> None:
    if record.runner is not None:
        record.runner.report(report)
