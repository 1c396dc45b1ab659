"""What proves that a device runs the image it was sent (`design.md` D8)."""

from ..lwm2m.firmware_update import UpdateResult
from .phase import Phase, Reason
from .profile import Confirm, Profile
from .session_state import Session
from .version import is_same_version


def runs_target(session: Session) -> bool:
    """Tell whether the version reported last is the one this session aims at."""
    reported = session.reported_version
    return reported is not None and is_same_version(reported, session.target.expected_version)


def proof_of_success(session: Session, profile: Profile) -> Reason | None:
    """Return what proves success by now, or `None`.

    A version proves when it differs from the one before: before our Execute, or before the offer
    with clients that install by themselves. A result proves only after our Execute, and only where
    the version cannot, or where the profile says so.
    """
    if session.phase in (Phase.WAITING, *FINAL):
        return None
    before = session.version_before_execute if session.execute_count else session.from_version
    if runs_target(session) and not _is_expected(session, before):
        return Reason.VERSION_PROVED if session.execute_count else Reason.INSTALLED_BY_ITSELF
    if _result_is_fresh_success(session) and (
        profile.confirm is Confirm.RESULT or not _version_can_prove(session)
    ):
        return Reason.RESULT_PROVED
    return None


FINAL = (Phase.SUCCEEDED, Phase.FAILED, Phase.CANCELLED)


def _is_expected(session: Session, version: str | None) -> bool:
    return version is not None and is_same_version(version, session.target.expected_version)


def _version_can_prove(session: Session) -> bool:
    """A version that is silent, or was right before the Execute, tells nothing after it."""
    return session.reported_version is not None and not _is_expected(
        session, session.version_before_execute
    )


def _result_is_fresh_success(session: Session) -> bool:
    # A device that never cleared an old 1 would otherwise succeed by its last update.
    return (
        session.execute_count > 0
        and session.device_result == UpdateResult.SUCCESS
        and session.result_before_execute != UpdateResult.SUCCESS
    )
