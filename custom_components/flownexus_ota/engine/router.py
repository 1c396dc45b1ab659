"""From what a server tells to the devices and sessions that it concerns."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, assert_never

from ..lwm2m.events import (
    Awake,
    Deregistered,
    Endpoint,
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
from ..ota.device_facts import DeviceFacts
from ..ota.phase import WaitingReason
from ..ota.report import ContactLost, ContactRegained, DeviceRegistered, Report, Resumed
from .device_book import DeviceBook, DeviceRecord
from .gateway import DeviceGateway
from .reader import ReadQueue
from .reading import facts_from, is_lasting_change, reports_from

_LOGGER = logging.getLogger(__name__)

# A resync that fails while the event stream stands is tried again after this.
RESYNC_RETRY_SECONDS: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class RouterHooks:
    """Who is told of what."""

    on_facts: Callable[[DeviceRecord, DeviceFacts], None]
    """Facts that are worth storing have changed."""
    on_device: Callable[[DeviceRecord], None]
    """Anything else of a device has changed."""
    on_startable: Callable[[], None]
    on_server: Callable[[], None]
    on_not_authorised: Callable[[], None]


class Router:
    """Keeps the device book true to the server, and tells sessions what concerns them."""

    def __init__(
        self,
        gateway: DeviceGateway,
        book: DeviceBook,
        reads: ReadQueue,
        hooks: RouterHooks,
        *,
        resync_retry_seconds: float = RESYNC_RETRY_SECONDS,
    ) -> None:
        """Take the port, the book, the queue of readings, and who is told of changes."""
        self._gateway = gateway
        self._book = book
        self._reads = reads
        self._on_device = hooks.on_device
        self._on_facts = hooks.on_facts
        self._on_startable = hooks.on_startable
        self._on_server = hooks.on_server
        self._on_not_authorised = hooks.on_not_authorised
        self._resync_retry_seconds = resync_retry_seconds
        self._resync_wanted = asyncio.Event()
        self._resync_lock = asyncio.Lock()
        self._told_meanwhile: set[Endpoint] = set()
        """Endpoints whose registration was told of by events while the list was on its way."""
        self._is_stream_open = False
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
                self._is_stream_open = True
                self._resync_wanted.set()
            case ServerDisconnected(reason=reason):
                self._disconnected(reason)
            case Registered(registration=registration):
                self._is_told(registration.endpoint)
                self._registered(registration)
            case RegistrationUpdated(registration=registration):
                self._is_told(registration.endpoint)
                self._registered(registration)
            case Deregistered(endpoint=endpoint, registration_id=registration_id):
                self._is_told(endpoint)
                self._deregistered(endpoint, registration_id)
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
            known: set[Endpoint] = set()
            # The list is older than what events tell while it is fetched and worked off.
            self._told_meanwhile.clear()
            try:
                async for registration in self._gateway.registrations():
                    known.add(registration.endpoint)
                    if registration.endpoint not in self._told_meanwhile:
                        self._registered(registration)
            except NotAuthorisedError:
                self._on_not_authorised()
                return False
            except Lwm2mError as err:
                _LOGGER.debug("The registrations cannot be listed: %s", err)
                return False
            known |= self._told_meanwhile
            for record in self._book:
                if record.is_registered and record.endpoint not in known:
                    self._gone(record)
            for endpoint in self._book.unsupported.keys() - known:
                del self._book.unsupported[endpoint]
            self._on_server()
            return True

    async def _resync_when_wanted(self) -> None:
        while True:
            await self._resync_wanted.wait()
            self._resync_wanted.clear()
            is_done = await self.resync()
            if not self._is_stream_open or self._resync_wanted.is_set():
                continue  # the connection that it was for has ended
            if is_done:
                self._connected()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(self._resync_retry_seconds):
                    await self._resync_wanted.wait()
            if self._is_stream_open:
                self._resync_wanted.set()

    def _connected(self) -> None:
        """Go on where we were: what was told meanwhile has been missed."""
        if not self.is_connected:
            _LOGGER.info("Connected to the LwM2M server")
        self.is_connected = True
        for record in self._book:
            if not record.is_registered:
                _tell(record, ContactLost(reason=WaitingReason.UNREGISTERED))
            elif record.is_asleep:
                _tell(record, ContactLost(reason=WaitingReason.ASLEEP))
            else:
                _tell(record, Resumed())
            if record.runner is not None:
                self._on_device(record)  # it no longer waits for the server
        self._on_server()
        self._on_startable()

    def _disconnected(self, reason: str) -> None:
        if self.is_connected:
            _LOGGER.info("Disconnected from the LwM2M server: %s", reason)
        self._resync_wanted.clear()
        self._is_stream_open = False
        self.is_connected = False
        self._on_server()
        for record in self._book:
            if record.runner is not None:
                _tell(record, ContactLost(reason=WaitingReason.SERVER_DOWN))
                self._on_device(record)

    def _is_told(self, endpoint: Endpoint) -> None:
        if self._resync_lock.locked():
            self._told_meanwhile.add(endpoint)

    def _deregistered(self, endpoint: Endpoint, registration_id: str) -> None:
        record = self._book.leave(endpoint, registration_id)
        if record is not None:
            self._gone(record)
        self._on_server()

    def _registered(self, registration: Registration) -> None:
        entered = self._book.enter(registration)
        if entered is None:
            self._on_server()
            return
        record, is_new = entered
        if is_new:
            _tell(record, DeviceRegistered())
            self._on_server()
        self._read_if_unread(record)
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
            _tell(record, ContactLost(reason=WaitingReason.ASLEEP))
            return
        _tell(record, ContactRegained())
        record.last_seen = datetime.now(UTC)
        self._read_if_unread(record)
        if record.runner is not None:
            self._on_startable()

    def _reported(self, event: ResourcesReported) -> None:
        record = self._book.get(event.endpoint)
        if record is None:
            return
        record.last_seen = datetime.now(UTC)
        self._read_if_unread(record)
        before, facts = record.facts, facts_from(event.values, record.facts)
        record.facts = facts
        if record.runner is not None:
            for report in reports_from(event.values, facts, record.runner.profile):
                record.runner.report(report)
        if is_lasting_change(before, facts):
            self._on_facts(record, facts)
        elif facts != before:
            self._on_device(record)

    def _read_if_unread(self, record: DeviceRecord) -> None:
        """Ask for a reading that is due: one that failed is so whenever the device speaks."""
        if not record.is_read and record.is_registered:
            self._reads.add(record.endpoint, is_urgent=record.runner is not None)


def _tell(record: DeviceRecord, report: Report) -> None:
    if record.runner is not None:
        record.runner.report(report)
