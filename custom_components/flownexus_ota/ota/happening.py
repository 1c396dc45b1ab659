"""What a step of a session is to people: eight things that can happen to an update."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..lwm2m.firmware_update import result_key
from .phase import Phase
from .session_state import Session


class Happening(StrEnum):
    """What is told of an update; the names of the event entity and of the bus event."""

    QUEUED = "queued"
    STARTED = "started"
    DOWNLOADED = "downloaded"
    INSTALLING = "installing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ARRIVED_LATE = "arrived_late"
    """After it had failed, the device came back on the target all the same (`design.md` D10)."""


# Whatever the phase was before. The device may skip phases, or tell of them too late to be seen.
ON_ENTRY: Final[Mapping[Phase, Happening]] = {
    Phase.WAITING: Happening.QUEUED,
    Phase.INSTALLING: Happening.INSTALLING,
    Phase.SUCCEEDED: Happening.SUCCEEDED,
    Phase.FAILED: Happening.FAILED,
    Phase.CANCELLED: Happening.CANCELLED,
}


def happening_of(before: Session | None, after: Session) -> Happening | None:
    """Return what a step is, or `None` for one that only the rules care about.

    `before` is `None` for a session that was just asked for. Another attempt is queued and started
    anew; the same URI or Execute sent once more is nothing new.
    """
    if before is None:
        return Happening.QUEUED
    match before.phase, after.phase:
        case left, entered if left is entered:
            return None
        case Phase.WAITING, Phase.OFFERED:
            return Happening.STARTED
        case ((Phase.OFFERED | Phase.TRANSFERRING), Phase.STAGED):
            return Happening.DOWNLOADED
        case _:
            return ON_ENTRY.get(after.phase)


@dataclass(frozen=True, kw_only=True, slots=True)
class Details:
    """What is told with a happening."""

    from_version: str | None
    target_version: str
    reported_version: str | None
    result: str
    """A key: `no_storage`; `default` until the session has ended."""
    reason: str | None
    attempt: int
    duration_seconds: int | None
    """From the start of the first attempt to the end; `None` before, or when it never started."""


def details_of(session: Session) -> Details:
    """Return what is told of a session, wherever it stands."""
    duration_seconds = None
    if session.started_at is not None and session.finished_at is not None:
        # A clock that was set back while we were away makes it no less than nothing.
        duration_seconds = max(0, int((session.finished_at - session.started_at).total_seconds()))
    return Details(
        from_version=session.from_version,
        target_version=session.target.version,
        reported_version=session.reported_version,
        result=result_key(session.result),
        reason=session.reason,
        attempt=session.attempt,
        duration_seconds=duration_seconds,
    )
