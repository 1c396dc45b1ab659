"""Updates as the answer of an action: plain values, without tokens and what they are made of."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from .lwm2m.firmware_update import result_key
from .ota.happening import details_of
from .ota.session_state import Session
from .storage.records import SessionEvent

type Answer = dict[str, Any]


def update_answer(
    session: Session, *, device_id: str | None, events: Iterable[SessionEvent] | None
) -> Answer:
    """Return one update; with its events unless they are `None`. Times are ISO 8601, UTC."""
    answer: Answer = {
        "config_entry_id": session.server_id,
        "device_id": device_id,
        "endpoint": session.endpoint,
        "from_version": session.from_version,
        "target_version": session.target.version,
        "reported_version": session.reported_version,
        "file_name": session.target.file_name,
        "image_sha256": session.target.sha256,
        "phase": session.phase.value,
        "waiting_reason": session.waiting_reason,
        "device_state": session.device_state,
        "device_result": session.device_result,
        "result": result_key(session.result),
        "reason": session.reason,
        "evidence": session.evidence,
        "attempt": session.attempt,
        "asked_by": session.asked_by,
        "created_at": _time(session.created_at),
        "started_at": _time(session.started_at),
        "finished_at": _time(session.finished_at),
        "deadline_at": _time(session.deadline_at),
        "duration_seconds": details_of(session).duration_seconds,
    }
    if events is not None:
        answer["events"] = [_event_answer(event) for event in events]
    return answer


def _event_answer(event: SessionEvent) -> Answer:
    return {
        "at": _time(event.at),
        "phase": event.phase.value,
        "waiting_reason": event.waiting_reason,
        "device_state": event.device_state,
        "device_result": event.device_result,
        "result": result_key(event.result),
        "reason": event.reason,
        "attempt": event.attempt,
        "evidence": event.evidence,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
