"""What a reading of the device means, phase by phase."""

from dataclasses import replace
from typing import Final

from ..lwm2m.firmware_update import UpdateResult, UpdateState
from .command import ReadDevice, ResetDevice
from .phase import Phase, Reason
from .session_state import Session
from .transition import Situation, Step
from .version import is_same_version

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
            # Too late: it installs already, and nothing stops that.
            return Situation(
                session=replace(session, is_cancelling=False), now=it.now, profile=it.profile
            ).enter(Phase.INSTALLING)
        case UpdateState.DOWNLOADING | UpdateState.DOWNLOADED:
            # It may need a moment to notice that its URL is gone.
            return it.ask(after=it.profile.deadlines.settle)
        case _:
            return it.cancel(Reason.CANCELLED_BY_USER)


def decide_before_offer(it: Situation) -> Step:
    """Judge the reading made before anything is written."""
    session = it.session
    if not session.is_checking:
        return it.stay()
    version, state = session.reported_version, session.device_state
    if version is not None and is_same_version(version, session.target.version):
        return it.succeed(Reason.ALREADY_INSTALLED)
    if state is None or state == UpdateState.IDLE:
        return it.offer()
    if session.may_reset and state != UpdateState.UPDATING:
        reset = replace(session, may_reset=False)
        return Step(session=reset, commands=(ResetDevice(), ReadDevice()))
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
            if session.device_result == UpdateResult.DEFERRED and not session.is_overdue:
                return Step(session=replace(session, is_checking=False))
            return it.execute_again(Reason.EXECUTE_IGNORED)
        case _:
            return decide_idle_after_execute(it)


def decide_idle_after_execute(it: Situation) -> Step:
    """The device is idle after our Execute, on a version that is not the target."""
    session = it.session
    if is_failure(session.device_result):
        return it.fail_as_reported()
    if session.execute_count == 0 and not session.is_overdue:
        return it.offer_again(Reason.TRANSFER_STALLED)
    claims_success = session.device_result == UpdateResult.SUCCESS
    if not (claims_success or session.is_registered_anew or session.is_overdue):
        return it.stay()
    if session.is_doubted or session.is_overdue:
        reason = Reason.WRONG_VERSION if claims_success else Reason.NOT_INSTALLED
        return it.fail(UpdateResult.UPDATE_FAILED, reason)
    return it.ask(after=it.profile.deadlines.reread, is_doubted=True)
