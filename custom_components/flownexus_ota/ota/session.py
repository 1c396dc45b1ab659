"""The rules of an over-the-air update: a session and a report give a session and commands.

Time is an argument, nothing is awaited, nothing is sent. A report that means nothing in a phase
changes nothing: devices repeat themselves, and a result may come before its state.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from ..lwm2m.firmware_update import UpdateResult, UpdateState
from .command import ObserveDevice, ReadDevice
from .contact import lose_contact, regain_contact, request_cancel
from .decision import (
    decide_before_offer,
    decide_cancelling,
    decide_installing,
    decide_offered,
    decide_staged,
    decide_transferring,
    is_failure,
)
from .phase import Phase, Reason, WaitingReason
from .profile import Profile
from .proof import proof_of_success
from .report import (
    Answer,
    BytesServed,
    CancelRequested,
    ContactLost,
    ContactRegained,
    DeadlinePassed,
    DeviceRead,
    DeviceRegistered,
    ExecuteAnswered,
    ImageUnavailable,
    PlaceGranted,
    Report,
    ResultReported,
    Resumed,
    StateReported,
    UriAnswered,
    VersionReported,
)
from .session_state import Session
from .transition import Situation, Step

ON_STATE: Final[Mapping[tuple[Phase, int], Phase]] = {
    (Phase.OFFERED, UpdateState.DOWNLOADING): Phase.TRANSFERRING,
    (Phase.OFFERED, UpdateState.DOWNLOADED): Phase.STAGED,
    (Phase.OFFERED, UpdateState.UPDATING): Phase.INSTALLING,
    (Phase.TRANSFERRING, UpdateState.DOWNLOADED): Phase.STAGED,
    (Phase.TRANSFERRING, UpdateState.UPDATING): Phase.INSTALLING,
    (Phase.STAGED, UpdateState.UPDATING): Phase.INSTALLING,
}
"""Where a reported state leads; UPDATING without our Execute: it installs by itself."""

# A state that seems a step back is read again: its result may follow it.
LOOK_AGAIN: Final = frozenset(
    {
        (Phase.TRANSFERRING, UpdateState.IDLE),
        (Phase.STAGED, UpdateState.IDLE),
        (Phase.INSTALLING, UpdateState.IDLE),
        (Phase.INSTALLING, UpdateState.DOWNLOADED),
    }
)

ON_SILENCE: Final[Mapping[Phase, tuple[UpdateResult, Reason]]] = {
    Phase.OFFERED: (UpdateResult.CONNECTION_LOST, Reason.NO_ANSWER),
    Phase.TRANSFERRING: (UpdateResult.CONNECTION_LOST, Reason.TRANSFER_STALLED),
    Phase.STAGED: (UpdateResult.UPDATE_FAILED, Reason.NO_ANSWER),
    Phase.INSTALLING: (UpdateResult.UPDATE_FAILED, Reason.DID_NOT_COME_BACK),
}
"""How a phase ends whose deadline passed twice: once, and again while the device was asked."""


def advance(session: Session, report: Report, *, now: datetime, profile: Profile) -> Step:
    """Return the session after `report`, and the commands that follow; a final one stays."""
    if session.phase.is_final:
        return Step(session=session)
    it = Situation(session=_note(session, report), now=now, profile=profile)
    if proof := proof_of_success(it.session, profile):
        return it.succeed(proof)
    return _judge(it, report, before=session)


def _note(session: Session, report: Report) -> Session:
    """Remember what the device said, before anybody judges it."""
    match report:
        case StateReported(state=state) if session.phase is not Phase.WAITING:
            return replace(session, device_state=state)
        case ResultReported(result=result) if session.phase is not Phase.WAITING:
            return replace(session, device_result=result)
        case VersionReported(version=version):
            return replace(session, reported_version=version)
        case DeviceRead(state=state, result=result, version=version):
            noted = replace(
                session,
                device_state=state,
                reported_version=session.reported_version if version is None else version,
            )
            if session.phase is Phase.WAITING:
                return replace(noted, result_before_offer=result, from_version=version)
            if session.device_result is None and result == session.result_before_offer:
                return noted  # it may be the last update's; only a change is evidence
            return replace(noted, device_result=result)
        case _:
            return session


def _judge(it: Situation, report: Report, *, before: Session) -> Step:
    if it.session.phase is Phase.WAITING:
        return _judge_waiting(it, report)
    match report:
        case ContactLost(reason=reason):
            return lose_contact(it, reason)
        case ContactRegained() | Resumed():
            return regain_contact(it)
        case DeviceRegistered():
            executed = it.session.execute_count > 0
            return regain_contact(it, is_registered_anew=executed)
        case CancelRequested():
            return request_cancel(it)
        case DeadlinePassed():
            return _overdue(it)
        case _ if it.session.is_cancelling:
            return _judge_cancelling(it, report)
        case _:
            return _judge_running(it, report, before)


def _judge_running(it: Situation, report: Report, before: Session) -> Step:
    match report:
        case StateReported(state=state):
            return _follow(it, state)
        case DeviceRead(state=state):
            return _decide(it, state, before)
        case ResultReported(result=result):
            return _weigh(it, result)
        case UriAnswered(answer=answer, code=code):
            return _uri_answered(it, answer, code)
        case ImageUnavailable():
            return it.fail(UpdateResult.UPDATE_FAILED, Reason.IMAGE_UNAVAILABLE)
        case ExecuteAnswered(answer=answer, code=code):
            return _execute_answered(it, answer, code)
        case BytesServed():
            return _served(it)
        case _:
            return it.stay()


def _judge_cancelling(it: Situation, report: Report) -> Step:
    """Nothing is begun any more; every word of the device is checked by a reading."""
    match report:
        case DeviceRead():
            return decide_cancelling(it)
        case StateReported():
            return it.ask()
        case _:
            return it.stay()


def _judge_waiting(it: Situation, report: Report) -> Step:
    """Before the offer only our own reading counts; what a device tells is about something else."""
    match report:
        case PlaceGranted():
            return _start(it)
        case DeadlinePassed():
            return _waited(it)
        case Resumed():
            return Step(session=replace(it.session, is_checking=False))
        case ContactLost(reason=reason):
            return lose_contact(it, reason)
        case CancelRequested():
            return request_cancel(it)
        case DeviceRead():
            return decide_before_offer(it)
        case _:
            return it.stay()


def _start(it: Situation) -> Step:
    session = it.session
    if session.is_checking:
        return it.stay()
    started = replace(
        session,
        started_at=session.started_at or it.now,
        waiting_reason=None,
        deadline_at=it.now + it.profile.deadlines.answer,
        is_checking=True,
    )
    return Step(session=started, commands=(ObserveDevice(), ReadDevice()))


def _follow(it: Situation, state: int) -> Step:
    phase = it.session.phase
    match ON_STATE.get((phase, UpdateState(state))) if state in UpdateState else None:
        case Phase.STAGED:
            return it.execute()
        case None if (phase, state) in LOOK_AGAIN:
            return it.ask(after=it.profile.deadlines.settle)
        case None:
            return it.stay()
        case further:
            return it.enter(further)


def _decide(it: Situation, state: int | None, before: Session) -> Step:
    phase = it.session.phase
    if state is not None and (phase, state) in ON_STATE:
        return _follow(it, state)
    match phase:
        case Phase.OFFERED:
            return decide_offered(it)
        case Phase.TRANSFERRING:
            return decide_transferring(it, before)
        case Phase.STAGED:
            return decide_staged(it)
        case _:
            return decide_installing(it)


def _weigh(it: Situation, result: int) -> Step:
    session = it.session
    match session.phase:
        case Phase.TRANSFERRING if is_failure(result):
            return it.fail_as_reported()
        case Phase.OFFERED if is_failure(result) and session.is_uri_answered:
            return it.fail_as_reported()
        case Phase.OFFERED if is_failure(result):
            return (
                it.ask()
            )  # it overtook the answer to our write: an old one, or the refusal's cause
        case Phase.STAGED | Phase.INSTALLING if result != UpdateResult.DEFAULT:
            return it.ask()  # the version decides, whatever the result says
        case _:
            return it.stay()


def _uri_answered(it: Situation, answer: Answer, code: int | None) -> Step:
    if it.session.phase is not Phase.OFFERED:
        return Step(session=replace(it.session, is_uri_answered=True))
    match answer:
        case Answer.DONE:
            return Step(session=replace(it.session, is_uri_answered=True))
        case Answer.REFUSED:
            # The cause may be told as a result, just before or just after the refusal.
            return it.ask(
                after=it.profile.deadlines.settle, is_uri_answered=True, refusal_code=code
            )
        case _:
            return it.stay()


def _execute_answered(it: Situation, answer: Answer, code: int | None) -> Step:
    if it.session.phase is not Phase.STAGED:
        return it.stay()
    if answer is Answer.REFUSED:
        return it.ask(after=it.profile.deadlines.settle, refusal_code=code)
    return it.enter(Phase.INSTALLING)


def _served(it: Situation) -> Step:
    if it.session.phase in (Phase.OFFERED, Phase.TRANSFERRING):
        return it.enter(Phase.TRANSFERRING)
    return it.stay()


def _overdue(it: Situation) -> Step:
    session = it.session
    if session.is_held:
        return _in_vain(it)
    if session.is_cancelling:
        return it.cancel(Reason.CANCELLED_UNCONFIRMED)
    if session.is_overdue:
        return it.fail(*ON_SILENCE[session.phase])
    return it.ask(is_overdue=True, deadline_at=it.now + it.profile.deadlines.answer)


def _waited(it: Situation) -> Step:
    session = it.session
    if session.is_checking:
        return it.fail(UpdateResult.CONNECTION_LOST, Reason.NO_ANSWER)
    if session.waiting_reason is not WaitingReason.BACK_OFF:
        return _in_vain(it)
    queued = replace(
        session,
        waiting_reason=WaitingReason.QUEUE,
        deadline_at=it.now + it.profile.deadlines.waiting,
    )
    return Step(session=queued)


def _in_vain(it: Situation) -> Step:
    asleep = it.session.waiting_reason is WaitingReason.ASLEEP
    return it.fail(UpdateResult.CONNECTION_LOST, Reason.NEVER_WOKE if asleep else Reason.NEVER_CAME)
