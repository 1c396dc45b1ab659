"""The rules of an over-the-air update: a session and a report give a session and commands.

Time is an argument, nothing is awaited, nothing is sent. A report that means nothing in a phase
changes nothing: devices repeat themselves, and a result may come before its state.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from ..lwm2m.firmware_update import UpdateResult, UpdateState
from .command import ResetDevice
from .contact import (
    end_cancelling_in_vain,
    install_after_all,
    lose_contact,
    regain_contact,
    request_cancel,
)
from .decision import (
    decide_cancelling,
    decide_installing,
    decide_offered,
    decide_staged,
    decide_transferring,
    is_failure,
)
from .noting import is_outdated, may_be_stale, note
from .phase import Phase, Reason, WaitingReason
from .profile import Profile
from .proof import proof_of_success
from .report import (
    AllowanceSpent,
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
    OfferRefused,
    Report,
    ResultReported,
    Resumed,
    StateReported,
    UriAnswered,
    UriChosen,
)
from .session_state import Session
from .transition import Situation, Step
from .waiting import end_in_vain, judge_waiting

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
    it = Situation(session=note(session, report), now=now, profile=profile)
    if proof := proof_of_success(it.session, profile):
        return it.succeed(proof)
    if is_outdated(session, report):
        return it.stay()
    return _judge(it, report, before=session)


def _judge(it: Situation, report: Report, *, before: Session) -> Step:
    if it.session.phase is Phase.WAITING:
        return judge_waiting(it, report)
    match report:
        case ContactLost(reason=reason):
            return lose_contact(it, reason)
        case ContactRegained():
            return regain_contact(it)
        case Resumed():
            return regain_contact(it, is_resumed=True)
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
        case UriChosen():
            return _uri_chosen(it)
        case UriAnswered(answer=answer, code=code):
            return _uri_answered(it, answer, code)
        case OfferRefused():
            return it.fail(UpdateResult.UPDATE_FAILED, Reason.PREFLIGHT_REFUSED)
        case ImageUnavailable():
            return it.fail(UpdateResult.UPDATE_FAILED, Reason.IMAGE_UNAVAILABLE)
        case ExecuteAnswered(answer=answer, code=code):
            return _execute_answered(it, answer, code)
        case BytesServed():
            return _served(it)
        case AllowanceSpent():
            return _spent(it)
        case _:
            return it.stay()


def _judge_cancelling(it: Situation, report: Report) -> Step:
    """Nothing is begun any more; every word of the device is checked by a reading."""
    match report:
        case DeviceRead():
            return decide_cancelling(it)
        case StateReported(state=UpdateState.UPDATING):
            return install_after_all(it)
        case StateReported():
            return it.ask()
        case ExecuteAnswered(answer=Answer.DONE | Answer.UNKNOWN) if it.session.phase is (
            Phase.STAGED
        ):
            # It may have been heard; should no reading say otherwise, the device installs.
            return Step(session=replace(it.session, phase=Phase.INSTALLING))
        case _:
            return it.stay()


def _follow(it: Situation, state: int) -> Step:
    phase = it.session.phase
    match ON_STATE.get((phase, UpdateState(state))) if state in UpdateState else None:
        case Phase.STAGED:
            return it.execute()
        case None if (phase, state) in LOOK_AGAIN and not it.session.is_doubted:
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
        case Phase.OFFERED if is_failure(result) and not may_be_stale(session, result):
            return it.ask()  # it overtook the answer to our write; it may be the refusal's cause
        case Phase.STAGED | Phase.INSTALLING if (
            result != UpdateResult.DEFAULT and not session.is_doubted
        ):
            return it.ask()  # the version decides, whatever the result says
        case _:
            return it.stay()


def _uri_chosen(it: Situation) -> Step:
    """Begin the device's time: what came before, such as fetching the image, was ours."""
    if it.session.phase is not Phase.OFFERED or it.session.is_held:
        return it.stay()
    deadline_at = it.now + it.profile.deadlines.offered
    return Step(session=replace(it.session, deadline_at=deadline_at))


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


def _spent(it: Situation) -> Step:
    """A device that loads and loads never ends by itself; what it holds it has to drop."""
    if it.session.phase in (Phase.OFFERED, Phase.TRANSFERRING):
        return it.fail(UpdateResult.CONNECTION_LOST, Reason.DOWNLOAD_LIMIT, ResetDevice())
    return it.stay()


def _overdue(it: Situation) -> Step:
    session = it.session
    if session.is_cancelling:
        return end_cancelling_in_vain(it)
    if session.waiting_reason is WaitingReason.WINDOW:
        return regain_contact(it)  # it opens: the reading that follows leads to the Execute
    if session.is_held:
        return end_in_vain(it)
    if session.is_overdue:
        return it.fail(*ON_SILENCE[session.phase])
    return it.ask(is_overdue=True, deadline_at=it.now + it.profile.deadlines.answer)
