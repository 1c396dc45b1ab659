"""A session and its model device, the line between and a clock; every step is checked."""

from dataclasses import replace
from datetime import datetime, timedelta

from custom_components.flownexus_ota.ota.command import ExecuteUpdate, WritePackageUri
from custom_components.flownexus_ota.ota.phase import Phase, Reason, WaitingReason
from custom_components.flownexus_ota.ota.profile import Profile
from custom_components.flownexus_ota.ota.report import (
    DeadlinePassed,
    DeviceRead,
    Report,
    StateReported,
)
from custom_components.flownexus_ota.ota.session import advance
from custom_components.flownexus_ota.ota.session_state import Session

from .model_device import DOWNLOADED, Habits, Line
from .play import NEW, START, TARGET, new_session

MOST_COMMANDS = 4
LONGEST = timedelta(days=30)


class Stage:
    """A session, its device, the line between, and a clock; checks every step."""

    def __init__(self, habits: Habits, profile: Profile) -> None:
        # A device that may run the target already has no version that would tell.
        self.target = replace(TARGET, version="1.4.2+8") if habits.old_version == NEW else TARGET
        self.session = new_session(target=self.target, from_version=None, reported_version=None)
        self.profile = profile
        self.line = Line(habits)
        self.now = START
        self.claims_at_offer: int | None = None
        self.downloaded_since_offer = False
        self.read_downloaded_after = -1

    @property
    def is_back_off(self) -> bool:
        return self.session.waiting_reason is WaitingReason.BACK_OFF

    def tell(self, report: Report, *, executes_before: int = -1) -> None:
        before = self.session
        if isinstance(report, StateReported | DeviceRead) and report.state == DOWNLOADED:
            self.downloaded_since_offer = True
        if isinstance(report, DeviceRead) and report.state == DOWNLOADED:
            self.read_downloaded_after = executes_before
        step = advance(before, report, now=self.now, profile=self.profile)
        self.session = step.session
        check_step(before, step.session, self.now, self.profile)
        assert len(step.commands) <= MOST_COMMANDS
        for command in step.commands:
            if isinstance(command, WritePackageUri):
                assert not before.is_cancelling
                if self.claims_at_offer is None:
                    self.claims_at_offer = self.line.device.claims
                self.downloaded_since_offer = False
            if isinstance(command, ExecuteUpdate):
                self._check_execute(before)
            self.line.send(command)
        if step.session.phase is Phase.SUCCEEDED and not before.phase.is_final:
            self._check_success()

    def _check_execute(self, before: Session) -> None:
        assert not before.is_cancelling
        assert self.downloaded_since_offer
        if before.execute_count:
            # The reading was made when all earlier Executes had been sent.
            pending = sum(isinstance(each, ExecuteUpdate) for each in self.line.commands)
            assert pending == 0
            assert self.read_downloaded_after == self.line.executes_sent

    def _check_success(self) -> None:
        device = self.line.device
        if self.session.reason is Reason.RESULT_PROVED:
            # Some install by themselves before our Execute reaches them; none before our offer.
            assert self.claims_at_offer is not None
            assert device.claims > self.claims_at_offer
            assert self.session.execute_count > 0
        else:
            assert device.has_run_new

    def pass_time(self, delta: timedelta) -> None:
        """Move the clock, stopping at each deadline on the way."""
        until = self.now + delta
        while (deadline_at := self.session.deadline_at) is not None and deadline_at <= until:
            self.now = deadline_at
            self.tell(DeadlinePassed())
        self.now = until

    def reply(self) -> None:
        reply, self.line.reply = self.line.reply, None
        if reply is not None:
            self.tell(reply.report, executes_before=reply.executes_before)

    def serve(self) -> None:
        """Let the device answer everything it is asked, at once."""
        for _ in range(20):
            self.line.commands.extend(self.line.delayed)
            self.line.delayed.clear()
            self.line.carry(is_lost=False, is_answer_lost=False)
            self.reply()

    def hear(self) -> None:
        """Let everything come that the device has told."""
        while self.line.notifications:
            self.tell(self.line.notifications.popleft())

    def to_deadline(self) -> None:
        if self.session.deadline_at is not None:
            self.pass_time(self.session.deadline_at - self.now)


def check_step(before: Session, after: Session, now: datetime, profile: Profile) -> None:
    assert (after.result == 0) == (not after.phase.is_final)
    if before.phase.is_final:
        assert after == before
        return
    assert before.offer_number <= after.offer_number <= before.offer_number + 1
    assert before.attempt <= after.attempt <= before.attempt + 1 <= profile.max_attempts + 1
    assert after.attempt <= profile.max_attempts
    assert after.offer_count <= profile.max_offers
    assert after.execute_count <= profile.max_executes
    assert after.reading_number >= before.reading_number
    assert (after.deadline_at is None) == after.phase.is_final
    assert (after.finished_at is None) == (not after.phase.is_final)
    if after.deadline_at is not None:
        assert now < after.deadline_at <= now + LONGEST
