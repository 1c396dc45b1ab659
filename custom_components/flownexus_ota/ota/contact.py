"""Rules about devices that cannot be reached, and about people who want an update to end."""

import math
from dataclasses import replace
from datetime import timedelta

from .command import Command, ObserveDevice, ReadDevice, ResetDevice, RevokeOffer
from .phase import Phase, Reason, WaitingReason
from .transition import Situation, Step


def lose_contact(it: Situation, reason: WaitingReason) -> Step:
    """Hold the session: no deadline of the phase runs while its device cannot answer."""
    session = it.session
    if session.phase is Phase.WAITING and not session.is_checking:
        return it.stay()
    if session.is_held and session.waiting_reason is not WaitingReason.WINDOW:
        return Step(session=replace(session, waiting_reason=reason))
    limit = it.profile.deadlines.answer if session.is_cancelling else waiting_limit(it)
    held = replace(
        session,
        waiting_reason=reason,
        deadline_at=it.now + limit,
        is_checking=False,
        is_overdue=False,
        time_left_seconds=_time_left_seconds(it),
    )
    return Step(session=held)


def regain_contact(
    it: Situation, *, is_registered_anew: bool = False, is_resumed: bool = False
) -> Step:
    """Go on where the session was held; whatever was told meanwhile is found by a reading."""
    session = replace(
        it.session,
        is_checking=True,
        is_doubted=False,
        is_registered_anew=it.session.is_registered_anew or is_registered_anew,
        is_after_downtime=it.session.is_after_downtime
        or (is_resumed and it.session.phase in (Phase.OFFERED, Phase.TRANSFERRING)),
    )
    if session.is_cancelling:
        # The reset may have met a device that slept, and a restart opens the URL again.
        if session.is_held or is_resumed:
            deadline_at = it.now + it.profile.deadlines.answer
            session = replace(session, waiting_reason=None, deadline_at=deadline_at)
        return _drop_image(replace(it, session=session), ObserveDevice())
    if session.is_held:
        limit, is_overdue = _time_after_hold(it)
        session = replace(session, deadline_at=it.now + limit, is_overdue=is_overdue)
    elif is_resumed:
        # Nobody listened and nothing was served: the silence was ours.
        deadline_at = it.now + it.profile.deadlines.of(session.phase)
        session = replace(session, deadline_at=deadline_at, is_overdue=False)
    back = replace(session, waiting_reason=None, time_left_seconds=None)
    return Step(session=back, commands=(ObserveDevice(), ReadDevice(number=back.reading_number)))


def request_cancel(it: Situation) -> Step:
    """End at once where nothing is on its way; else take the URL away, reset the device, and look.

    Matrix: `reference/ota-and-lwm2m.md` §1.5. Once the device installs, nothing stops it.
    """
    session = it.session
    match session.phase:
        case Phase.INSTALLING:
            return it.stay()
        case Phase.WAITING if session.attempt == 1:
            return it.cancel(Reason.CANCELLED_BY_USER)
        case Phase.WAITING:
            # An earlier attempt may have left something on the device.
            return it.cancel(Reason.CANCELLED_BY_USER, ResetDevice())
        case _ if session.is_held and session.waiting_reason is not WaitingReason.WINDOW:
            return it.cancel(Reason.CANCELLED_UNCONFIRMED, ResetDevice())
        case _ if session.is_cancelling:
            return it.stay()
        case _:
            cancelling = replace(
                session,
                is_cancelling=True,
                is_checking=True,
                waiting_reason=None,
                deadline_at=it.now + it.profile.deadlines.answer,
            )
            return _drop_image(replace(it, session=cancelling))


def _drop_image(it: Situation, *first: Command) -> Step:
    """Take the URL away, tell the device to drop what it has, and see whether it did."""
    number = it.session.reading_number + 1
    return Step(
        session=replace(it.session, reading_number=number),
        commands=(*first, RevokeOffer(), ResetDevice(), ReadDevice(number=number)),
    )


def end_cancelling_in_vain(it: Situation) -> Step:
    """End a cancellation that the device has not confirmed, unless our Execute was out already."""
    if it.session.phase is Phase.INSTALLING:
        return install_after_all(it)
    return it.cancel(Reason.CANCELLED_UNCONFIRMED)


def install_after_all(it: Situation) -> Step:
    """Go on: the person came too late, the device installs and nothing stops that."""
    session = replace(it.session, is_cancelling=False)
    return replace(it, session=session).enter(Phase.INSTALLING)


def waiting_limit(it: Situation) -> timedelta:
    """Return how long a session may wait; one that was asked before its offer, for what is left."""
    left = it.session.time_left_seconds
    if it.session.phase is not Phase.WAITING or left is None:
        return it.profile.deadlines.waiting
    return max(timedelta.resolution, timedelta(seconds=left))


def _time_after_hold(it: Situation) -> tuple[timedelta, bool]:
    """Return how long the device has to go on, and whether that is its time for a last answer.

    One that wakes for moments only must not begin its time anew each time.
    """
    deadlines, left = it.profile.deadlines, it.session.time_left_seconds
    if left is None:
        return deadlines.of(it.session.phase), False
    if left > 0:
        return timedelta(seconds=left), False
    return max(timedelta.resolution, deadlines.answer + timedelta(seconds=left)), True


def _time_left_seconds(it: Situation) -> int | None:
    session = it.session
    is_waiting = session.phase is Phase.WAITING or session.waiting_reason is WaitingReason.WINDOW
    if session.deadline_at is None or is_waiting:
        return None
    left = (session.deadline_at - it.now).total_seconds()
    if session.is_overdue:
        return min(0, math.floor(left - it.profile.deadlines.answer.total_seconds()))
    return max(0, math.floor(left))
