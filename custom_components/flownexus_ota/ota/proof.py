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
    if session.execute_count:
        if runs_target(session) and not _is_expected(session, session.version_before_execute):
            return Reason.VERSION_PROVED
    elif runs_target(session) and _ran_another_before(session):
        return Reason.INSTALLED_BY_ITSELF
    if _result_is_fresh_success(session) and (
        profile.confirm is Confirm.RESULT or not _version_can_prove(session)
    ):
        return Reason.RESULT_PROVED
    return None


def proof_before_offer(session: Session) -> Reason | None:
    """Return what proves, before anything is written, that nothing need be; or `None`."""
    version, target = session.reported_version, session.target
    if session.attempt > 1 and runs_target(session) and _ran_another_before(session):
        return Reason.VERSION_PROVED  # an earlier attempt has come to its end after all
    if version is None or not is_same_version(target.version, target.expected_version):
        return None  # what it reports does not tell this image from others
    return Reason.ALREADY_INSTALLED if runs_target(session) else None


FINAL = (Phase.SUCCEEDED, Phase.FAILED, Phase.CANCELLED)


def _ran_another_before(session: Session) -> bool:
    return session.from_version is not None and not _is_expected(session, session.from_version)


def _is_expected(session: Session, version: str | None) -> bool:
    return version is not None and is_same_version(version, session.target.expected_version)


def _version_can_prove(session: Session) -> bool:
    """A version that is silent, or was right before the Execute, tells nothing after it."""
    return session.reported_version is not None and not _is_expected(
        session, session.version_before_execute
    )


def _result_is_fresh_success(session: Session) -> bool:
    # A device that never cleared an old 1 would otherwise succeed by its last update; so would one
    # whose result could not be read before.
    return (
        session.execute_count > 0
        and session.device_result == UpdateResult.SUCCESS
        and session.result_before_execute not in (None, UpdateResult.SUCCESS)
    )
