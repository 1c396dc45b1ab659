"""One session at work: report, advance, remember, believe, show, act."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from ..ota.command import Command, ReadDevice
from ..ota.phase import Phase, WaitingReason
from ..ota.profile import Profile
from ..ota.report import (
    BytesServed,
    CancelRequested,
    DeadlinePassed,
    ImageUnavailable,
    OfferRefused,
    Report,
    ResultReported,
    StateReported,
    VersionReported,
)
from ..ota.session import advance
from ..ota.session_state import Session
from .chronicle import Chronicle
from .courier import Courier

_LOGGER = logging.getLogger(__name__)

MAX_PENDING_REPORTS: Final = 1024
# Of what a device may tell without an end while the history cannot be written, less: the next
# reading finds it again. Nothing finds again that a person cancelled, or that a device woke up.
MAX_PENDING_WORDS: Final = 256
# A clock that is corrected by less is not set, but kept true.
CLOCK_TOLERANCE: Final = timedelta(seconds=2)
# The commands of a session's end get this long; the session itself has ended before them.
LAST_COMMANDS_SECONDS: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class RunnerHooks:
    """What a runner tells its engine."""

    on_change: Callable[[], None]
    on_step: Callable[[Session, Session], None]
    """Called after each remembered step, with the session before and after it."""
    is_reachable: Callable[[], bool]
    """Whether asking the device again makes sense: connected, registered, awake."""
    waits_for: Callable[[], WaitingReason | None] = lambda: None
    """What keeps the session in WAITING by now."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """The time of day; somebody may set it."""


class SessionRunner:
    """The only place that changes a session; the steps of one session never overlap."""

    def __init__(
        self, session: Session, profile: Profile, chronicle: Chronicle, hooks: RunnerHooks
    ) -> None:
        """Take a stored or new session; `courier` is set before `run`."""
        self.session = session
        self.courier: Courier
        self.profile = profile
        self._chronicle = chronicle
        self._hooks = hooks
        self._inbox: asyncio.Queue[Report | None] = asyncio.Queue(MAX_PENDING_REPORTS)
        self._heard_at = 0.0
        self._clock_began_at = self._clock_beginning()
        self._is_served_pending = False
        self._last_commands: tuple[Command, ...] = ()
        self._cancel_refused = asyncio.Event()
        self.finished: asyncio.Future[Session] = asyncio.get_running_loop().create_future()

    def report(self, report: Report) -> None:
        """Take a report; bytes are told once until they have been worked off."""
        is_served = isinstance(report, BytesServed)
        if is_served and self._is_served_pending:
            return
        is_word = isinstance(report, StateReported | ResultReported | VersionReported)
        limit = MAX_PENDING_WORDS if is_word else MAX_PENDING_REPORTS
        if self._inbox.qsize() >= limit:
            _LOGGER.warning("%s reports faster than we can store", self.session.endpoint)
            return
        self._is_served_pending = self._is_served_pending or is_served
        self._inbox.put_nowait(report)

    async def cancel(self) -> Session | None:
        """End the session and return how it ended, or `None`: the device installs already."""
        self._cancel_refused.clear()
        self.report(CancelRequested())
        refused = asyncio.create_task(self._cancel_refused.wait())
        try:
            # Both have an end: the session's deadline for the answer of its device.
            await asyncio.wait((refused, self.finished), return_when=asyncio.FIRST_COMPLETED)
        finally:
            refused.cancel()
        return self.finished.result() if self.finished.done() else None

    def give_up(self, error: Exception) -> None:
        """Tell whoever waits for the outcome that there will be none."""
        if not self.finished.done():
            self.finished.set_exception(error)
            self.finished.exception()  # nobody may be waiting; that is no error

    async def run(self) -> None:
        """Work until the session is final; cancelled, it can be resumed from the history."""
        courier = asyncio.create_task(
            self.courier.run(), name=f"flownexus_ota courier {self.session.endpoint}"
        )
        courier.add_done_callback(self._look_at_courier)
        try:
            self._heard_at = _loop_time()
            while not self.session.phase.is_final:
                if courier.done():
                    courier.result()  # an error of ours: the device is not to blame for silence
                if (report := await self._next_report()) is not None:
                    await self._take(report)
        finally:
            courier.cancel()
            await asyncio.wait([courier])
        await self._end()
        if not courier.cancelled():
            courier.result()  # it ended by an error of ours

    def _look_at_courier(self, _: object) -> None:
        """Wake whoever waits for reports; where they are many, nobody has to be woken."""
        with suppress(asyncio.QueueFull):
            self._inbox.put_nowait(None)

    async def _end(self) -> None:
        """Carry out the commands of the final step, within a limit."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_COMMANDS_SECONDS):
                for command in self._last_commands:
                    await self.courier.carry_out(command)

    async def _next_report(self) -> Report | None:
        """Return the next report; `None` after asking a silent device, or if its courier ended."""
        limits = [limit for limit in (self._until_deadline(), self._until_silence()) if limit]
        seconds = max(0.0, min(limits)) if limits else None
        try:
            async with asyncio.timeout(seconds):
                report = await self._inbox.get()
        except TimeoutError:
            return self._on_timer()
        self._follow_clock()
        self._heard_at = _loop_time()
        if isinstance(report, BytesServed):
            self._is_served_pending = False
        return report

    def _on_timer(self) -> Report | None:
        self._follow_clock()
        until_deadline = self._until_deadline()
        if until_deadline is not None and until_deadline <= 0:
            if self.courier.is_preparing and not (
                self.session.is_held or self.session.is_cancelling
            ):
                # Nothing has been sent yet: the device's time begins when it is.
                limit = self.profile.deadlines.of(self.session.phase)
                self.session = replace(self.session, deadline_at=self._hooks.now() + limit)
                return None
            is_waiting = self.session.phase is Phase.WAITING
            return DeadlinePassed(waits_for=self._hooks.waits_for() if is_waiting else None)
        self._heard_at = _loop_time()
        if self.courier.is_idle and self._hooks.is_reachable():
            self.courier.send(ReadDevice(number=self.session.reading_number))
        return None

    def _follow_clock(self) -> None:
        """Let times move with a clock that was set: a device has the time that it was given.

        Not a deadline that is a time of day: that of a window that opens.
        """
        began_at = self._clock_beginning()
        moved_by = began_at - self._clock_began_at
        if abs(moved_by) < CLOCK_TOLERANCE:
            return
        self._clock_began_at = began_at
        session = self.session
        if session.started_at is not None:
            session = replace(session, started_at=session.started_at + moved_by)
        if session.deadline_at is not None and session.waiting_reason is not WaitingReason.WINDOW:
            session = replace(session, deadline_at=session.deadline_at + moved_by)
        self.session = session

    def _clock_beginning(self) -> datetime:
        """Return what the clock would have said at the loop's time 0: it moves when it is set."""
        return self._hooks.now() - timedelta(seconds=_loop_time())

    def _until_deadline(self) -> float | None:
        if self.session.deadline_at is None:
            return None
        # Never exactly 0: that would read as "no limit" above.
        return (self.session.deadline_at - self._hooks.now()).total_seconds() or -1.0

    def _until_silence(self) -> float | None:
        if self.session.phase is Phase.WAITING or self.session.is_held:
            return None
        silence = self.profile.deadlines.silence.total_seconds()
        return self._heard_at + silence - _loop_time() or -1.0

    async def _take(self, report: Report) -> None:
        step = advance(self.session, report, now=self._hooks.now(), profile=self.profile)
        session = step.session
        if isinstance(report, CancelRequested) and not (
            session.phase.is_final or session.is_cancelling
        ):
            self._cancel_refused.set()  # it installs since a moment ago
        if session == self.session and not step.commands:
            return
        if _is_worth_remembering(self.session, session):
            evidence = evidence_of(report)
            session = replace(session, evidence=evidence)
            began_at = _loop_time()
            await self._chronicle.record(session, evidence=evidence)
            session = _postponed(session, seconds=_loop_time() - began_at)
        before, self.session = self.session, session
        if before.is_cancelling and not session.is_cancelling and not session.phase.is_final:
            self._cancel_refused.set()
        self._hooks.on_change()
        self._hooks.on_step(before, session)
        if self.session.phase.is_final:
            self._last_commands = step.commands
            self._log_end()
            return
        for command in step.commands:
            self.courier.send(command)

    def _log_end(self) -> None:
        session = self.session
        _LOGGER.info(
            "%s: update to %s %s (%s)",
            session.endpoint,
            session.target.version,
            session.phase,
            session.reason,
        )


def evidence_of(report: Report) -> str:
    """Return a report in words for the history, e.g. `DeviceRead state=0 result=8`."""
    if isinstance(report, ImageUnavailable | OfferRefused):
        return report.detail
    words = [type(report).__name__]
    words += [
        f"{name}={getattr(value, 'value', value)}"
        for name in getattr(report, "__dataclass_fields__", {})
        if (value := getattr(report, name)) is not None
    ]
    return " ".join(words)


def _postponed(session: Session, *, seconds: float) -> Session:
    """Count a deadline from when the step's commands can go: a backup may have held it for long."""
    if session.deadline_at is None:
        return session
    return replace(session, deadline_at=session.deadline_at + timedelta(seconds=seconds))


def _is_worth_remembering(before: Session, after: Session) -> bool:
    """A deadline that only moved on with the bytes is not worth an fsync."""
    return replace(after, deadline_at=before.deadline_at) != before


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
