"""Steps of a session: entering a phase, offering, executing, ending."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..lwm2m.firmware_update import UpdateResult
from .command import Command, EndOffer, ExecuteUpdate, ReadDevice, ResetDevice, WritePackageUri
from .phase import Phase, Reason, WaitingReason
from .profile import Profile
from .retry import (
    REASONS_THAT_NEED_A_FRESH_URL,
    RESULTS_OF_OUR_DOWNTIME,
    RESULTS_THAT_NEED_A_FRESH_URL,
    back_off_after,
    is_tried_again,
)
from .session_state import Session
from .window import MaintenanceWindow


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A session after a report, and the commands that follow, in order."""

    session: Session
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """A session that has noted a report, with what the rules need to judge it."""

    session: Session
    now: datetime
    profile: Profile

    def stay(self) -> Step:
        """Change nothing more."""
        return Step(session=self.session)

    def enter(self, phase: Phase, *commands: Command) -> Step:
        """Begin a phase, or begin its deadline anew; whatever was in doubt is settled."""
        session = self.session
        is_out_of_reach = session.is_held and session.waiting_reason is not WaitingReason.WINDOW
        held = session.waiting_reason if is_out_of_reach else None
        limit = Phase.WAITING if held else phase
        entered = replace(
            session,
            phase=phase,
            waiting_reason=held,
            deadline_at=self.now + self.profile.deadlines.of(limit),
            reason=None,
            refusal_code=None,
            is_checking=False,
            is_overdue=False,
            is_doubted=False,
            is_after_downtime=False,
            time_left_seconds=None,
        )
        return Step(session=entered, commands=commands)

    def ask(self, *, after: timedelta = timedelta(0), **changes: object) -> Step:
        """Let the next reading of the device decide."""
        asking = replace(self.session, is_checking=True, **changes)  # type: ignore[arg-type] # fields of Session, spelled by the callers in this folder
        read = ReadDevice(number=asking.reading_number, delay_seconds=after.total_seconds())
        return Step(session=asking, commands=(read,))

    def offer(self) -> Step:
        """Write the URI, for the first time or again."""
        offered = self.enter(Phase.OFFERED).session
        return Step(
            session=replace(
                offered,
                offer_count=offered.offer_count + 1,
                is_uri_answered=False,
                device_result=None,
                reading_number=offered.reading_number + 1,
            ),
            commands=(WritePackageUri(),),
        )

    def offer_again(self, otherwise: Reason) -> Step:
        """Write the same URI once more, or fail when that was tried often enough."""
        if self.session.offer_count < self.profile.max_offers:
            return self.offer()
        return self.fail(UpdateResult.CONNECTION_LOST, otherwise)

    def execute(self) -> Step:
        """Tell the device to install, or wait with that for its maintenance window."""
        window = self.profile.window
        if window is not None and not window.is_open(self.now):
            return self._hold_for(window)
        staged = self.enter(Phase.STAGED).session
        result = staged.device_result
        first = staged.execute_count == 0
        return Step(
            session=replace(
                staged,
                execute_count=staged.execute_count + 1,
                version_before_execute=(
                    staged.reported_version if first else staged.version_before_execute
                ),
                result_before_execute=(staged.result_before_offer if result is None else result),
                is_registered_anew=False,
                reading_number=staged.reading_number + 1,
            ),
            commands=(ExecuteUpdate(),),
        )

    def _hold_for(self, window: MaintenanceWindow) -> Step:
        """Keep the image on the device until the window opens; that is no failure of anybody."""
        staged = self.enter(Phase.STAGED).session
        held = replace(
            staged,
            waiting_reason=WaitingReason.WINDOW,
            deadline_at=window.next_opening(self.now),
        )
        return Step(session=held)

    def defer(self) -> Step:
        """Leave the device the time that somebody there may put the installation off (5/x/13).

        Once: after that it is reminded, and has the ordinary time to begin.
        """
        if self.session.is_deferred:
            return self.enter(Phase.INSTALLING)
        deadlines = self.profile.deadlines
        asked_for = timedelta(seconds=self.session.defer_seconds or 0)
        limit = max(deadlines.installing, min(asked_for, deadlines.waiting))
        installing = self.enter(Phase.INSTALLING).session
        deferred = replace(installing, deadline_at=self.now + limit, is_deferred=True)
        return Step(session=deferred)

    def execute_again(self, otherwise: Reason) -> Step:
        """Tell the device to install once more, or fail when that was tried often enough."""
        if self.session.execute_count < self.profile.max_executes:
            return self.execute()
        return self.fail(UpdateResult.UPDATE_FAILED, otherwise, ResetDevice())

    def fail(self, result: int, reason: Reason, *commands: Command) -> Step:
        """End without success, or begin another attempt later where that may help."""
        if is_tried_again(self.session, result, reason, self.profile):
            return self._back_off(result, reason, *commands)
        return self._end(Phase.FAILED, result, reason, *commands)

    def abandon(self) -> Step:
        """End without another attempt: we made a mistake, and would make it again."""
        return self._end(Phase.FAILED, UpdateResult.UPDATE_FAILED, Reason.INTERNAL_ERROR)

    def fail_as_reported(self) -> Step:
        """End with what the device says: a failure, or somebody's cancellation."""
        result = self.session.device_result
        if self.session.is_after_downtime and result in RESULTS_OF_OUR_DOWNTIME:
            fresh = replace(self.session, offer_number=self.session.offer_number + 1)
            return replace(self, session=fresh).offer_again(Reason.TRANSFER_STALLED)
        if result == UpdateResult.CANCELLED:
            return self._end(Phase.CANCELLED, UpdateResult.CANCELLED, Reason.DEVICE_REPORTED)
        return self.fail(
            UpdateResult.UPDATE_FAILED if result is None else result, Reason.DEVICE_REPORTED
        )

    def cancel(self, reason: Reason, *commands: Command) -> Step:
        """End because a person asked for it."""
        return self._end(Phase.CANCELLED, UpdateResult.CANCELLED, reason, *commands)

    def succeed(self, reason: Reason) -> Step:
        """End with success."""
        return self._end(Phase.SUCCEEDED, UpdateResult.SUCCESS, reason)

    def _back_off(self, result: int, reason: Reason, *commands: Command) -> Step:
        session = self.session
        fresh_url = (
            result in RESULTS_THAT_NEED_A_FRESH_URL or reason in REASONS_THAT_NEED_A_FRESH_URL
        )
        refused = session.scheme if result == UpdateResult.UNSUP_PROTO else None
        waiting = replace(
            session,
            phase=Phase.WAITING,
            waiting_reason=WaitingReason.BACK_OFF,
            deadline_at=self.now + back_off_after(session, self.profile),
            attempt=session.attempt + 1,
            reason=reason,
            offer_number=session.offer_number + fresh_url,
            offer_count=0,
            refused_schemes=session.refused_schemes + ((refused,) if refused else ()),
            execute_count=0,
            version_before_execute=None,
            refusal_code=None,
            is_checking=False,
            is_overdue=False,
            is_deferred=False,
            is_doubted=False,
            is_registered_anew=False,
            time_left_seconds=None,
            may_reset=True,
        )
        return Step(session=waiting, commands=(EndOffer(), *commands))

    def _end(self, phase: Phase, result: int, reason: Reason, *commands: Command) -> Step:
        ended = replace(
            self.session,
            phase=phase,
            waiting_reason=None,
            deadline_at=None,
            finished_at=self.now,
            result=result,
            reason=reason,
            is_checking=False,
            is_overdue=False,
            is_cancelling=False,
        )
        return Step(session=ended, commands=(EndOffer(), *commands))
