"""What a reading of the device means, phase by phase."""

from dataclasses import replace
from typing import Final

from ..lwm2m.firmware_update import UpdateResult, UpdateState
from .command import ReadDevice, ResetDevice
from .contact import install_after_all
from .phase import Reason
from .proof import proof_before_offer
from .session_state import Session
from .transition import Situation, Step

# Every other number, also one that nobody defined, says that the update failed.
NOT_A_FAILURE: Final = frozenset(
    {None, UpdateResult.DEFAULT, UpdateResult.SUCCESS, UpdateResult.DEFERRED}
)


def is_failure(result: int | None) -> bool:
    """Tell whether a raw 5/x/5 says that the update failed, or was cancelled."""
    return result not in NOT_A_FAILURE


def decide_cancelling(it: Situation) -> Step:
    """The device was told to drop the image, and tells whether it has."""
    session = it.session
    match session.device_state:
        case UpdateState.UPDATING:
            return install_after_all(it)
        case UpdateState.IDLE:
            return it.cancel(Reason.CANCELLED_BY_USER)
        case _:
            # It may need a moment to notice that its URL is gone.
            return it.ask(after=it.profile.deadlines.settle)


def decide_before_offer(it: Situation) -> Step:
    """Judge the reading made before anything is written."""
    session = it.session
    if not session.is_checking:
        return it.stay()
    if proof := proof_before_offer(session):
        return it.succeed(proof)
    state = session.device_state
    if state is None or state == UpdateState.IDLE:
        return it.offer()
    if session.may_reset and state != UpdateState.UPDATING:
        number = session.reading_number + 1
        reset = replace(session, may_reset=False, reading_number=number)
        return Step(session=reset, commands=(ResetDevice(), ReadDevice(number=number)))
    return it.fail(UpdateResult.CONFLICTING_STATE, Reason.FOREIGN_UPDATE)


def decide_offered(it: Situation) -> Step:
    """The device is still idle, as far as it says."""
    session = it.session
    if not session.is_checking:
        return it.stay()
    if is_failure(session.device_result):
        return it.fail_as_reported()
    if session.refusal_code is not None:
        return it.fail(UpdateResult.UPDATE_FAILED, Reason.URI_REFUSED)
    return it.offer_again(Reason.OFFER_IGNORED)


def decide_transferring(it: Situation, before: Session) -> Step:
    """The device downloads, or says that it no longer does."""
    session = it.session
    if session.device_state == UpdateState.DOWNLOADING:
        if session.is_overdue:
            return it.fail(UpdateResult.CONNECTION_LOST, Reason.TRANSFER_STALLED, ResetDevice())
        return Step(session=replace(session, is_checking=False))
    if is_failure(session.device_result):
        return it.fail_as_reported()
    if session.device_state != UpdateState.IDLE and not session.is_overdue:
        return it.stay()  # no state, or one that nobody defined: the next reading decides
    if session.is_checking:
        return it.offer_again(Reason.TRANSFER_STALLED)
    if before.device_state == UpdateState.DOWNLOADING:
        return it.ask(after=it.profile.deadlines.settle)
    return it.stay()  # it has yet to say that it downloads, while bytes are leaving


def decide_staged(it: Situation) -> Step:
    """The image is on the device, and our Execute has no answer yet."""
    session = it.session
    if session.device_state == UpdateState.IDLE:
        return decide_idle_after_execute(it)
    if is_failure(session.device_result):
        return it.fail_as_reported()
    if not session.is_checking:
        return it.stay()
    if session.device_state != UpdateState.DOWNLOADED:
        if session.is_overdue:
            return it.fail(UpdateResult.UPDATE_FAILED, Reason.NOT_INSTALLED)
        return it.stay()
    if session.device_result == UpdateResult.DEFERRED:
        return it.defer()  # it has heard the Execute
    refused = session.refusal_code is not None
    return it.execute_again(Reason.EXECUTE_REFUSED if refused else Reason.EXECUTE_IGNORED)


def decide_installing(it: Situation) -> Step:
    """The device installs, has come back, or never began."""
    session = it.session
    match session.device_state:
        case UpdateState.UPDATING | UpdateState.DOWNLOADING:
            if session.is_overdue:
                return it.fail(UpdateResult.UPDATE_FAILED, Reason.DID_NOT_COME_BACK)
            return Step(session=replace(session, is_checking=False))
        case UpdateState.DOWNLOADED:
            if is_failure(session.device_result):
                return it.fail_as_reported()
            if session.device_result == UpdateResult.DEFERRED:
                return _decide_deferred(it)
            return it.execute_again(Reason.EXECUTE_IGNORED)
        case _:
            return decide_idle_after_execute(it)


def decide_idle_after_execute(it: Situation) -> Step:
    """The device is idle after our Execute, on a version that is not the target."""
    session = it.session
    if is_failure(session.device_result):
        return it.fail_as_reported()
    claims_success = session.device_result == UpdateResult.SUCCESS
    if session.execute_count == 0 and session.is_doubted and not claims_success:
        return it.offer_again(Reason.TRANSFER_STALLED)  # it began by itself, and fell back
    if not (
        session.execute_count == 0
        or claims_success
        or session.is_registered_anew
        or session.is_overdue
    ):
        return it.stay()
    if session.is_doubted or session.is_overdue:
        reason = Reason.WRONG_VERSION if claims_success else Reason.NOT_INSTALLED
        return it.fail(UpdateResult.UPDATE_FAILED, reason)
    # A reading that is asked for already would come too early.
    return it.ask(
        after=it.profile.deadlines.reread,
        is_doubted=True,
        reading_number=session.reading_number + 1,
    )


def _decide_deferred(it: Situation) -> Step:
    """Somebody at the device put the installation off: wait, then remind it, but not for ever."""
    session = it.session
    if not session.is_deferred:
        return it.defer()
    if not session.is_overdue:
        return Step(session=replace(session, is_checking=False))
    if session.execute_count < it.profile.max_executes:
        return it.execute()
    return it.fail(UpdateResult.DEFERRED, Reason.DEVICE_REPORTED)
