"""Rules about devices that cannot be reached, and about people who want an update to end."""

from dataclasses import replace

from .command import ObserveDevice, ReadDevice, ResetDevice, RevokeOffer
from .phase import Phase, Reason, WaitingReason
from .transition import Situation, Step


def lose_contact(it: Situation, reason: WaitingReason) -> Step:
    """Hold the session: no deadline of the phase runs while its device cannot answer."""
    session = it.session
    if session.phase is Phase.WAITING and not session.is_checking:
        return it.stay()
    held = replace(
        session,
        waiting_reason=reason,
        deadline_at=it.now + it.profile.deadlines.waiting,
        is_checking=False,
        is_overdue=False,
    )
    return Step(session=held)


def regain_contact(it: Situation, *, is_registered_anew: bool = False) -> Step:
    """Go on where the session was held; whatever was told meanwhile is found by a reading."""
    session = it.session
    deadline_at = session.deadline_at
    if session.is_held:
        deadline_at = it.now + it.profile.deadlines.of(session.phase)
    asking = replace(
        session,
        waiting_reason=None,
        deadline_at=deadline_at,
        is_checking=True,
        is_overdue=session.is_overdue and not session.is_held,
        is_doubted=False,
        is_registered_anew=session.is_registered_anew or is_registered_anew,
    )
    return Step(session=asking, commands=(ObserveDevice(), ReadDevice()))


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
        case _ if session.is_held:
            return it.cancel(Reason.CANCELLED_UNCONFIRMED, ResetDevice())
        case _ if session.is_cancelling:
            return it.stay()
        case _:
            cancelling = replace(
                session,
                is_cancelling=True,
                is_checking=True,
                is_overdue=True,
                deadline_at=it.now + it.profile.deadlines.answer,
            )
            return Step(session=cancelling, commands=(RevokeOffer(), ResetDevice(), ReadDevice()))
