"""Remembering what a device said, before anybody judges it."""

from dataclasses import replace

from ..lwm2m.firmware_update import UpdateResult
from .phase import Phase
from .report import (
    DeviceRead,
    Report,
    ResultReported,
    StateReported,
    UriChosen,
    VersionReported,
)
from .session_state import Session


def is_outdated(session: Session, report: Report) -> bool:
    """Tell whether a reading began before the last thing that could change its answer."""
    return (
        isinstance(report, DeviceRead)
        and report.number is not None
        and report.number < session.reading_number
    )


def note(session: Session, report: Report) -> Session:
    """Return the session with what `report` tells; nothing follows from it yet."""
    match report:
        case StateReported(state=state) if session.phase is not Phase.WAITING:
            return replace(session, device_state=state)
        case ResultReported(result=result) if session.phase is not Phase.WAITING:
            return session if may_be_stale(session, result) else _with_result(session, result)
        case VersionReported(version=version):
            return replace(session, reported_version=version)
        case UriChosen(scheme=scheme, other_schemes=other_schemes):
            return replace(session, scheme=scheme, other_schemes=other_schemes)
        case DeviceRead() if is_outdated(session, report):
            return _with_version(session, report.version)
        case DeviceRead() if session.phase is Phase.WAITING:
            return _before_offer(session, report)
        case DeviceRead(state=state, result=result, version=version, defer_seconds=defer_seconds):
            noted = replace(
                _with_version(session, version), device_state=state, defer_seconds=defer_seconds
            )
            if session.device_result is None and result == session.result_before_offer:
                return noted  # it may be the last update's; only a change is evidence
            return _with_result(noted, result)
        case _:
            return session


def may_be_stale(session: Session, result: int) -> bool:
    """Tell whether a result may be the last update's: told before our write was answered."""
    return (
        session.phase is Phase.OFFERED
        and not session.is_uri_answered
        and session.device_result is None
        and session.result_before_offer == result
    )


def _before_offer(session: Session, read: DeviceRead) -> Session:
    noted = replace(_with_version(session, read.version), device_state=read.state)
    # A later attempt still counts from what ran before the first one.
    is_first = session.attempt == 1 or session.from_version is None
    return replace(
        noted,
        result_before_offer=session.device_result if read.result is None else read.result,
        from_version=noted.reported_version if is_first else session.from_version,
    )


def _with_version(session: Session, version: str | None) -> Session:
    return session if version is None else replace(session, reported_version=version)


def _with_result(session: Session, result: int | None) -> Session:
    noted = replace(session, device_result=result)
    if session.execute_count and result not in (None, UpdateResult.SUCCESS):
        # Whoever tells another result after our Execute tells a fresh success later.
        return replace(noted, result_before_execute=result)
    return noted
