"""The sessions of one server: who has one, who runs, who waits."""

import asyncio
import logging
from datetime import UTC, datetime

from ..ota.device_facts import DeviceFacts
from ..ota.image import FirmwareImage
from ..ota.image_error import ImageUnavailableError
from ..ota.phase import Phase, Reason, WaitingReason
from ..ota.report import (
    AllowanceSpent,
    BytesServed,
    ContactLost,
    ContactRegained,
    PlaceGranted,
    Resumed,
)
from ..ota.session_state import Session
from ..ota.transition import Situation
from ..ota.trust import facts_after
from ..storage.errors import HistoryError
from .courier import Courier
from .desk_ports import DeskPorts
from .device_book import DeviceRecord
from .new_session import new_session
from .objection import objection_by
from .places import Places, needs_place
from .reach import Reach
from .refusal import (
    CancelTooLateError,
    EngineStoppedError,
    NothingToCancelError,
    PreflightError,
    UpdateActiveError,
)
from .session_runner import RunnerHooks, SessionRunner

_LOGGER = logging.getLogger(__name__)


class SessionDesk:
    """Begins, resumes and ends sessions; at most one per device."""

    def __init__(self, ports: DeskPorts, *, max_parallel: int) -> None:
        """Take the ports; nothing runs before the first request."""
        self._ports = ports
        self.min_battery_percent = 0
        self._objection = objection_by(
            ports.offering,
            profile_for=ports.profile_for,
            min_battery_percent=lambda: self.min_battery_percent,
        )
        self.places = Places(max_parallel)
        self.reach = Reach(is_connected=ports.is_connected, profile_for=ports.profile_for)
        self._runners: dict[str, SessionRunner] = {}
        self._records: dict[str, DeviceRecord] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._reasons: dict[str, WaitingReason] = {}
        """What those in the queue waited for when the clock was looked at last."""
        self._is_stopped = False

    async def request(
        self,
        record: DeviceRecord,
        image: FirmwareImage,
        *,
        asked_by: str | None,
        may_downgrade: bool = False,
        not_before: datetime | None = None,
    ) -> SessionRunner:
        """Store a session and start it if it can start; raise an UpdateRefusedError if not allowed.

        Raise a HistoryError when it cannot be stored; nothing has been sent then. Wait for the last
        commands of a session that has ended: who is told of its end may ask for another at once.
        """
        if record.runner is not None and record.runner.session.phase.is_final:
            await asyncio.shield(record.runner.finished)
        if record.runner is not None or record.is_resetting:
            raise UpdateActiveError(record.endpoint)
        # The reservation: made without an await in between, so that a second request finds it.
        session = new_session(
            record,
            image,
            server_id=self._ports.server_id,
            profile=self._ports.profile_for(record.facts),
            waiting_reason=self.reach.waiting_reason(record),
            asked_by=asked_by,
            may_downgrade=may_downgrade,
            not_before=not_before,
        )
        runner = self._prepare(record, session)
        try:
            await self._check(runner.session, record.facts)
            await self._ports.chronicle.record_once(runner.session, evidence="asked for")
        except BaseException:
            self._release(record, runner)
            # Whoever wanted to cancel it meanwhile waits for an end.
            runner.give_up(NothingToCancelError(record.endpoint))
            raise
        self._ports.on_session(None, runner.session)
        if not self._is_stopped:  # else it goes on after the restart
            self._launch(record, runner)
        return runner

    async def _check(self, session: Session, facts: DeviceFacts) -> None:
        if refusal := await self._objection(session, facts):
            raise PreflightError(refusal)

    async def resume(self, record: DeviceRecord, session: Session) -> None:
        """Go on with a session that was active when we stopped; its URL opens again."""
        runner = self._prepare(record, session)
        if session.phase is not Phase.WAITING:
            try:
                profile = self._ports.profile_for(record.facts)
                await self._ports.offering.offer(session, record.facts, profile)
            except ImageUnavailableError as err:
                _LOGGER.warning("%s: its image is not served: %s", session.endpoint, err)
        self._launch(record, runner)
        runner.report(Resumed())
        # However old its deadline is, nothing is judged before its server was there again.
        runner.report(ContactLost(reason=WaitingReason.SERVER_DOWN))

    async def stop(self) -> None:
        """End all work; unfinished sessions stay stored, and whoever waits for one is told."""
        self._is_stopped = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for session_id, runner in self._runners.items():
            self._ports.offering.revoke(session_id)
            runner.give_up(EngineStoppedError(session_id))
        self._runners.clear()
        self._records.clear()
        self._tasks.clear()

    async def cancel(self, record: DeviceRecord) -> Session:
        """End the device's session; return how it ended.

        Raise NothingToCancelError, or CancelTooLateError when the device installs already.
        """
        runner = record.runner
        if runner is None or runner.session.phase.is_final:
            raise NothingToCancelError(record.endpoint)
        if runner.session.phase is Phase.INSTALLING:
            raise CancelTooLateError(record.endpoint)
        session = await runner.cancel()
        if session is None or session.phase is Phase.SUCCEEDED:
            raise CancelTooLateError(record.endpoint)
        return session

    def profiles_changed(self) -> None:
        """Let every session go by its device's profile as it is now, from its next step on."""
        for session_id, runner in self._runners.items():
            profile = self._ports.profile_for(self._records[session_id].facts)
            runner.profile = runner.courier.profile = profile
            if runner.session.waiting_reason is WaitingReason.WINDOW:
                runner.report(ContactRegained())  # what it waited for may be another time now
        self.look_at_clock()

    def is_started(self, runner: SessionRunner) -> bool:
        """Tell whether a session has a place, or no longer needs one."""
        return runner.session.phase.is_final or self.places.is_running(runner.session.id)

    def grant_places(self) -> None:
        """Let as many waiting sessions start as there are places and devices that listen."""
        if self._is_stopped:
            return
        for session_id in self.places.grant(self._can_start):
            self._runners[session_id].report(PlaceGranted())
        self._ports.on_server()

    def bytes_served(self, session_id: str, covered_bytes: int) -> None:
        """Take note of how much of its image has left for a device."""
        record = self._records.get(session_id)
        if record is None or record.runner is None:
            return
        record.covered_bytes = covered_bytes
        record.runner.report(BytesServed())
        self._ports.on_device(record)

    def allowance_spent(self, session_id: str) -> None:
        """Take note that a device loads its image over and over."""
        runner = self._runners.get(session_id)
        if runner is not None:
            runner.report(AllowanceSpent())

    def look_at_clock(self) -> None:
        """Start what has waited for its time, and show who waits for something else now."""
        before, self._reasons = self._reasons, {}
        for session_id in self.places.waiting_ids:
            record = self._records[session_id]
            reason = self._reasons[session_id] = self.reach.waiting_reason(record)
            if before.get(session_id, reason) is not reason:
                self._ports.on_device(record)
        if self._reasons:
            self.grant_places()

    def show_queue(self) -> None:
        """Show every waiting device: whoever leaves the queue moves all who come after."""
        for session_id in self.places.waiting_ids:
            self._ports.on_device(self._records[session_id])

    def _can_start(self, session_id: str) -> bool:
        session, record = self._runners[session_id].session, self._records[session_id]
        backs_off = session.waiting_reason is WaitingReason.BACK_OFF
        is_launched = session_id in self._tasks and not backs_off
        return (
            is_launched
            and self.reach.is_reachable(record)
            and self.reach.may_begin(record, session)
        )

    def _changed(self, record: DeviceRecord, runner: SessionRunner) -> None:
        """Show a step, and see that who waits or is held takes no place away from others."""
        session = runner.session
        if not session.phase.is_final and self.places.settle(
            session.id, needs_place=needs_place(session), waits=session.phase is Phase.WAITING
        ):
            self.grant_places()
        self._ports.on_device(record)

    def _prepare(self, record: DeviceRecord, session: Session) -> SessionRunner:
        ports = self._ports
        profile = ports.profile_for(record.facts)
        runner = SessionRunner(
            session,
            profile,
            ports.chronicle,
            RunnerHooks(
                on_change=lambda: self._changed(record, runner),
                on_step=ports.on_session,
                is_reachable=lambda: self.reach.is_reachable(record),
                waits_for=lambda: self.reach.waiting_reason(record),
            ),
        )
        runner.courier = Courier(
            ports.gateway,
            ports.offering,
            session=lambda: runner.session,
            facts=lambda: record.facts,
            profile=profile,
            objection=self._objection,
            on_report=runner.report,
            on_facts=lambda facts: ports.on_facts(record, facts),
        )
        record.runner = runner
        record.covered_bytes = None
        self._runners[session.id] = runner
        self._records[session.id] = record
        return runner

    def _launch(self, record: DeviceRecord, runner: SessionRunner) -> None:
        session = runner.session
        if session.phase is Phase.WAITING:
            self.places.join(session.id)
        elif needs_place(session):
            self.places.take_place(session.id)
        self._tasks[session.id] = asyncio.create_task(
            self._live(record, runner), name=f"flownexus_ota session {session.endpoint}"
        )
        self._ports.on_device(record)
        self.grant_places()

    async def _live(self, record: DeviceRecord, runner: SessionRunner) -> None:
        try:
            await runner.run()
        except Exception:  # the outermost loop of a session: the others go on
            _LOGGER.exception("The update of %s stopped by an error of ours", record.endpoint)
            await self._abandon(runner)
        self._release(record, runner)
        if not runner.finished.done():
            runner.finished.set_result(runner.session)

    async def _abandon(self, runner: SessionRunner) -> None:
        """End a session that an error of ours stopped, so that its device can be updated again."""
        if runner.session.phase.is_final:
            return
        it = Situation(session=runner.session, now=datetime.now(UTC), profile=runner.profile)
        session = it.abandon().session
        try:
            await self._ports.chronicle.record_once(session, evidence="error of ours")
        except HistoryError as err:
            _LOGGER.warning("%s: its end was not stored: %s", session.endpoint, err)
        before, runner.session = runner.session, session
        self._ports.on_session(before, session)

    def _release(self, record: DeviceRecord, runner: SessionRunner) -> None:
        session = runner.session
        self._ports.offering.revoke(session.id)
        self._runners.pop(session.id, None)
        self._records.pop(session.id, None)
        self._tasks.pop(session.id, None)
        self.places.leave(session.id)
        record.runner = None
        record.covered_bytes = None
        if session.phase.is_final:
            record.last_session = session
            facts = facts_after(record.facts, session)
            if facts != record.facts:
                self._ports.on_facts(record, facts)
            record.is_foreign_busy = session.reason is Reason.FOREIGN_UPDATE
        self._ports.on_device(record)
        self.grant_places()
