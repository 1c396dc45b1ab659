"""Rules of a session that waits: for a place, for its device, or for the next attempt."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ..lwm2m.firmware_update import UpdateResult
from .command import ObserveDevice, ReadDevice
from .contact import lose_contact, request_cancel, waiting_limit
from .decision import decide_before_offer
from .phase import Phase, Reason, WaitingReason
from .report import (
    CancelRequested,
    ContactLost,
    ContactRegained,
    DeadlinePassed,
    DeviceRead,
    DeviceRegistered,
    PlaceGranted,
    Report,
    Resumed,
)
from .transition import Situation, Step


def judge_waiting(it: Situation, report: Report) -> Step:
    """Before the offer only our own reading counts; what a device tells is about something else."""
    match report:
        case PlaceGranted():
            return _start(it)
        case DeadlinePassed(waits_for=waits_for):
            return _waited(it, waits_for)
        case Resumed() if it.session.is_checking:
            return _queue(it)  # whoever was to read the device is gone
        case DeviceRegistered() | ContactRegained() if it.session.is_checking:
            return _look(it)  # the reading that is under way dies with the old registration
        case ContactLost(reason=reason):
            return lose_contact(it, reason)
        case CancelRequested():
            return request_cancel(it)
        case DeviceRead():
            return decide_before_offer(it)
        case _:
            return it.stay()


IN_VAIN: Final[Mapping[WaitingReason | None, Reason]] = {
    WaitingReason.ASLEEP: Reason.NEVER_WOKE,
    WaitingReason.UNREGISTERED: Reason.NEVER_CAME,
}
"""What is known of a device; of what else a session waited for, none of it is to blame."""


def end_in_vain(it: Situation, waits_for: WaitingReason | None = None) -> Step:
    """End a session that could not go on in all that time."""
    if it.session.phase is Phase.INSTALLING or it.session.execute_count:
        # It may have heard our Execute: nobody can say that it has installed nothing.
        return it.fail(UpdateResult.UPDATE_FAILED, Reason.DID_NOT_COME_BACK)
    reason = IN_VAIN.get(waits_for or it.session.waiting_reason, Reason.WAITED_TOO_LONG)
    return it.fail(UpdateResult.CONNECTION_LOST, reason)


def _start(it: Situation) -> Step:
    session = it.session
    if session.is_checking:
        return it.stay()
    # Whoever falls asleep each time before it is read has not begun to wait anew.
    left = timedelta(0) if session.deadline_at is None else session.deadline_at - it.now
    started = replace(
        session,
        time_left_seconds=max(0, math.floor(left.total_seconds())),
        started_at=session.started_at or it.now,
        waiting_reason=None,
        deadline_at=it.now + it.profile.deadlines.answer,
        is_checking=True,
    )
    return _look(replace(it, session=started))


def _look(it: Situation) -> Step:
    read = ReadDevice(number=it.session.reading_number)
    return Step(session=it.session, commands=(ObserveDevice(), read))


def _queue(it: Situation) -> Step:
    queued = replace(
        it.session,
        waiting_reason=WaitingReason.QUEUE,
        deadline_at=it.now + waiting_limit(it),
        is_checking=False,
        time_left_seconds=None,
    )
    return Step(session=queued)


def _waited(it: Situation, waits_for: WaitingReason | None) -> Step:
    session = it.session
    if session.is_checking:
        return it.fail(UpdateResult.CONNECTION_LOST, Reason.NO_ANSWER)
    if session.waiting_reason is WaitingReason.BACK_OFF:
        return _queue(it)
    return end_in_vain(it, waits_for)
