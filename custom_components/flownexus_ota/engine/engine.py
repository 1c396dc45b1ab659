"""The engine of one server: its devices, its sessions, and the way between them."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from ..lwm2m.events import Endpoint
from ..ota.device_facts import DeviceFacts
from ..ota.image import FirmwareImage
from ..ota.profile import Profile
from ..ota.session_state import Session
from ..ota.wishes import Wishes
from .aftermath import Aftermath, AftermathPorts
from .chronicle import Chronicle
from .desk import SessionDesk
from .desk_ports import DeskPorts
from .device_book import DeviceBook, DeviceRecord, known_records
from .device_view import device_view
from .facts_keeper import FactsKeeper
from .gateway import DeviceGateway
from .offering import ImageOffering
from .reader import DeviceReader, ReadQueue
from .refusal import DeviceUnknownError
from .router import Router, RouterHooks
from .session_runner import SessionRunner
from .surroundings import DEFAULT_PAUSES, EngineListener, EnginePauses
from .view import DeviceView, ServerView

_LOGGER = logging.getLogger(__name__)


class Engine:
    """Runs the updates of one server; `run` is its life, everything else is called from outside."""

    def __init__(
        self,
        server_id: str,
        gateway: DeviceGateway,
        chronicle: Chronicle,
        offering: ImageOffering,
        *,
        profile_for: Callable[[DeviceFacts], Profile],
        max_parallel: int,
        listener: EngineListener,
        pauses: EnginePauses = DEFAULT_PAUSES,
    ) -> None:
        """Take the ports; nothing happens before `load` and `run`."""
        self.server_id = server_id
        self._pauses = pauses
        self._gateway = gateway
        self._chronicle = chronicle
        self._listener = listener
        self._profile_for = profile_for
        self._book = DeviceBook()
        self._facts_keeper = FactsKeeper(server_id, chronicle, pause_seconds=pauses.facts)
        self._desk = SessionDesk(
            DeskPorts(
                server_id=server_id,
                gateway=gateway,
                chronicle=chronicle,
                offering=offering,
                profile_for=profile_for,
                is_connected=lambda: self._router.is_connected,
                on_device=self._device_changed,
                on_facts=self._facts_changed,
                on_server=listener.on_server,
                on_session=listener.on_session,
            ),
            max_parallel=max_parallel,
        )
        self._aftermath = Aftermath(
            AftermathPorts(
                server_id=server_id,
                gateway=gateway,
                chronicle=chronicle,
                profile_for=profile_for,
                on_facts=self._facts_changed,
                on_arrived_late=listener.on_arrived_late,
            )
        )
        reader = DeviceReader(
            gateway, self._book, on_read=self._aftermath.judge, on_facts=self._facts_changed
        )
        self._reads = ReadQueue(reader.read)
        self._router = self._new_router()

    def _new_router(self) -> Router:
        return Router(
            self._gateway,
            self._book,
            self._reads,
            RouterHooks(
                on_device=self._device_changed,
                on_facts=self._facts_changed,
                on_startable=self._desk.grant_places,
                on_server=self._listener.on_server,
                on_not_authorised=self._listener.on_not_authorised,
            ),
            resync_retry_seconds=self._pauses.resync,
        )

    async def load(self) -> None:
        """Take the known devices and the unfinished sessions from the history."""
        # In turn: an engine before us may have ended while a backup kept its last steps waiting.
        records, active = await self._chronicle.ask_in_turn(
            lambda history: (
                known_records(history, self.server_id),
                history.active_sessions(self.server_id),
            )
        )
        self._book.records.update({record.endpoint: record for record in records})
        for record in records:
            self._aftermath.look(record)
        for session in active:
            record = self._book.records.setdefault(
                session.endpoint,
                DeviceRecord(facts=DeviceFacts(endpoint=session.endpoint), is_shown=True),
            )
            await self._desk.resume(record, session)

    async def run(self) -> None:
        """Listen to the server and run sessions until cancelled; unfinished ones stay stored."""
        try:
            while True:
                try:
                    await self._follow()
                except* Exception:  # the outermost loop of the engine
                    _LOGGER.exception("Following the server stopped by an error of ours")
                await asyncio.sleep(self._pauses.restart)
        finally:
            await self.stop()

    async def stop(self) -> None:
        """End every session's work, also that begun by `load` without a `run`; safe to repeat."""
        await self._desk.stop()
        self._facts_keeper.flush()

    async def _follow(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._router.listen(), name="flownexus_ota events")
            group.create_task(self._reads.run(), name="flownexus_ota reading")
            group.create_task(self._reconcile(), name="flownexus_ota reconcile")
            group.create_task(self._mind_clock(), name="flownexus_ota clock")

    @property
    def endpoints(self) -> list[Endpoint]:
        """Return the devices that the outside should know of."""
        return [record.endpoint for record in self._book if record.is_shown]

    @property
    def are_devices_local(self) -> bool:
        """Tell whether every registered device runs on the server's own machine."""
        return self._book.are_all_local

    def view(self, endpoint: Endpoint) -> DeviceView | None:
        """Return one device as known now, or `None` for one nobody knows."""
        record = self._book.get(endpoint)
        if record is None:
            return None
        return device_view(record, self._desk, self._profile_for(record.facts))

    def server_view(self) -> ServerView:
        """Return the server and its queue as known now."""
        return ServerView(
            is_connected=self._router.is_connected,
            registered_count=sum(record.is_registered for record in self._book),
            running_count=self._desk.places.running_count,
            waiting_count=self._desk.places.waiting_count,
            is_history_writable=self._chronicle.is_writable,
            unsupported=tuple(
                sorted((name, each.reason) for name, each in self._book.unsupported.items())
            ),
        )

    def show_queue(self) -> None:
        """Show the waiting devices again, with the positions that they have now."""
        self._desk.show_queue()

    def set_max_parallel(self, limit: int) -> None:
        """Change how many sessions run at once; those that run go on."""
        self._desk.places.limit = limit
        self._desk.grant_places()

    def profiles_changed(self) -> None:
        """Go by the profiles as they are now: sessions from their next step on, views at once."""
        self._desk.profiles_changed()
        for record in self._book:
            self._device_changed(record)

    def set_min_battery(self, percent: int) -> None:
        """Begin no update below this battery level, where a device tells it; 0 is any level."""
        self._desk.min_battery_percent = percent

    async def request_update(
        self,
        endpoint: Endpoint,
        image: FirmwareImage,
        *,
        asked_by: str | None,
        may_downgrade: bool = False,
        not_before: datetime | None = None,
    ) -> SessionRunner:
        """Store a session and start it if it can start; raise an UpdateRefusedError if not allowed.

        An older version than the installed one is only for who named it (`may_downgrade`).
        It begins at once, or not before a time.
        Raise a HistoryError when it cannot be stored; nothing has been sent then.
        """
        record = self._book.get(endpoint)
        if record is None:
            raise DeviceUnknownError(endpoint)
        return await self._desk.request(
            record, image, asked_by=asked_by, may_downgrade=may_downgrade, not_before=not_before
        )

    def is_started(self, runner: SessionRunner) -> bool:
        """Tell whether a session has a place, or no longer needs one."""
        return self._desk.is_started(runner)

    async def cancel(self, endpoint: Endpoint) -> Session:
        """End the device's session and return how it ended; raise an UpdateRefusedError."""
        record = self._book.get(endpoint)
        if record is None:
            raise DeviceUnknownError(endpoint)
        return await self._desk.cancel(record)

    async def set_wishes(self, endpoint: Endpoint, wishes: Wishes) -> None:
        """Take what a person chose for a device, once it is stored.

        Raise DeviceUnknownError; raise a HistoryError when it cannot be stored: then it is as it
        was.
        """
        record = self._book.get(endpoint)
        if record is None:
            raise DeviceUnknownError(endpoint)
        await self._chronicle.ask_in_turn(
            lambda history: history.put_wishes(self.server_id, endpoint, wishes)
        )
        record.wishes = wishes
        self._device_changed(record)

    async def reset_device(self, endpoint: Endpoint) -> None:
        """Make a device drop somebody else's image; raise an UpdateRefusedError."""
        record = self._book.get(endpoint)
        if record is None or record.facts.update_instance_id is None:
            raise DeviceUnknownError(endpoint)
        try:
            await self._aftermath.reset(record)
        finally:
            self._device_changed(record)

    def bytes_served(self, session_id: str, covered_bytes: int) -> None:
        """Take note of how much of its image has left for a device."""
        self._desk.bytes_served(session_id, covered_bytes)

    def allowance_spent(self, session_id: str) -> None:
        """Take note that a device has been served all that one address is good for."""
        self._desk.allowance_spent(session_id)

    def remember_seen(self) -> None:
        """Have it stored when each device was last seen."""
        self._facts_keeper.seen(self._book)

    def forget(self, endpoint: Endpoint) -> bool:
        """Drop a device that is neither registered nor being updated; tell whether it is gone."""
        record = self._book.get(endpoint)
        if record is None:
            return True
        if record.is_registered or record.runner is not None:
            return False
        del self._book.records[endpoint]
        self._aftermath.forget(endpoint)
        self._facts_keeper.forget(endpoint)
        return True

    async def _mind_clock(self) -> None:
        """Look at the clock often, for those who wait for a time; clocks may also be set."""
        while True:
            await asyncio.sleep(self._pauses.clock)
            self._desk.look_at_clock()

    async def _reconcile(self) -> None:
        """Compare with the server's list now and then; its events may have been lost."""
        while True:
            await asyncio.sleep(self._pauses.reconcile)
            await self._router.resync()

    def _facts_changed(self, record: DeviceRecord, facts: DeviceFacts) -> None:
        record.learn(facts)
        self._facts_keeper.changed(record)
        self._device_changed(record)

    def _device_changed(self, record: DeviceRecord) -> None:
        self._aftermath.look(record)
        if record.is_shown:
            self._listener.on_device(record.endpoint)
