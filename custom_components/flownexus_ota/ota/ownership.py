"""Whose update a device is busy with: ours, or somebody else's."""

from datetime import datetime, timedelta
from typing import Final

from ..lwm2m.firmware_update import UpdateState
from .phase import Phase, Reason
from .session_state import Session
from .version import is_same_version

BUSY: Final = frozenset({UpdateState.DOWNLOADING, UpdateState.DOWNLOADED, UpdateState.UPDATING})

# A device may tell of its old state for a while after its new version has proved our success.
SETTLES_WITHIN: Final = timedelta(minutes=15)


def may_hold_image_of(session: Session | None) -> bool:
    """Tell whether a device may still hold an image that an ended session has offered."""
    if session is None or session.phase is Phase.SUCCEEDED:
        return False
    if session.reason is Reason.FOREIGN_UPDATE:
        return False  # it looked, and what it found was not ours
    return session.offer_count > 0 or session.attempt > 1 or session.may_reset


def is_foreign(state: int | None, last_session: Session | None, *, now: datetime) -> bool:
    """Tell whether a device without an active session is busy with somebody else's update."""
    if state not in BUSY or may_hold_image_of(last_session):
        return False
    ended_at = None if last_session is None else last_session.finished_at
    is_settling = (
        last_session is not None
        and last_session.phase is Phase.SUCCEEDED
        and ended_at is not None
        and now - ended_at < SETTLES_WITHIN
    )
    return not is_settling


def runs_target_of(session: Session, version: str | None) -> bool:
    """Tell whether a version is the one that an ended session aimed at."""
    return version is not None and is_same_version(version, session.target.expected_version)
